package config

import (
	"path/filepath"
	"testing"
)

func TestVariableNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, v := range variables() {
		if other, twice := seen[v.name]; twice {
			t.Errorf("%s is both %s and %s", v.name, other, v.path)
		}
		seen[v.name] = v.path
		if serviceLink.MatchString(v.name) {
			t.Errorf("%s (%s) looks like a service link of Kubernetes", v.name, v.path)
		}
	}
	for _, want := range []string{"ESGATEWAY_PUBLIC_URL", "ESGATEWAY_LISTEN_TRUSTED_PROXIES", "ESGATEWAY_ELASTICSEARCH_PASSWORD_FILE", "ESGATEWAY_SESSIONS_IDLE", "ESGATEWAY_SESSIONS_STORE_TYPE", "ESGATEWAY_BRAND_TEXTS_SIGN_IN"} {
		if seen[want] == "" {
			t.Errorf("there is no variable %s", want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"realm", "roles", "users", "idle", "lifetime", "ca", "to"}
	for word, want := range map[string]string{
		"relam": "realm", "role": "roles", "Realm": "realm", "life_time": "lifetime", "idel": "idle", "": "", "xyz": "", "t": "", "password": "",
	} {
		if got, _ := nearest(word, known); got != want {
			t.Errorf("nearest(%q): got %q, want %q", word, got, want)
		}
	}
}

func TestOperationsAddress(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none.yaml")
	if got := OperationsAddress(none, nil); got != "127.0.0.1:8444" {
		t.Errorf("without a file: got %q", got)
	}
	if got := OperationsAddress("testdata/mistakes/many-at-once.yaml", []string{"ESGATEWAY_OPERATIONS_ADDRESS=:1"}); got != ":1" {
		t.Errorf("from a wrong file and a variable: got %q", got)
	}
}
