package clients

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestExamplesOfTheDocument runs the programs of docs/clients.md with the newer clients.
func TestExamplesOfTheDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "clients.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, told := start(t, "9.5.0")
	for _, language := range []struct {
		name, fence string
		client      program
		prints      []string // of its blocks, in their order
	}{
		{"python", "python", python("9", "9.5.1", "-"), []string{"0", "api_key"}},
		{"javascript", "js", javascript("9", "9.4.3"), []string{"0"}},
	} {
		t.Run(language.name, func(t *testing.T) {
			if !language.client.installed(t) {
				t.Skipf("%s is not installed: run scripts/setup", language.client.name)
			}
			blocks := regexp.MustCompile("(?s)```"+language.fence+"\n(.*?)```").FindAllStringSubmatch(string(text), -1)
			if len(blocks) != len(language.prints) {
				t.Fatalf("%d blocks, want %d", len(blocks), len(language.prints))
			}
			for i, block := range blocks {
				cmd := reader(t.Context(), language.client.command(t)[0], block[1], told)
				out, err := cmd.CombinedOutput()
				if got := strings.TrimSpace(string(out)); err != nil || got != language.prints[i] {
					t.Errorf("block %d printed %q (%v), want %q", i, got, err, language.prints[i])
				}
			}
		})
	}
}

// reader is somebody who has copied a program: interpreters read it from the standard
// input, and find modules from here.
func reader(ctx context.Context, interpreter, text string, told given) *exec.Cmd {
	cmd := exec.CommandContext(ctx, interpreter, "-")
	cmd.Stdin = strings.NewReader(strings.ReplaceAll(text, "@elastic/elasticsearch", "es9")) // as package.json calls it
	cmd.Env = append(os.Environ(), "ES_URL="+told.URL, "BEARER="+told.Bearer)
	return cmd
}
