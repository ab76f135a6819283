package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/logs"
	"github.com/esgateway/esgateway/internal/plugins"
	"github.com/esgateway/esgateway/internal/secret"
	"github.com/esgateway/esgateway/internal/session"
)

// TestNoSecretIsShown prints what a configuration is made of in every way that
// somebody might, and looks for the secrets in it.
func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	key := session.NewKey()
	const password = "planted-inline-password"
	text := strings.NewReplacer("keys_file: keys", "keys: "+key, "password_file: password", "password: "+password).Replace(good)
	ready, _, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Elasticsearch.Password, cfg.Sessions.Keys = secret.Of(password), secret.Of(key)
	for _, v := range []any{ready, *ready, cfg, &cfg} {
		for _, shown := range []string{show(t, v)} {
			for _, planted := range []string{password, key, plantedFilePassword} {
				if strings.Contains(shown, planted) {
					t.Errorf("%T shows %q: %s", v, planted, shown)
				}
			}
			if !strings.Contains(shown, "[secret]") {
				t.Errorf("%T shows no mask, so it was not looked into: %s", v, shown)
			}
		}
	}
}

func show(t *testing.T, v any) string {
	t.Helper()
	var out strings.Builder
	slog.New(logs.NewECSHandler(&out, slog.LevelInfo)).Info("configuration", "value", v)
	fmt.Fprintf(&out, "%v %+v %#v", v, v, v)
	asJSON, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(asJSON)
	return out.String()
}

// TestMistakesQuoteNoSecret: whoever writes a password into the wrong place
// must not find it in the log.
func TestMistakesQuoteNoSecret(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"elasticsearch: {password: [hunter2]}", "elasticsearch: {password: {a: hunter2}}", "elasticsearch: {password: !hunter2 x}",
		"elasticsearch: {password: *hunter2}", "elasticsearch: {password: @hunter2}", "elasticsearch: {password: \"hunter2}",
		"elasticsearch: {api_key: hunter2}", "elasticsearch: {urls: [\"https://u:hunter2@es:9200\", \"https://u:hunter2@[\"]}",
		"sessions: {keys: hunter2}", "sessions: {keys: [hunter2]}",
	} {
		_, _, err := load(t, line+"\n")
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", line, err)
		}
	}
	dir := house(t)
	_, err := config.Load(write(t, dir, "gateway.yaml", good, 0o600), []string{
		"ESGATEWAY_SESSIONS_KEYS=hunter2", "ESGATEWAY_ELASTICSEARCH_PASSWORD=hunter2", "ESGATEWAY_NONSENSE=hunter2",
	}, plugins.Plugins())
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}
