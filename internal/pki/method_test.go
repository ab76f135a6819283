package pki_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/doctor"
	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/metrics"
	"github.com/esgateway/esgateway/internal/plugins"
	"github.com/esgateway/esgateway/internal/server"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/pkirealm"
)

// authority signs certificates, and revokes them.
type authority struct {
	*x509.Certificate
	key     *ecdsa.PrivateKey
	revoked []x509.RevocationListEntry
	lists   int64
}

var serial atomic.Int64 //nolint:gochecknoglobals // serial numbers are never used twice

func newAuthority(t *testing.T, name string, at time.Time) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key}
	a.Certificate = a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: at.Add(-time.Hour), NotAfter: at.Add(1000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, &key.PublicKey)
	return a
}

func (a *authority) sign(t *testing.T, template *x509.Certificate, public any) *x509.Certificate {
	t.Helper()
	template.SerialNumber = big.NewInt(serial.Add(1))
	parent := a.Certificate
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, a.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// client is a client's certificate, valid from then for an hour and a half.
func (a *authority) client(t *testing.T, name string, at time.Time) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: at.Add(-time.Minute), NotAfter: at.Add(90 * time.Minute),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, &key.PublicKey)
}

// list writes the revocation list into the file.
func (a *authority) list(t *testing.T, file string, at time.Time) {
	t.Helper()
	a.lists++
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(a.lists), ThisUpdate: at.Add(-time.Minute), NextUpdate: at.Add(time.Hour), RevokedCertificateEntries: a.revoked,
	}, a.Certificate, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// front is a gateway behind a load balancer, which is this test.
type front struct {
	*gatewaytest.Gateway
	ca    *authority
	crl   string
	store *heedless
}

// heedless is a store that writes for clients who have left, too, as far as it is asked;
// read, if set, hears of each record that was read.
type heedless struct {
	session.Store
	read atomic.Pointer[func()]
}

func (h *heedless) Load(ctx context.Context, k session.Key) (session.Record, error) {
	rec, err := h.Store.Load(ctx, k)
	if read := h.read.Load(); read != nil {
		(*read)()
	}
	return rec, err
}

func (h *heedless) Save(ctx context.Context, k session.Key, rec session.Record) (uint64, error) {
	return h.Store.Save(context.WithoutCancel(ctx), k, rec)
}

func (h *heedless) Delete(ctx context.Context, k session.Key, version uint64) error {
	return h.Store.Delete(context.WithoutCancel(ctx), k, version)
}

// begin of the gateway's clock, before there is one.
var begin = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

// behindFront starts it. Further keys of the method come after a comma.
func behindFront(t *testing.T, method, trusted string, realms ...string) *front {
	t.Helper()
	return before(t, nil, method, trusted, realms...)
}

// before is the same with an application of the test's own.
func before(t *testing.T, app http.Handler, method, trusted string, realms ...string) *front {
	t.Helper()
	f := &front{ca: newAuthority(t, "clients", begin), crl: filepath.Join(t.TempDir(), "clients.crl")}
	f.ca.list(t, f.crl, begin)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, []byte(armoured(f.ca.Certificate)), 0o600); err != nil {
		t.Fatal(err)
	}
	f.store = &heedless{}
	f.Gateway = gatewaytest.Start(t, gatewaytest.Options{
		App:    app,
		Wrap:   func(s session.Store) session.Store { f.store.Store = s; return f.store },
		Listen: trusted,
		Method: "}\n  - {name: services, type: pki, from: header, format: nginx, ca: '" + ca + "'" + strings.NewReplacer("{{crl}}", f.crl, "{{clients}}", ca).Replace(method),
		Routes: "  - {path: /robots, to: [\"{{app}}\"], require: {users: [robot]}}\n" +
			"  - {path: /lax, to: [\"{{app}}\"], csrf: \"off\"}\n" +
			"  - {path: /strict, to: [\"{{app}}\"], certificate: {require: true}, authorization: {basic: forward}}\n" +
			"  - {path: /told, to: [\"{{app}}\"], certificate: {headers: true}}\n" +
			"  - {host: app.one.example, to: [\"{{app}}\"]}\n" +
			"  - {host: app.one.example, path: /strict, to: [\"{{app}}\"], certificate: {require: true}}\n",
		Elastic: func(_ *gatewaytest.Gateway, c *standin.Config) {
			for _, name := range append(realms, "pki1") {
				c.PKI = append(c.PKI, pkirealm.Config{Name: name, CertificateAuthorities: []*x509.Certificate{f.ca.Certificate}, DelegationEnabled: true})
				c.RoleMappings = append(c.RoleMappings, standin.RoleMapping{Realm: name, Users: []string{"robot", "drone"}, Roles: []string{"analyst"}})
			}
		},
	})
	return f
}

