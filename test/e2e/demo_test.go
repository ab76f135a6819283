package e2e_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// demo is a running demo: what somebody sees who typed `make demo`.
type demo struct {
	process *parts.Process
	ports   map[string]int
	flags   []string
	program string
	dir     string
}

// demoPorts are the demo's flags for ports.
var demoPorts = []string{"gateway", "idp", "op", "front", "app", "elasticsearch", "operations"}

func newDemo(t *testing.T) *demo {
	t.Helper()
	d := &demo{ports: map[string]int{}, program: parts.Build(t, "./cmd/demo"), dir: t.TempDir()}
	for _, part := range demoPorts {
		d.ports[part] = parts.FreePort(t)
		d.flags = append(d.flags, "-"+part, strconv.Itoa(d.ports[part]))
	}
	d.flags = append(d.flags, "-dir", d.dir)
	d.start(t)
	return d
}

func (d *demo) start(t *testing.T) {
	t.Helper()
	d.process = parts.Start(t, "demo", exec.CommandContext(t.Context(), d.program, d.flags...))
	d.process.Ready(t, func(ctx context.Context) error {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", parts.Loopback(d.ports["gateway"]))
		if err == nil {
			c.Close()
		}
		return err
	})
}

func (d *demo) url(path string) string {
	return fmt.Sprintf("http://localhost:%d%s", d.ports["gateway"], path)
}

// TestDemo does with the demo what its own text proposes.
func TestDemo(t *testing.T) {
	t.Parallel()
	d := newDemo(t)
	browser := parts.StartBrowser(t, nil)
	alice := browser.Person(t).Tab(t)

	check := exec.CommandContext(t.Context(), parts.Build(t, "./cmd/gateway"), "check", "--config", filepath.Join(d.dir, "gateway.yaml"))
	if said, err := check.CombinedOutput(); err != nil {
		t.Errorf("the demo's own configuration: %v\n%s", err, said)
	}

	// 127.0.0.1 has other cookies than localhost: it is sent to where the demo is.
	alice.Goto(fmt.Sprintf("http://127.0.0.1:%d/?q=report#results", d.ports["gateway"]))
	logIn(t, alice, "corp", "alice")
	alice.WaitURL(d.url("/?q=report#results"))
	if user, hits := alice.Text("#user"), alice.Text("#hits"); user != "alice" || !strings.Contains(hits, "Quarterly report") {
		t.Errorf("%s sees %q", user, hits)
	}
	alice.Goto(d.url("/"))
	alice.Screenshot("application")
	if hits := alice.Text("#hits"); strings.Contains(hits, "Salaries") {
		t.Errorf("alice sees %q", hits)
	}
	if status := alice.Goto(d.url("/admin")); status != http.StatusForbidden {
		t.Errorf("alice at /admin: %d", status)
	}
	alice.Screenshot("forbidden")

	bob := browser.Person(t).Tab(t)
	bob.Goto(d.url("/admin"))
	logIn(t, bob, "partners", "bob") // by OpenID Connect
	bob.WaitURL(d.url("/admin"))
	bob.Goto(d.url("/?q=salaries"))
	if user, hits := bob.Text("#user"), bob.Text("#hits"); user != "bob" || !strings.Contains(hits, "Salaries of the north office") {
		t.Errorf("%s sees %q", user, hits)
	}

	d.letsRobotsIn(t)
	d.signsOutThere(t, bob)
	d.startsAgain(t, alice)
	alice.Goto(d.url("/_gateway/logout"))
	alice.Click(`form[action*="/logout"] button`)
	alice.WaitURLPrefix(d.url("/_gateway/logged-out"))

	if code := d.process.Stop(t, syscall.SIGINT); code != 0 {
		t.Errorf("exit code %d after Ctrl-C", code)
	}
}

// logIn chooses a way to sign in and fills in the form there.
func logIn(t *testing.T, tab *parts.Tab, method, user string) {
	t.Helper()
	tab.Click("[data-method=" + method + "]")
	tab.Wait("input[name=username]")
	tab.Screenshot("identity-provider")
	tab.Fill("input[name=username]", user)
	tab.Fill("input[name=password]", user)
	tab.Click("button")
}

