package clients

import (
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
		copied      func(t *testing.T, p program, text string) *exec.Cmd
		prints      []string // of its blocks, in their order
	}{
		{"python", "python", python("9", "9.5.1", "-"), interpreted, []string{"0", "api_key"}},
		{"javascript", "js", javascript("9", "9.4.3"), interpreted, []string{"0"}},
		{"go", "go", golang("9", "9.5.2"), compiled, []string{"0"}},
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
				cmd := language.copied(t, language.client, block[1])
				cmd.Env = append(os.Environ(), "ES_URL="+told.URL, "BEARER="+told.Bearer)
				out, err := cmd.CombinedOutput()
				if got := strings.TrimSpace(string(out)); err != nil || got != language.prints[i] {
					t.Errorf("block %d printed %q (%v), want %q", i, got, err, language.prints[i])
				}
			}
		})
	}
}

// interpreted is a program that somebody has copied: interpreters read it from the
// standard input, and find modules from here.
func interpreted(t *testing.T, p program, text string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.command(t)[0], "-")
	cmd.Stdin = strings.NewReader(strings.ReplaceAll(text, "@elastic/elasticsearch", "es9")) // as package.json calls it
	return cmd
}

// compiled is a part of a program that somebody has copied into their own, which has the
// modules of goclient.
func compiled(t *testing.T, _ program, text string) *exec.Cmd {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(strings.Replace(around, "// COPIED\n", text, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), "go", "run", "-C", "goclient", file)
}

// around is what the part is copied into. Its client is the transport of the real one,
// whose typed API would take several times as long to compile.
const around = `package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v9/esapi"
)

func main() {
	address, err := url.Parse(os.Getenv("ES_URL"))
	must(err)
	client, err := elastictransport.New(elastictransport.Config{URLs: []*url.URL{address}})
	must(err)
	ctx, bearer := context.Background(), os.Getenv("BEARER")
// COPIED
	must(err)
	defer response.Body.Close()
	var found struct{ Hits struct{ Total struct{ Value *int } } }
	must(json.NewDecoder(response.Body).Decode(&found))
	fmt.Println(*found.Hits.Total.Value)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
`