const trustLoopback = `, trusted_proxies: ["127.0.0.1"]`

// ask sends a request as the load balancer does for a client with that certificate.
func (f *front) ask(c *x509.Certificate, path string, headers ...string) gatewaytest.Reply {
	return f.Browser().API(http.MethodGet, path, "", append([]string{
		"Origin", "", "X-Ssl-Client-Verify", "SUCCESS", "X-Ssl-Client-Cert", escaped(c),
	}, headers...)...)
}

// revoke puts a certificate on the list, and lets the gateway see it.
func (f *front) revoke(t *testing.T, c *x509.Certificate) {
	t.Helper()
	f.ca.revoked = append(f.ca.revoked, x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: f.Clock.Now()})
	f.ca.list(t, f.crl, f.Clock.Now())
	f.Clock.Advance(6 * time.Second)
}

func (f *front) delegations() int { return f.ES.Counters().Calls["POST /_security/delegate_pki"] }

func TestACertificateIsTheProofOfEachRequest(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	got := f.ask(robot, "/")
	if got.Status != http.StatusOK || !strings.Contains(got.Body, "Authorization: Bearer ") || len(got.Header.Values("Set-Cookie")) != 0 {
		t.Fatalf("got %d %s", got.Status, got.Body)
	}
	for _, never := range []string{"X-Ssl-Client", "Client-Cert"} {
		if strings.Contains(got.Body, never) {
			t.Errorf("%s goes upstream:\n%s", never, got.Body)
		}
	}
	if got := f.ask(robot, "/_security/_authenticate"); !strings.Contains(got.Body, `"username":"robot"`) || !strings.Contains(got.Body, `"pki1"`) {
		t.Errorf("ES sees %s", got.Body)
	}
	if got := f.ask(robot, "/robots"); got.Status != http.StatusOK {
		t.Errorf("what the route requires: %d", got.Status)
	}
	if got := f.ask(f.ca.client(t, "drone", f.Clock.Now()), "/robots"); got.Status != http.StatusForbidden {
		t.Errorf("what the route does not: %d", got.Status)
	}
	if got := f.ask(f.ca.client(t, "nobody", f.Clock.Now()), "/"); got.Header.Get("X-Gateway-Response") != "no_roles" {
		t.Errorf("a user without roles: %d %s", got.Status, got.Body)
	}
	gatewaytest.Eventually(t, "the token of a user without roles is revoked", func() bool { return f.ES.LiveTokens("nobody") == 0 })
	if got := f.ask(robot, "/"); got.Header.Get("Cache-Control") != "private" {
		t.Errorf("a cache between may keep it: %q", got.Header.Get("Cache-Control"))
	}
}

