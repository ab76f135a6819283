// Package compose_test holds every compose.yaml of the project against the schema
// and the rules of Compose. It is a module of its own, so that the gateway does not
// depend on what it takes to read these files.
package compose_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const deploy = "../../deploy"

func load(ctx context.Context, path string) (*types.Project, error) {
	// No variables of this machine: the defaults in the file must be enough.
	options, err := cli.NewProjectOptions([]string{path}, cli.WithInterpolation(true), cli.WithResolvedPaths(true))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}

func files(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(deploy, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "compose.yaml" {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no compose.yaml under %s", deploy)
	}
	return found
}

func TestComposeFilesAreValid(t *testing.T) {
	t.Parallel()
	for _, path := range files(t) {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			project, err := load(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			for _, service := range project.Services {
				for _, volume := range service.Volumes {
					if volume.Type != types.VolumeTypeBind {
						continue
					}
					if _, err := os.Stat(volume.Source); err != nil {
						t.Errorf("service %s mounts what is not there: %v", service.Name, err)
					}
				}
			}
		})
	}
}

// TestInvalidFilesAreRefused: a check that never fails is none.
func TestInvalidFilesAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text string }{
		{name: "unknown_key", text: "name: x\nservices: {a: {image: b, prots: [1]}}"},
		{name: "unknown_dependency", text: "name: x\nservices: {a: {image: b, depends_on: [c]}}"},
		{name: "undeclared_volume", text: "name: x\nservices: {a: {image: b, volumes: ['data:/v']}}"},
		{name: "not_yaml", text: "services: ["},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "compose.yaml")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := load(t.Context(), path); err == nil {
				t.Errorf("loaded without an error:\n%s", strings.TrimSpace(tt.text))
			}
		})
	}
}
