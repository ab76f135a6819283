package contract

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var address = flag.String("es", os.Getenv("CONTRACT_ES"), "run the wire rows against this address instead of the stand-in")

// kind says who can be asked to show a row.
type kind int

const (
	wire       kind = iota + 1 // any address
	controlled                 // needs a clock or a fault: the stand-in alone
)

// row is one row of docs/contract.md, which finds it by name and kind.
type row struct {
	name string
	kind kind
	test func(*testing.T, *server)
}

// server is who answers.
type server struct {
	host     string
	tls      *tls.Config // nil: plain HTTP
	gateway  account
	release  release
	controls *controls // nil: nobody can move its clock
	// endpoints are the OpenID provider's; nil: they listen for a real cluster.
	endpoints *endpoints
}

type account struct{ name, password string }

// password is that of every account besides the gateway's (deploy/contract/users).
const password = "contract-password"

// releases are the two ends of what we support: the older one keeps SAML failures
// to itself, the newer one speaks.
var releases = []string{"8.17.0", "9.5.0"}

// run shows every row on every target.
func run(t *testing.T, rows []row) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if *address != "" {
				if r.kind == controlled {
					t.Skip("needs a clock or a fault that only the stand-in has")
				}
				r.test(t, remote(t))
				return
			}
			for _, version := range releases {
				t.Run(version, func(t *testing.T) {
					t.Parallel()
					r.test(t, startStandin(t, version))
				})
			}
		})
	}
}

var settled = sync.OnceValues(settings)

func remote(t *testing.T) *server {
	t.Helper()
	s, err := settled()
	if err != nil {
		t.Fatal(err)
	}
	ready.Do(func() { s.release = s.ask(t) })
	if s.release == (release{}) {
		t.Fatal("the address does not say which release it is")
	}
	return s
}

var ready sync.Once

func settings() (*server, error) {
	at, err := url.Parse(*address)
	if err != nil {
		return nil, err
	}
	s := &server{host: at.Host, gateway: account{
		name:     cmp.Or(os.Getenv("CONTRACT_USER"), "esgateway"),
		password: cmp.Or(os.Getenv("CONTRACT_PASSWORD"), password),
	}}
	if at.Scheme != "https" {
		return s, nil
	}
	s.tls = &tls.Config{ServerName: at.Hostname(), MinVersion: tls.VersionTLS12}
	if file := os.Getenv("CONTRACT_CA"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		s.tls.RootCAs = x509.NewCertPool()
		s.tls.RootCAs.AppendCertsFromPEM(pem)
	}
	return s, nil
}

// release is what rows that speak of versions hang on.
type release struct{ major, minor int }

func parseRelease(t *testing.T, number string) release {
	t.Helper()
	parts := strings.SplitN(number, ".", 3)
	if len(parts) != 3 {
		t.Fatalf("version number: got %q", number)
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	return release{major, minor}
}

func (r release) String() string { return fmt.Sprintf("%d.%d.0", r.major, r.minor) }

func (r release) since(major, minor int) bool {
	return r.major > major || r.major == major && r.minor >= minor
}

func (s *server) ask(t *testing.T) release {
	t.Helper()
	return parseRelease(t, s.as(s.gateway).get(t, "/").text(t, "version.number"))
}

// speaks tells whether SAML failures say what they are.
func (s *server) speaks() bool { return s.release.since(9, 3) }

// pick is a value for either side of that border.
func pick[T any](s *server, old, speaking T) T {
	if s.speaks() {
		return speaking
	}
	return old
}

// eventually moves the clock of the stand-in by d, or waits until d has passed in
// the world, and then expects the condition to hold.
func (s *server) eventually(t *testing.T, d time.Duration, what string, holds func() bool) {
	t.Helper()
	if s.controls != nil {
		s.controls.advance(d)
		if !holds() {
			t.Fatalf("after %s: %s does not hold", d, what)
		}
		return
	}
	deadline := time.After(d + 30*time.Second)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s later: %s still does not hold", d+30*time.Second, what)
		}
	}
}

// now is the time by the server's clock.
func (s *server) now() time.Time {
	if s.controls != nil {
		return s.controls.now()
	}
	return time.Now()
}