// TestAStreamEndsWithItsCertificate: with its revocation, too.
func TestAStreamEndsWithItsCertificate(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(f *front, c *x509.Certificate){
		"its end":        func(f *front, _ *x509.Certificate) { f.Clock.Advance(91 * time.Minute) },
		"its revocation": func(f *front, c *x509.Certificate) { f.revoke(t, c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := before(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}), ", crl: '{{crl}}'", trustLoopback)
			f.Clock.Advance(6 * time.Second)
			robot := f.ca.client(t, "robot", f.Clock.Now())
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.URL.String()+"/", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Ssl-Client-Verify", "SUCCESS")
			r.Header.Set("X-Ssl-Client-Cert", escaped(robot))
			resp, err := f.Browser().Do(r)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("no stream: %v %v", resp, err)
			}
			defer resp.Body.Close()
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = io.Copy(io.Discard, resp.Body) // however it ends
			}()
			f.ES.SetFaults(standin.Faults{Down: true})
			f.Clock.Advance(25 * time.Minute) // past the token's end, which ends nothing while ES is away
			select {
			case <-ended:
				t.Fatal("an outage ends the stream")
			case <-time.After(time.Second): //nolint:forbidigo // that nothing happens can only be waited for
			}
			f.ES.SetFaults(standin.Faults{})
			end(f, robot)
			select {
			case <-ended:
			case <-t.Context().Done():
				t.Error("the stream goes on")
			case <-time.After(10 * time.Second): //nolint:forbidigo // ten times the limit and more
				t.Error("the stream goes on")
			}
		})
	}
}

// TestNearTheEndOfACertificate another token would not last longer.
func TestNearTheEndOfACertificate(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	f.Clock.Advance(90*time.Minute - 30*time.Second)
	for range 20 {
		if got := f.ask(robot, "/"); got.Status != http.StatusOK {
			t.Fatalf("got %d %s", got.Status, got.Body)
		}
	}
	if n := f.delegations(); n != 1 {
		t.Errorf("%d delegations", n)
	}
}

// TestWhatTheFrontHasVerified: its word, and the client's own dates.
func TestWhatTheFrontHasVerified(t *testing.T) {
	t.Parallel()
	f := &front{ca: newAuthority(t, "clients", begin)}
	f.Gateway = gatewaytest.Start(t, gatewaytest.Options{
		Listen: trustLoopback,
		Method: "}\n  - {name: services, type: pki, from: header, format: haproxy, verified_by: front, cert_header: X-Corp-Cert",
		Elastic: func(_ *gatewaytest.Gateway, c *standin.Config) {
			c.PKI = []pkirealm.Config{{Name: "pki1", CertificateAuthorities: []*x509.Certificate{f.ca.Certificate}, DelegationEnabled: true}}
			c.RoleMappings = append(c.RoleMappings, standin.RoleMapping{Realm: "pki1", Users: []string{"robot"}, Roles: []string{"analyst"}})
		},
	})
	now := f.Clock.Now()
	ask := func(c *x509.Certificate, headers ...string) gatewaytest.Reply {
		return f.Browser().API(http.MethodGet, "/", "", append([]string{
			"Origin", "", "X-Ssl-Client-Verify", "SUCCESS", "X-Corp-Cert", base64.StdEncoding.EncodeToString(c.Raw),
		}, headers...)...)
	}
	robot := f.ca.client(t, "robot", now)
	got := ask(robot)
	if got.Status != http.StatusOK || strings.Contains(got.Body, "X-Corp-Cert") {
		t.Errorf("the good one: %d %s", got.Status, got.Body)
	}
	if got := f.Browser().API(http.MethodGet, "/public", "", "X-Corp-Cert", "x"); strings.Contains(got.Body, "X-Corp-Cert") {
		t.Errorf("the header goes upstream: %s", got.Body)
	}
	for cause, c := range map[string]*x509.Certificate{
		"certificate_expired": f.ca.client(t, "robot", now.Add(-2*time.Hour)), "certificate_not_yet_valid": f.ca.client(t, "robot", now.Add(time.Hour)),
	} {
		if got := ask(c); !strings.Contains(got.Body, cause) {
			t.Errorf("%s: %d %s", cause, got.Status, got.Body)
		}
	}
	if got := ask(robot, "X-Ssl-Client-Verify", ""); !strings.Contains(got.Body, "certificate_header") {
		t.Errorf("without a word: %d %s", got.Status, got.Body)
	}
}