// letsRobotsIn: what the demo's text proposes for programs.
func (d *demo) letsRobotsIn(t *testing.T) {
	t.Helper()
	file := func(name string) string { return filepath.Join(d.dir, name) }
	key, err := os.ReadFile(file("api-key"))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(file("robot.crt"), file("robot.key"))
	if err != nil {
		t.Fatal(err)
	}
	front := fmt.Sprintf("https://localhost:%d/_search", d.ports["front"])
	for name, one := range map[string]struct {
		address, header string
		shows           []tls.Certificate
		status          int
	}{
		"with an API key":       {address: d.url("/_search"), header: "ApiKey " + strings.TrimSpace(string(key)), status: http.StatusOK},
		"with another one":      {address: d.url("/_search"), header: "ApiKey bm90OmFueQ==", status: http.StatusUnauthorized},
		"with a certificate":    {address: front, shows: []tls.Certificate{pair}, status: http.StatusOK},
		"without a certificate": {address: front, status: http.StatusUnauthorized},
	} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: poolOf(t, file("es-ca.crt")), Certificates: one.shows}}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, one.address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if one.header != "" {
			r.Header.Set("Authorization", one.header)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != one.status || (one.status == http.StatusOK) != strings.Contains(string(body), "Quarterly report") {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
		client.CloseIdleConnections()
	}
}

func poolOf(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("no certificate in " + file)
	}
	return pool
}

// signsOutThere: bob signs out at the provider's own page, in another tab. The provider
// tells the gateway, whose page then asks for a sign-in.
func (d *demo) signsOutThere(t *testing.T, bob *parts.Tab) {
	t.Helper()
	bob.Goto(fmt.Sprintf("http://localhost:%d/end_session", d.ports["op"]))
	bob.Screenshot("provider-sign-out")
	bob.Click("button")
	bob.WaitText("body", "signed out")
	bob.Goto(d.url("/?q=salaries"))
	bob.WaitURLPrefix(d.url("/_gateway/login"))
}

// startsAgain: yesterday's cookie meets an Elasticsearch that has never heard of it.
// The person just signs in: no error, no loop.
func (d *demo) startsAgain(t *testing.T, tab *parts.Tab) {
	t.Helper()
	if code := d.process.Stop(t, syscall.SIGINT); code != 0 {
		t.Errorf("exit code %d after Ctrl-C", code)
	}
	d.start(t)
	tab.Goto(d.url("/?q=trains"))
	logIn(t, tab, "corp", "alice")
	tab.WaitURL(d.url("/?q=trains"))
	if user := tab.Text("#user"); user != "alice" {
		t.Errorf("the application sees %q", user)
	}
}

// TestDemoNamesBusyPorts: a port that is taken is named, with the flag that changes it.
func TestDemoNamesBusyPorts(t *testing.T) {
	t.Parallel()
	program := parts.Build(t, "./cmd/demo")
	for _, taken := range demoPorts {
		t.Run(taken, func(t *testing.T) {
			t.Parallel()
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			port := l.Addr().(*net.TCPAddr).Port
			flags := []string{"-dir", t.TempDir(), "-" + taken, strconv.Itoa(port)}
			for _, part := range demoPorts {
				if part != taken {
					flags = append(flags, "-"+part, strconv.Itoa(parts.FreePort(t)))
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), parts.Patience)
			defer cancel()
			out, err := exec.CommandContext(ctx, program, flags...).CombinedOutput()
			if err == nil || ctx.Err() != nil {
				t.Fatalf("the demo starts all the same:\n%s", out)
			}
			if !strings.Contains(string(out), strconv.Itoa(port)) || !strings.Contains(string(out), "-"+taken+" ") {
				t.Errorf("does not name port %d and the flag -%s:\n%s", port, taken, out)
			}
		})
	}
}
