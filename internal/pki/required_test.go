package pki_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// travels follows redirects and pages that go on by themselves, with those headers by host.
func (f *front) travels(t *testing.T, b *gatewaytest.Browser, page string, on func(*url.URL) []string) (gatewaytest.Reply, []string) {
	t.Helper()
	at := page
	var way []string
	var extra []string
	for range 25 {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		got := b.Get(at, append(on(u), extra...)...)
		extra = nil
		way = append(way, u.Host+u.Path)
		switch {
		case got.Status == http.StatusOK && strings.HasPrefix(u.Path, prefix+"/login") && strings.Contains(got.Body, "data-auto"):
			at, extra = theMethod+"?"+u.RawQuery, []string{"Sec-Fetch-Site", "same-origin"}
			continue
		case got.Status != http.StatusSeeOther:
			return got, way
		case strings.HasPrefix(got.Location, "/") && u.IsAbs():
			at = u.Scheme + "://" + u.Host + got.Location
		default:
			at = got.Location
		}
		if strings.Contains(at, prefix+"/login?") && !strings.Contains(at, only) {
			at += only // as if there were no other method
		}
	}
	t.Errorf("it goes on for ever: %s", strings.Join(way, "\n"))
	return gatewaytest.Reply{}, way
}

// TestARouteThatRequiresACertificateIsNoLoop for a session of another method beside a
// certificate that does not count.
func TestARouteThatRequiresACertificateIsNoLoop(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string]func(f *front) []string{
		"revoked": func(f *front) []string {
			c := f.ca.client(t, "robot", f.Clock.Now())
			f.revoke(t, c)
			return shows(c)
		},
		"of nobody": func(f *front) []string {
			return shows(newAuthority(t, "else", f.Clock.Now()).client(t, "robot", f.Clock.Now()))
		},
		"broken": func(*front) []string { return []string{"X-Ssl-Client-Verify", "SUCCESS", "X-Ssl-Client-Cert", "%%"} },
		"stale": func(f *front) []string {
			c := f.ca.client(t, "robot", f.Clock.Now())
			f.Clock.Advance(61 * time.Minute)
			return shows(c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := behindFront(t, ", crl: '{{crl}}'", trustLoopback)
			corp := f.Browser()
			corp.SignIn("/", "alice")
			sent := headers(f)
			got, way := f.travels(t, corp, "/strict", func(*url.URL) []string { return sent })
			if got.Status != http.StatusForbidden {
				t.Errorf("%d after %d: %s", got.Status, len(way), got.Body)
			}
		})
	}
}

func TestARouteThatRequiresACertificateOnAFurtherHostWhereTheBrowserShowsNone(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	one := "http://app.one.example:" + f.URL.Port()
	b := f.signedIn(t, robot)
	got, way := f.travels(t, b, one+"/strict", func(u *url.URL) []string {
		if u.Host == "" || u.Host == f.URL.Host {
			return shows(robot)
		}
		return shows(nil)
	})
	if got.Status != http.StatusForbidden || !strings.Contains(got.Body, "needs a client certificate") || f.delegations() != 1 {
		t.Errorf("%d with %d delegations, by %s: %s", got.Status, f.delegations(), strings.Join(way, ", "), got.Body)
	}
}
