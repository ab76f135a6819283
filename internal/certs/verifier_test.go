package certs_test

import (
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/certs"
)

// pkiOf is root -> sub -> leaf with a verifier that trusts the root.
type pkiOf struct {
	*certs.Verifier
	clock           *clock
	dir             dir
	root, sub, leaf *certified
}

func newPKI(t testing.TB, changes ...func(*x509.Certificate)) *pkiOf {
	t.Helper()
	p := &pkiOf{clock: newClock(), dir: newDir(t), root: certify(t, nil, "root", authority)}
	p.sub = certify(t, p.root, "sub", authority)
	p.leaf = certify(t, p.sub, "leaf", changes...)
	p.Verifier = &certs.Verifier{Authorities: p.dir.bundle(t, p.clock, "ca.pem", p.root)}
	return p
}

// lists makes the verifier ask for revocation.
func (p *pkiOf) lists(t testing.TB, contents ...[]byte) {
	t.Helper()
	name := p.dir.write(t, "crl.pem", armoured("X509 CRL", contents...))
	lists, err := certs.OpenLists(p.clock.Now, func() []*x509.Certificate { return plain(p.root, p.sub) }, name)
	if err != nil {
		t.Fatal(err)
	}
	p.Lists = lists
}

func reason(err error) certs.Reason {
	r, is := errors.AsType[*certs.Refusal](err)
	if !is {
		return ""
	}
	return r.Reason
}

func names(chain []*x509.Certificate) string {
	var all []string
	for _, c := range chain {
		all = append(all, c.Subject.CommonName)
	}
	return strings.Join(all, " ")
}

func TestChainsAreVerified(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	other := newPKI(t)
	client := func(change func(*x509.Certificate)) *certified { return certify(t, p.sub, "leaf", change) }
	ended := client(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	future := client(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })
	server := client(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	anything := client(func(c *x509.Certificate) { c.ExtKeyUsage = nil })
	unlimited := client(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} })
	agreement := client(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement })
	byLeaf := certify(t, p.leaf, "leaf")
	direct := certify(t, p.root, "leaf")
	for _, tc := range []struct {
		name      string
		presented []*certified
		want      string // the chain, or the reason
	}{
		{"with its issuer", []*certified{p.leaf, p.sub}, "leaf sub root"},
		{"with the root", []*certified{p.leaf, p.sub, p.root}, "leaf sub root"},
		{"by the root itself", []*certified{direct}, "leaf root"},
		{"out of order, with others among it", []*certified{p.leaf, other.sub, p.root, p.sub}, "leaf sub root"},
		{"no use is any use", []*certified{anything, p.sub}, "leaf sub root"},
		{"any use", []*certified{unlimited, p.sub}, "leaf sub root"},
		{"nothing", nil, "none"},
		{"without its issuer", []*certified{p.leaf}, "untrusted"},
		{"by others of that name", []*certified{other.leaf, other.sub, other.root}, "untrusted"},
		{"with an issuer of that name", []*certified{p.leaf, other.sub}, "untrusted"},
		{"by one that is no authority", []*certified{byLeaf, p.leaf, p.sub}, "untrusted"},
		{"expired", []*certified{ended, p.sub}, "expired"},
		{"not yet", []*certified{future, p.sub}, "not_yet_valid"},
		{"for servers", []*certified{server, p.sub}, "wrong_use"},
		{"not for signing", []*certified{agreement, p.sub}, "wrong_use"},
		{"eleven", slices.Repeat([]*certified{p.leaf}, 11), "too_long"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			chain, err := p.Verify(plain(tc.presented...), p.clock.Now())
			got := names(chain)
			if err != nil {
				got = string(reason(err))
			}
			if got != tc.want {
				t.Errorf("got %s (%v), want %s", got, err, tc.want)
			}
		})
	}
}

func TestWhatIsBetweenNeedNotBeSent(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	p.Between = p.dir.bundle(t, p.clock, "between.pem", p.sub)
	chain, err := p.Verify(plain(p.leaf), p.clock.Now())
	if err != nil || names(chain) != "leaf sub root" {
		t.Errorf("got %s, %v", names(chain), err)
	}
	if _, err := p.Verify(plain(newPKI(t).leaf), p.clock.Now()); reason(err) != certs.Untrusted {
		t.Errorf("what is between is no anchor: %v", err)
	}
}

func TestNewAuthoritiesCountAtOnce(t *testing.T) {
	t.Parallel()
	p, other := newPKI(t), newPKI(t)
	version := p.Version()
	p.dir.write(t, "ca.pem", inPEM(other.root))
	poll(t, p.Authorities, true)
	if _, err := p.Verify(plain(p.leaf, p.sub), p.clock.Now()); reason(err) != certs.Untrusted {
		t.Errorf("the old one: %v", err)
	}
	if _, err := p.Verify(plain(other.leaf, other.sub), p.clock.Now()); err != nil {
		t.Errorf("the new one: %v", err)
	}
	if p.Version() == version {
		t.Error("the version is the same")
	}
}

