package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/plugins"
)

// FuzzLoad: whatever stands in the file, loading ends with a Ready or with
// Errors, each on a line of its own with the file's or a variable's name.
func FuzzLoad(f *testing.F) {
	f.Add(good, "https://sso.example.com")
	for _, c := range oneMistake() {
		f.Add(strings.Replace(good+c.add, c.old, c.new, 1), "")
	}
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), ":8443")
	}
	dir := house(f)
	f.Fuzz(func(t *testing.T, text, variable string) {
		path := filepath.Join(t.TempDir(), "gateway.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		env := []string{"ESGATEWAY_SESSIONS_KEYS_FILE=" + filepath.Join(dir, "keys"), "ESGATEWAY_LISTEN_ADDRESS=" + variable}
		ready, err := config.Load(path, env, plugins.Plugins())
		if err == nil {
			if ready.Public == nil || ready.Keys == nil || len(ready.Methods) == 0 || ready.OpenStore == nil || len(ready.Hosts) == 0 {
				t.Errorf("not ready: %+v", ready)
			}
			return
		}
		all, ok := errors.AsType[config.Errors](err)
		if !ok || len(all) == 0 || ready != nil {
			t.Fatalf("got %v, %v", ready, err)
		}
		for _, one := range all {
			if one.Wrong == "" || (one.File != path && !strings.HasPrefix(one.File, "ESGATEWAY_")) || strings.Contains(one.Error(), "\n") {
				t.Errorf("a mistake that says too little or too much: %q", one.Error())
			}
		}
	})
}
