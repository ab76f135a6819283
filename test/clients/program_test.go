package clients

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// program is a client's program, which a test runs.
type program struct {
	name string
	// part is what scripts/setup brings; without it the program is not run.
	part    string
	command []string
	errors  errors
}

func python(major, version string) program {
	venv := ".venv" + major
	return program{
		name:    "python-" + version,
		part:    filepath.Join(venv, "lib", "python*", "site-packages", "elasticsearch-"+version+".dist-info"),
		command: []string{filepath.Join(venv, "bin", "python"), "client.py"},
		errors: errors{
			badRequest: "BadRequestError", unauthenticated: "AuthenticationException", forbidden: "AuthorizationException",
			notFound: "NotFoundError", unavailable: "ApiError",
		},
	}
}

func javascript(alias, version string) program {
	const raised = "ResponseError" // for all of them
	return program{
		name:    "javascript-" + version,
		part:    filepath.Join("node_modules", alias, "package.json"),
		command: []string{"node", "client.js", alias},
		errors:  errors{badRequest: raised, unauthenticated: raised, forbidden: raised, notFound: raised, unavailable: raised},
	}
}

// run runs the program to its end and returns what it has seen. The secrets that it
// was given by Elasticsearch are noted: nobody may find them in what the suite puts out.
func (p program) run(t *testing.T, g *gatewaytest.Gateway, told any, args ...string) map[string]any {
	t.Helper()
	if there, err := filepath.Glob(p.part); err != nil || len(there) == 0 {
		t.Skipf("%s is not installed: run scripts/setup", p.name)
	}
	input, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	var complaints bytes.Buffer
	cmd := exec.CommandContext(t.Context(), p.command[0], append(p.command[1:], args...)...)
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