func TestRevocation(t *testing.T) {
	t.Parallel()
	hour := func(l *x509.RevocationList) { l.NextUpdate = time.Now().Add(time.Hour) }
	due := func(l *x509.RevocationList) { l.NextUpdate = time.Now().Add(-time.Second) }
	future := func(l *x509.RevocationList) {
		l.ThisUpdate, l.NextUpdate = time.Now().Add(10*time.Minute), time.Now().Add(time.Hour)
	}
	for _, tc := range []struct {
		name  string
		lists func(p *pkiOf) [][]byte
		set   func(v *certs.Verifier)
		want  certs.Reason
	}{
		{"on no list", func(p *pkiOf) [][]byte { return [][]byte{p.sub.revoke(t, nil)} }, nil, ""},
		{"on the list", func(p *pkiOf) [][]byte { return [][]byte{p.sub.revoke(t, []*certified{p.leaf})} }, nil, certs.WasRevoked},
		{"that serial by another issuer", func(p *pkiOf) [][]byte { return [][]byte{p.sub.revoke(t, nil), p.root.revoke(t, []*certified{p.leaf})} }, nil, ""},
		{"its issuer is on the root's", func(p *pkiOf) [][]byte { return [][]byte{p.sub.revoke(t, nil), p.root.revoke(t, []*certified{p.sub})} }, nil, certs.WasRevoked},
		{"no list of its issuer", func(p *pkiOf) [][]byte { return [][]byte{p.root.revoke(t, nil)} }, nil, certs.ListMissing},
		{"the next one is due", func(p *pkiOf) [][]byte { return [][]byte{p.sub.revoke(t, nil, due)} }, nil, certs.ListStale},
		{"the next one is due, allowed", func(p *pkiOf) [][]byte { return [][]byte{p.sub.revoke(t, nil, due)} }, func(v *certs.Verifier) { v.AllowStaleLists = true }, ""},
		{"on a list whose next one is due", func(p *pkiOf) [][]byte { return [][]byte{p.sub.revoke(t, []*certified{p.leaf}, due)} }, func(v *certs.Verifier) { v.AllowStaleLists = true }, certs.WasRevoked},
		{"a list of the future", func(p *pkiOf) [][]byte { return [][]byte{p.sub.revoke(t, nil, future)} }, nil, certs.ListStale},
		{"the root's is due", func(p *pkiOf) [][]byte { return [][]byte{p.sub.revoke(t, nil), p.root.revoke(t, nil, due)} }, nil, certs.ListStale},
		{"the newer of two counts", func(p *pkiOf) [][]byte {
			old := func(l *x509.RevocationList) { l.ThisUpdate = time.Now().Add(-time.Hour) }
			return [][]byte{p.sub.revoke(t, nil, hour), p.sub.revoke(t, []*certified{p.leaf}, old, hour)}
		}, nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newPKI(t)
			p.lists(t, tc.lists(p)...)
			if tc.set != nil {
				tc.set(p.Verifier)
			}
			_, err := p.Verify(plain(p.leaf, p.sub), p.clock.Now())
			if got := reason(err); got != tc.want {
				t.Errorf("verify: got %q (%v), want %q", got, err, tc.want)
			}
			if got := reason(p.Still(plain(p.leaf, p.sub, p.root), p.clock.Now())); got != tc.want {
				t.Errorf("still: got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestTheEndAndTheListAreSeenLater: a session of yesterday, its certificate of today.
func TestTheEndAndTheListAreSeenLater(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	p.lists(t, p.sub.revoke(t, nil, func(l *x509.RevocationList) { l.NextUpdate = time.Now().Add(48 * time.Hour) }))
	chain, err := p.Verify(plain(p.leaf, p.sub), p.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]certs.Reason{0: "", 23 * time.Hour: "", 25 * time.Hour: certs.Expired, -2 * time.Hour: certs.NotYet} {
		if got := reason(p.Still(chain, p.clock.Now().Add(after))); got != want {
			t.Errorf("after %s: got %q, want %q", after, got, want)
		}
	}
	p.dir.write(t, "crl.pem", armoured("X509 CRL", p.sub.revoke(t, []*certified{p.leaf})))
	version := p.Version()
	poll(t, p.Lists, true)
	if got := reason(p.Still(chain, p.clock.Now())); got != certs.WasRevoked || p.Version() == version {
		t.Errorf("after the new list: got %q", got)
	}
	if got := reason(p.Still(nil, p.clock.Now())); got != certs.NothingShown {
		t.Errorf("nothing: got %q", got)
	}
}

// TestAWayThatStandsIsEnough: the issuer has two certificates, one of them revoked.
func TestAWayThatStandsIsEnough(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	other := certify(t, nil, "other root", authority)
	cross := certifyKey(t, other, "sub", p.sub.key, authority)
	p.dir.write(t, "ca.pem", inPEM(p.root, other))
	poll(t, p.Authorities, true)
	p.lists(t, p.sub.revoke(t, nil), p.root.revoke(t, []*certified{p.sub}))
	chain, err := p.Verify(plain(p.leaf, p.sub, cross), p.clock.Now())
	if err != nil || names(chain) != "leaf sub other root" {
		t.Errorf("got %s, %v", names(chain), err)
	}
}