// TestAMethodThatCannotBe, and what the operator reads.
func TestAMethodThatCannotBe(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{
		"from: header, format: traefik, verified_by: front":          "does not say whether a certificate was verified",
		"from: header, format: nginx, verified_by: front, ca: x.pem": "leave one of them out",
		"from: tls, verified_by: front":                              "there is none",
		"from: header, format: nginx":                                "is missing",
	} {
		name := filepath.Join(t.TempDir(), "gateway.yaml")
		text := "methods:\n  - {name: services, type: pki, " + method + "}\n"
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(name, nil, plugins.Plugins()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q in\n%v", method, want, err)
		}
	}
	f := behindFront(t, "", trustLoopback)
	c := *f.Ready
	for _, m := range c.Methods {
		if m.Type == "pki" {
			m.Name = "more"
			c.Methods = append(slices.Clone(c.Methods), m)
			break
		}
	}
	log := slog.New(slog.DiscardHandler)
	_, err := server.Build(&c, server.Lasting{Store: f.Store, Metrics: metrics.New(), Audit: audit.New(log), Log: log, Now: f.Clock.Now})
	if err == nil || !strings.Contains(err.Error(), "the same certificates as services") {
		t.Errorf("two methods for the same header: %v", err)
	}
}

func TestFiveHundredFirstRequestsDelegateOnce(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	var all sync.WaitGroup
	for range 500 {
		all.Go(func() {
			if got := f.ask(robot, "/"); got.Status != http.StatusOK {
				t.Errorf("got %d", got.Status)
			}
		})
	}
	all.Wait()
	if n := f.delegations(); n != 1 {
		t.Errorf("%d delegations", n)
	}
	f.ask(f.ca.client(t, "robot", f.Clock.Now()), "/") // renewed: other bytes, another entry
	if n := f.delegations(); n != 2 {
		t.Errorf("%d delegations after the certificate was renewed", n)
	}
}

// TestTheTokenOfACertificate is made anew ahead of its end and when ES has refused it; an
// outage takes nothing away.
func TestTheTokenOfACertificate(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	bearer := func(got gatewaytest.Reply) string {
		_, token, _ := strings.Cut(got.Body, "Authorization: Bearer ")
		token, _, _ = strings.Cut(token, "\r\n")
		return token
	}
	first := bearer(f.ask(robot, "/"))
	f.Clock.Advance(19*time.Minute + 30*time.Second)
	f.ES.SetFaults(standin.Faults{Down: true})
	if got := f.ask(robot, "/"); got.Status != http.StatusOK || bearer(got) != first {
		t.Errorf("near its end, with ES down: %d", got.Status)
	}
	f.ES.SetFaults(standin.Faults{})
	gatewaytest.Eventually(t, "it is made anew beside the requests", func() bool {
		got := f.ask(robot, "/")
		return got.Status == http.StatusOK && bearer(got) != first
	})
	f.ES.ForgetTokens("robot")
	if got := f.ask(robot, "/_security/_authenticate"); got.Status != http.StatusOK {
		t.Errorf("after ES has forgotten the token: %d %s", got.Status, got.Body)
	}
	f.Clock.Advance(21 * time.Minute)
	f.ES.SetFaults(standin.Faults{Down: true})
	if got := f.ask(robot, "/"); got.Status != http.StatusServiceUnavailable {
		t.Errorf("past its end, with ES down: %d", got.Status)
	}
}

