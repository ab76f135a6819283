package clients

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// program is a client's program, which a test runs.
type program struct {
	name string
	// installed reports whether scripts/setup has brought what the program needs.
	installed func(t *testing.T) bool
	command   func(t *testing.T) []string
	errors    errors
	// retries429: the client tries again on 429, as all do on 502, 503 and 504.
	retries429 bool
}

func python(major, version, script string) program {
	venv := ".venv" + major
	return program{
		name: "python-" + version,
		installed: func(*testing.T) bool {
			there, _ := filepath.Glob(filepath.Join(venv, "lib", "python*", "site-packages", "elasticsearch-"+version+".dist-info"))
			return len(there) == 1
		},
		command: func(*testing.T) []string { return []string{filepath.Join(venv, "bin", "python"), script} },
		errors: errors{
			badRequest: "BadRequestError", unauthenticated: "AuthenticationException", forbidden: "AuthorizationException",
			notFound: "NotFoundError", other: "ApiError",
		},
		retries429: true,
	}
}

func javascript(major, version string) program {
	alias := "es" + major
	return program{
		name: "javascript-" + version,
		installed: func(*testing.T) bool {
			there, err := os.ReadFile(filepath.Join("node_modules", alias, "package.json"))
			return err == nil && strings.Contains(string(there), `"version": "`+version+`"`)
		},
		command: func(*testing.T) []string { return []string{"node", "client.js", alias} },
		errors:  always("ResponseError"),
	}
}

func golang(major, version string) program {
	tags := "-tags=es" + major
	return program{
		name: "go-" + version,
		installed: func(t *testing.T) bool { // without asking anybody
			list := exec.CommandContext(t.Context(), "go", "list", tags, "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", ".")
			list.Dir, list.Env = "goclient", append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly")
			modules, err := list.Output()
			return err == nil && strings.Contains(string(modules), "/go-elasticsearch/v"+major+" v"+version+"\n")
		},
		command: func(t *testing.T) []string {
			binary := filepath.Join(t.TempDir(), "goclient")
			build := exec.CommandContext(t.Context(), "go", "build", tags, "-o", binary, ".")
			build.Dir = "goclient"
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("go build: %v\n%s", err, out)
			}
			return []string{binary}
		},
		errors: always("IsError"), // what its answers are asked
	}
}

// always is for a client with one error for everything.
func always(raised string) errors {
	return errors{badRequest: raised, unauthenticated: raised, forbidden: raised, notFound: raised, other: raised}
}

// run runs the program to its end and returns what it has seen. The secrets that it
// was given by Elasticsearch are noted: nobody may find them in what the suite puts out.
func (p program) run(t *testing.T, g *gatewaytest.Gateway, told any) map[string]any {
	t.Helper()
	if !p.installed(t) {
		t.Skipf("%s is not installed: run scripts/setup", p.name)
	}
	input, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	var complaints bytes.Buffer
	command := p.command(t)
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &complaints
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", p.name, err, complaints.String())
	}
	var said struct {
		Seen    map[string]any
		Secrets []string
	}
	if err := json.Unmarshal(output, &said); err != nil {
		t.Fatalf("%s does not speak JSON: %v\n%s", p.name, err, complaints.String())
	}
	for _, secret := range said.Secrets {
		g.Secret(secret)
	}
	return said.Seen
}
