package contract

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
	"golang.org/x/crypto/bcrypt"
)

const deployed = "../../deploy/contract/"

// lines are "key:value" files as Elasticsearch's file realm has them.
func lines(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(deployed + name)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			found[key] = value
		}
	}
	return found
}

// TestBothSidesAreTheSame: a row that passes here and fails on a real cluster, or the
// other way round, must not do so because the two were set up apart.
func TestBothSidesAreTheSame(t *testing.T) {
	t.Parallel()
	hashes, good := lines(t, "users"), map[string]bool{} // hashing is slow on purpose, and all have the same
	held := map[string][]string{}                        // roles of each user
	for role, names := range lines(t, "users_roles") {
		for name := range strings.SplitSeq(names, ",") {
			held[name] = append(held[name], role)
		}
	}
	for _, user := range users() {
		if user.Disabled {
			continue // accounts.sh makes that one: files know no disabled users
		}
		if got := held[user.Name]; !slices.Equal(got, user.Roles) {
			t.Errorf("%s: roles there %v, here %v", user.Name, got, user.Roles)
		}
		if hash := hashes[user.Name]; !good[hash] {
			if err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(user.Password)); err != nil {
				t.Errorf("%s: password: %v", user.Name, err)
			}
			good[hash] = true
		}
		delete(hashes, user.Name)
	}
	if len(hashes) > 0 {
		t.Errorf("users that only the files know: %v", slices.Sorted(maps.Keys(hashes)))
	}
}

func TestBothSidesHaveTheSameRoles(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(deployed + "roles.yml")
	if err != nil {
		t.Fatal(err)
	}
	var there map[string]struct {
		Cluster []string `yaml:"cluster"`
		Indices []struct {
			Names      []string `yaml:"names"`
			Privileges []string `yaml:"privileges"`
		} `yaml:"indices"`
		RunAs []string `yaml:"run_as"`
	}
	if err := yaml.Unmarshal(text, &there); err != nil {
		t.Fatal(err)
	}
	here := roles()
	if got, want := slices.Sorted(maps.Keys(there)), slices.Sorted(maps.Keys(here)); !slices.Equal(got, want) {
		t.Fatalf("roles: there %v, here %v", got, want)
	}
	for name, role := range there {
		same := slices.Equal(role.Cluster, here[name].Cluster) && slices.Equal(role.RunAs, here[name].RunAs) && len(role.Indices) == len(here[name].Indices)
		for i := range role.Indices {
			same = same && slices.Equal(role.Indices[i].Names, here[name].Indices[i].Names) &&
				slices.Equal(role.Indices[i].Privileges, here[name].Indices[i].Privileges)
		}
		if !same {
			t.Errorf("%s: there %+v, here %+v", name, role, here[name])
		}
	}
}