// TestACertificateThatDoesNotCount, and why.
func TestACertificateThatDoesNotCount(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	now := f.Clock.Now()
	stranger := newAuthority(t, "clients", now)
	good := f.ca.client(t, "robot", now)
	for name, tc := range map[string]struct {
		c       *x509.Certificate
		headers []string
		cause   string
	}{
		"of another authority of the same name": {c: stranger.client(t, "robot", now), cause: "certificate_untrusted"},
		"ended":                                 {c: f.ca.client(t, "robot", now.Add(-2*time.Hour)), cause: "certificate_expired"},
		"of the future":                         {c: f.ca.client(t, "robot", now.Add(time.Hour)), cause: "certificate_not_yet_valid"},
		"the authority's own":                   {c: f.ca.Certificate, cause: "certificate_"},
		"the front says FAILED":                 {c: good, headers: []string{"X-Ssl-Client-Verify", "FAILED:unable to verify"}, cause: "certificate_header"},
		"broken":                                {c: good, headers: []string{"X-Ssl-Client-Cert", "-----BEGIN"}, cause: "certificate_header"},
		"a placeholder":                         {c: good, headers: []string{"X-Ssl-Client-Cert", "$ssl_client_escaped_cert"}, cause: "certificate_header"},
	} {
		got := f.ask(tc.c, "/", tc.headers...)
		if got.Status != http.StatusUnauthorized || !strings.Contains(got.Body, `"cause":"`+tc.cause) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := f.ask(good, "/", "X-Ssl-Client-Verify", "NONE", "X-Ssl-Client-Cert", ""); got.Status != http.StatusUnauthorized || strings.Contains(got.Body, "certificate") {
		t.Errorf("no certificate: %d %s", got.Status, got.Body)
	}
	if f.delegations() != 0 {
		t.Error("ES was asked")
	}
	if got := f.ask(good, "/"); got.Status != http.StatusOK {
		t.Errorf("the good one: %d", got.Status)
	}
	f.Clock.Advance(91 * time.Minute)
	if got := f.ask(good, "/"); !strings.Contains(got.Body, "certificate_expired") {
		t.Errorf("the good one after its end: %d %s", got.Status, got.Body)
	}
}

func TestHeadersOfAPeerThatIsNotTrustedAreNoCertificate(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", `, trusted_proxies: ["10.1.2.3"]`)
	if got := f.ask(f.ca.client(t, "robot", f.Clock.Now()), "/"); got.Status != http.StatusUnauthorized || f.delegations() != 0 {
		t.Errorf("got %d", got.Status)
	}
	if got := f.ask(f.ca.client(t, "robot", f.Clock.Now()), "/public"); strings.Contains(got.Body, "X-Ssl-Client") {
		t.Errorf("they go upstream: %s", got.Body)
	}
}

// TestARevokedCertificate is refused at the next request once the list says so.
func TestARevokedCertificate(t *testing.T) {
	t.Parallel()
	f := behindFront(t, ", crl: '{{crl}}'", trustLoopback)
	robot, drone := f.ca.client(t, "robot", f.Clock.Now()), f.ca.client(t, "drone", f.Clock.Now())
	f.Clock.Advance(6 * time.Second)
	if a, b := f.ask(robot, "/"), f.ask(drone, "/"); a.Status != http.StatusOK || b.Status != http.StatusOK {
		t.Fatalf("before: %d %d %s", a.Status, b.Status, a.Body)
	}
	f.ca.revoked = append(f.ca.revoked, x509.RevocationListEntry{SerialNumber: robot.SerialNumber, RevocationTime: f.Clock.Now()})
	f.ca.list(t, f.crl, f.Clock.Now())
	f.Clock.Advance(6 * time.Second)
	if got := f.ask(robot, "/"); !strings.Contains(got.Body, "certificate_revoked") {
		t.Errorf("revoked: %d %s", got.Status, got.Body)
	}
	if got := f.ask(drone, "/"); got.Status != http.StatusOK {
		t.Errorf("another one: %d", got.Status)
	}
	f.Clock.Advance(time.Hour)
	if got := f.ask(drone, "/"); !strings.Contains(got.Body, "certificate_list_stale") {
		t.Errorf("with a list that is overdue: %d %s", got.Status, got.Body)
	}
	if all := strings.Join(f.Warnings(), "\n"); !strings.Contains(all, "overdue") {
		t.Errorf("the warnings are %q", all)
	}
}

func TestAListThatIsOverdueCanBeAccepted(t *testing.T) {
	t.Parallel()
	f := behindFront(t, ", crl: '{{crl}}', stale_crl: accept", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	f.Clock.Advance(80 * time.Minute)
	if got := f.ask(robot, "/"); got.Status != http.StatusOK {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
}

func TestAnAnswerOfAnotherRealmIsRefused(t *testing.T) {
	t.Parallel()
	f := behindFront(t, ", realm: pki1", trustLoopback, "pki0") // pki0 comes first at ES
	got := f.ask(f.ca.client(t, "robot", f.Clock.Now()), "/")
	if got.Status != http.StatusUnauthorized || !strings.Contains(got.Body, `"cause":"realm"`) {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	gatewaytest.Eventually(t, "its token is given back", func() bool { return f.ES.LiveTokens("robot") == 0 })
}

// TestWhatDecides: a header over a certificate, a session over a certificate, and no
// certificate of a browser in silence.
func TestWhatDecides(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	if got := f.ask(robot, "/", "Authorization", "Bearer nonsense"); got.Status != http.StatusUnauthorized || f.delegations() != 0 {
		t.Errorf("a header beside a certificate: %d", got.Status)
	}
	shown := []string{"X-Ssl-Client-Verify", "SUCCESS", "X-Ssl-Client-Cert", escaped(robot)}
	b := f.Browser()
	if got := b.Get("/", shown...); got.Status != http.StatusSeeOther || f.delegations() != 0 {
		t.Errorf("a browser at a page: %d %q", got.Status, got.Location)
	}
	b.SignIn("/", "alice")
	if got := b.Get("/robots", shown...); got.Status != http.StatusForbidden {
		t.Errorf("a session beside a certificate: %d", got.Status)
	}
	for name, site := range map[string]string{"a page of another site": "cross-site", "a page of ours": "same-origin"} {
		if got := f.Browser().API(http.MethodPost, "/", "{}", append(shown, "Sec-Fetch-Site", site)...); got.Status != http.StatusUnauthorized {
			t.Errorf("a script in %s with the browser's certificate alone: %d", name, got.Status)
		}
	}
	evil := append([]string{"Origin", "https://evil.example"}, shown...) // an old browser, which does not say more
	if got := f.Browser().API(http.MethodPost, "/", "{}", evil...); got.Header.Get("X-Gateway-Response") != "cross_origin" {
		t.Errorf("a page of another site in an old browser: %d", got.Status)
	}
	upgrade := []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}
	if got := f.Browser().API(http.MethodGet, "/lax/socket", "", append(upgrade, evil...)...); got.Header.Get("X-Gateway-Response") != "cross_origin" {
		t.Errorf("its WebSocket, where the route says csrf: off: %d", got.Status)
	}
	own := append([]string{"Origin", ""}, shown...)
	if got := f.Browser().API(http.MethodGet, "/lax/socket", "", append(upgrade, own...)...); got.Header.Get("X-Gateway-Response") == "cross_origin" {
		t.Errorf("a program's WebSocket: %d", got.Status)
	}
}

const prefix = gatewaytest.Prefix

// TestWhatTheCheckSays of files and peers.
func TestWhatTheCheckSays(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method, trusted string
		wait            time.Duration
		want            []string
	}{
		"all is well":        {method: ", crl: '{{crl}}'", trusted: trustLoopback, want: []string{"ok   method  services", "an authority stands until", "0 revoked"}},
		"no list":            {trusted: trustLoopback, want: []string{"counts until its end"}},
		"nobody is believed": {want: []string{"FAIL", "trusted_proxies is empty"}},
		"a list is overdue":  {method: ", crl: '{{crl}}'", trusted: trustLoopback, wait: 2 * time.Hour, want: []string{"FAIL", "fetch the next one"}},
		"an authority ends":  {trusted: trustLoopback, wait: 990 * time.Hour, want: []string{"FAIL", "its successor"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := behindFront(t, tc.method, tc.trusted)
			f.Clock.Advance(tc.wait)
			var out strings.Builder
			doctor.Run(t.Context(), f.Ready, doctor.Deps{Now: f.Clock.Now, Log: slog.New(slog.DiscardHandler)}, &out)
			for _, want := range tc.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the check does not say %q:\n%s", want, out.String())
				}
			}
		})
	}
}
