package elastic_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/secret"
)

func good() elastic.Config {
	cfg := elastic.Default()
	cfg.URLs, cfg.Username, cfg.Password = []string{"https://es1.example.com:9200"}, account, secret.Of(password)
	return cfg
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	if err := good().Check(); err != nil {
		t.Fatalf("a good configuration: %v", err)
	}
	for _, tc := range []struct {
		name   string
		change func(*elastic.Config)
		want   string
	}{
		{"no node", func(c *elastic.Config) { c.URLs = nil }, "urls: missing"},
		{"no scheme", func(c *elastic.Config) { c.URLs = []string{"es1:9200"} }, "urls[0]: not an address"},
		{"another scheme", func(c *elastic.Config) { c.URLs = []string{"ftp://es1"} }, "urls[0]: not an address"},
		{"a user in the address", func(c *elastic.Config) { c.URLs = []string{"https://a:planted@es1"} }, "urls[0]: has a user name in it"},
		{"a query in the address", func(c *elastic.Config) { c.URLs = []string{"https://es1?x"} }, "urls[0]: has a query"},
		{"a node twice", func(c *elastic.Config) { c.URLs = []string{"https://es1", "https://es1/"} }, "urls[1]: https://es1 is there twice"},
		{"an API key", func(c *elastic.Config) { c.APIKey = "planted" }, "would end every session"},
		{"no user", func(c *elastic.Config) { c.Username = "" }, "username: missing"},
		{"a colon in the user", func(c *elastic.Config) { c.Username = "a:b" }, "username: has a colon"},
		{"no password", func(c *elastic.Config) { c.Password = secret.Text{} }, "password_file: missing"},
		{"two passwords", func(c *elastic.Config) { c.PasswordFile = "/x" }, "password: given beside password_file"},
		{"authority and fingerprint", func(c *elastic.Config) { c.CA, c.Fingerprint = "x", strings.Repeat("ab", 32) }, "fingerprint: given beside ca"},
		{"a short fingerprint", func(c *elastic.Config) { c.Fingerprint = "abcd" }, "fingerprint: not a SHA-256"},
		{"an authority without TLS", func(c *elastic.Config) { c.URLs, c.CA = []string{"http://es1"}, "x" }, "urls: http has no certificate"},
		{"no limit", func(c *elastic.Config) { c.Timeout = 0 }, "timeout: must be more than 0"},
		{"no limit to connect", func(c *elastic.Config) { c.ConnectTimeout = 0 }, "connect_timeout: must be more than 0"},
		{"a limit that ends before connecting", func(c *elastic.Config) { c.Timeout = time.Second }, "at least connect_timeout"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cfg := good()
			tc.change(&cfg)
			err := cfg.Check()
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "planted") {
				t.Errorf("got %v, want ... %s ...", err, tc.want)
			}
			if _, err := elastic.New(cfg, elastic.Deps{Now: time.Now}); err == nil {
				t.Error("New accepts it")
			}
		})
	}
	err := elastic.Config{}.Check()
	for _, key := range []string{"urls:", "username:", "password_file:", "timeout:", "connect_timeout:"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named: %v", key, err)
		}
	}
}

func TestPasswordRotation(t *testing.T) {
	t.Parallel()
	var valid atomic.Value
	valid.Store("first")
	s := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		if _, pass, _ := r.BasicAuth(); pass != valid.Load() {
			answer(w, 401, refusedSelf)
			return
		}
		ping(w, r)
	})
	file := write(t, "password", "first\n")
	c := newClient(t, newClock(), func(c *elastic.Config) { c.Password, c.PasswordFile = secret.Text{}, file }, s.URL)
	ask := func(what string, want elastic.Class, requests int32) {
		t.Helper()
		s.requests.Store(0)
		_, err := c.Info(t.Context())
		wantClass(t, what, err, want)
		if n := s.requests.Load(); n != requests {
			t.Errorf("%s: %d requests, want %d", what, n, requests)
		}
	}
	ask("the first password", elastic.OK, 1)
	valid.Store("second")
	ask("another password, the file as it was", elastic.AccountRefused, 1)
	replace(t, file, "second\r\n")
	ask("another password, also in the file", elastic.OK, 2)
	ask("and once more", elastic.OK, 1)
	replace(t, file, "third")
	ask("a file that runs ahead is not read", elastic.OK, 1)
	valid.Store("fourth")
	ask("a file that is wrong too", elastic.AccountRefused, 2)
	replace(t, file, "")
	ask("an empty file", elastic.AccountRefused, 1)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	ask("no file", elastic.AccountRefused, 1)
	replace(t, file, "fourth")
	ask("the file is back", elastic.OK, 2)
}

func replace(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestBrokenPasswordFiles(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"missing": filepath.Join(t.TempDir(), "none"), "empty": write(t, "e", "\n"),
		"too long": write(t, "l", strings.Repeat("x", 5000)), "a directory": t.TempDir(),
	} {
		cfg := good()
		cfg.Password, cfg.PasswordFile = secret.Text{}, file
		if _, err := elastic.New(cfg, elastic.Deps{Now: time.Now}); err == nil || !strings.HasPrefix(err.Error(), "password_file: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
