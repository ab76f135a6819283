package redis_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

const (
	stop = syscall.SIGSTOP
	goOn = syscall.SIGCONT
)

func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
