// Package readme_test holds the documents to what they say: the README's commands run
// in a fresh clone, its links lead somewhere, its configuration is one, and the list of
// dependencies is that of go.mod.
package readme_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// TestDependenciesAreExplained compares go.mod's requirements with the rows of the
// document. A module counts as ours when a package of ours imports it: go.mod's own
// "// indirect" marks follow go mod tidy, which is not run at every step.
func TestDependenciesAreExplained(t *testing.T) {
	t.Parallel()
	root := parts.Root(t)
	required := requirements(t, root)
	imported := importedModules(t, root, required)

	explained := map[string]bool{}
	row := regexp.MustCompile(`(?m)^\| ([a-z0-9.]+/\S+) \|`)
	for _, m := range row.FindAllStringSubmatch(read(t, root, "docs/dependencies.md"), -1) {
		explained[m[1]] = true
	}
	// Modules of their own, so that the gateway does not depend on what they need.
	for _, dir := range []string{"test/compose", "test/clients/goclient"} {
		for module, direct := range requirements(t, filepath.Join(root, dir)) {
			if direct {
				imported[module] = true
			}
		}
	}
	for module := range imported {
		if !explained[module] {
			t.Errorf("docs/dependencies.md has no row for %s: what for, what writing it would cost, who maintains it", module)
		}
	}
	for module := range explained {
		if !imported[module] {
			t.Errorf("docs/dependencies.md explains %s, which nothing imports", module)
		}
	}
	for module, direct := range required {
		if direct && !imported[module] {
			t.Errorf("go.mod requires %s directly, and nothing imports it", module)
		}
		if !direct && imported[module] {
			t.Errorf("go.mod marks %s as indirect, but we import it: run go mod tidy", module)
		}
	}
}

// requirements gives go.mod's modules and whether each is a direct one.
func requirements(t *testing.T, root string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	line := regexp.MustCompile(`(?m)^(?:require)?\s+([a-zA-Z0-9.]+\.[a-z]+/\S+) v\S+( // indirect)?$`)
	for _, m := range line.FindAllStringSubmatch(read(t, root, "go.mod"), -1) {
		found[m[1]] = m[2] == ""
	}
	if len(found) == 0 {
		t.Fatal("no requirements found in go.mod")
	}
	return found
}

// importedModules are those that some Go file of ours imports.
func importedModules(t *testing.T, root string, required map[string]bool) map[string]bool {
	t.Helper()
	imported := map[string]bool{}
	spec := regexp.MustCompile(`(?m)^(?:import)?\s+(?:[\w.]+ )?"([a-z0-9.]+\.[a-z]+/[^"]+)"$`)
	walk(t, root, ".go", func(path, content string) {
		for _, m := range spec.FindAllStringSubmatch(content, -1) {
			longest := ""
			for module := range required {
				if (m[1] == module || strings.HasPrefix(m[1], module+"/")) && len(module) > len(longest) {
					longest = module
				}
			}
			if longest != "" {
				imported[longest] = true
			}
		}
	})
	return imported
}

// TestGatewayIsLean: what is for the demo and for tests only is not in the gateway.
func TestGatewayIsLean(t *testing.T) {
	t.Parallel()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "./cmd/gateway")
	list.Dir = parts.Root(t)
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		for _, unwanted := range []string{"/standin", "crewjam/saml", "goxmldsig", "clockwork", "chromedp"} {
			if line = strings.TrimSpace(line); line == "testing" || strings.Contains(line, unwanted) {
				t.Errorf("the gateway links %s", line)
			}
		}
	}
}

// TestRoleIsThatOfTheDemo: the README's role is enough, because the demo and the
// end-to-end tests work with exactly it.
func TestRoleIsThatOfTheDemo(t *testing.T) {
	t.Parallel()
	root := parts.Root(t)
	role := regexp.MustCompile(`(?s)esgateway:\n  cluster:\n(.*?)` + "```").FindStringSubmatch(read(t, root, "README.md"))
	if role == nil {
		t.Fatal("the README has no role")
	}
	people := read(t, root, "cmd/demo/people.go")
	for _, m := range regexp.MustCompile(`(?m)^    - (\S+)$`).FindAllStringSubmatch(role[1], -1) {
		if !strings.Contains(people, `"`+m[1]+`"`) {
			t.Errorf("the README's role has %s, the demo's has not", m[1])
		}
	}
	if n, want := strings.Count(role[1], "    - "), 5; n != want {
		t.Errorf("the README's role has %d privileges, want %d", n, want)
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	root := parts.Root(t)
	link := regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)
	walk(t, root, ".md", func(path, content string) {
		for _, m := range link.FindAllStringSubmatch(content, -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
			}
		}
	})
}

// walk reads every file of the project with this ending.
func walk(t *testing.T, root, ending string, visit func(path, content string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".venv") || entry.Name() == "artifacts" || entry.Name() == ".demo") {
			return filepath.SkipDir
		}
		if !entry.IsDir() && filepath.Ext(path) == ending {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			visit(path, string(content))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, root, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
