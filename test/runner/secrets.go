package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// secretsFile is where a test leaves the secrets that it has used, one a line:
//
//	filepath.Join(t.ArtifactDir(), "secrets.txt")
const secretsFile = "secrets.txt"

// shortest is what a line of a secretsFile must have: a shorter text turns up by chance.
const shortest = 12

// searchForSecrets looks for every secret that the suite has used in every file
// that the suite has left: what the tests printed, what the gateways they started
// logged, the pages they saved.
func (t *tally) searchForSecrets(artifacts string) {
	const name = "no secret in anything the suite has put out"
	var files []string
	secrets := map[string]string{} // secret -> the file that declares it
	err := filepath.WalkDir(artifacts, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if entry.Name() != secretsFile {
			if filepath.Ext(path) != ".png" {
				files = append(files, path)
			}
			return nil
		}
		declared, err := os.ReadFile(path)
		for line := range strings.Lines(string(declared)) {
			if line = strings.TrimSpace(line); len(line) >= shortest {
				secrets[line] = path
			}
		}
		return err
	})
	if err != nil {
		t.fail(name, err.Error())
		return
	}

	var found strings.Builder
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.fail(name, err.Error())
			return
		}
		for secret, declared := range secrets {
			if before, _, ok := bytes.Cut(content, []byte(secret)); ok {
				line := 1 + bytes.Count(before, []byte("\n"))
				fmt.Fprintf(&found, "%s:%d has %s..., a secret of %s\n", path, line, secret[:6], declared)
			}
		}
	}
	if found.Len() > 0 {
		t.fail(name, found.String())
		return
	}
	if len(secrets) > 0 {
		fmt.Fprintf(t.out, "ok   none of %d secrets is in %d files of output\n", len(secrets), len(files))
		t.passed++
	}
}
