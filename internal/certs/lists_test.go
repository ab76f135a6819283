package certs_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/certs"
)

// extension is a critical one with that content.
func extension(t testing.TB, id asn1.ObjectIdentifier, value any) func(*x509.RevocationList) {
	t.Helper()
	der, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return func(l *x509.RevocationList) {
		l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{Id: id, Critical: true, Value: der})
	}
}

type userOnly struct {
	UserOnly bool `asn1:"optional,tag:1"`
}

type authoritiesOnly struct {
	AuthoritiesOnly bool `asn1:"optional,tag:2"`
}

type indirect struct {
	Indirect bool `asn1:"optional,tag:4"`
}

func TestListsThatAreRefused(t *testing.T) {
	t.Parallel()
	p, other := newPKI(t), newPKI(t)
	good := p.sub.revoke(t, nil)
	broken := append([]byte{}, good...)
	broken[len(broken)-1] ^= 1
	noSign := certify(t, p.root, "sub", authority)
	for _, tc := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"by a stranger of that name", other.sub.revoke(t, nil), "none of the authorities"},
		{"with another signature", broken, "none of the authorities"},
		{"by another key of that name", noSign.revoke(t, nil), "none of the authorities"},
		{"changes only", p.sub.revoke(t, nil, extension(t, asn1.ObjectIdentifier{2, 5, 29, 27}, 1)), "changes only"},
		{"for other issuers", p.sub.revoke(t, nil, extension(t, asn1.ObjectIdentifier{2, 5, 29, 28}, indirect{true})), "for other issuers"},
		{"about what cannot be read", p.sub.revoke(t, nil, extension(t, asn1.ObjectIdentifier{2, 5, 29, 28}, 5)), "cannot be read"},
		{"with something critical that is new", p.sub.revoke(t, nil, extension(t, asn1.ObjectIdentifier{1, 2, 3}, 5)), "nobody here knows"},
		{"no list", []byte("x"), "x509"},
		{"a certificate", inPEM(p.sub), "of another type than X509 CRL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newDir(t)
			_, err := certs.OpenLists(p.clock.Now, func() []*x509.Certificate { return plain(p.root, p.sub) }, d.write(t, "a.crl", tc.content))
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "a.crl") {
				t.Errorf("got %v, want ... %s ...", err, tc.want)
			}
		})
	}
}

func TestListsOfDifferentCertificatesStandTogether(t *testing.T) {
	t.Parallel()
	p := newPKI(t)
	about := asn1.ObjectIdentifier{2, 5, 29, 28}
	old := func(l *x509.RevocationList) { l.ThisUpdate = time.Now().Add(-time.Hour) }
	p.lists(t, p.sub.revoke(t, []*certified{p.leaf}, extension(t, about, userOnly{true}), old), p.sub.revoke(t, nil, extension(t, about, authoritiesOnly{true})))
	lists := p.Lists.Value()
	if got := lists.Look(p.sub.Certificate, p.leaf.Certificate, p.clock.Now()); got != certs.Revoked {
		t.Errorf("got %s", got)
	}
	if got := lists.Look(p.root.Certificate, p.leaf.Certificate, p.clock.Now()); got != certs.Unlisted {
		t.Errorf("another issuer: got %s", got)
	}
	if status := lists.Status(); len(status) != 2 || status[0].Issuer != "CN=sub" || status[0].Stale(p.clock.Now()) {
		t.Errorf("status: %+v", status)
	}
}

// TestAListWaitsForItsIssuer: the authority comes with the next reading of its bundle,
// and the file of the list does not change.
func TestAListWaitsForItsIssuer(t *testing.T) {
	t.Parallel()
	p, next := newPKI(t), newPKI(t)
	known := plain(p.root, p.sub)
	name := p.dir.write(t, "a.crl", p.sub.revoke(t, nil))
	s, err := certs.OpenLists(p.clock.Now, func() []*x509.Certificate { return known }, name)
	if err != nil {
		t.Fatal(err)
	}
	p.dir.write(t, "a.crl", next.sub.revoke(t, []*certified{next.leaf}))
	if _, err := s.Poll(); err == nil {
		t.Error("a list by nobody we know")
	}
	p.clock.move(time.Hour)
	known = append(known, next.sub.Certificate)
	poll(t, s, true)
	if got := s.Value().Look(next.sub.Certificate, next.leaf.Certificate, p.clock.Now()); got != certs.Revoked {
		t.Errorf("got %s", got)
	}
	if s.Status().Err != nil {
		t.Errorf("status: %v", s.Status().Err)
	}
}

// part is a list of the certificates that name one address.
type part struct {
	Point struct {
		Name struct {
			Address asn1.RawValue
		} `asn1:"tag:0"`
	} `asn1:"tag:0"`
}

func partAt(address string) part {
	var p part
	p.Point.Name.Address = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(address)}
	return p
}

type someReasons struct {
	Reasons asn1.BitString `asn1:"tag:3"`
}

// TestAListSpeaksOfSomeCertificatesOnly: of all others it says nothing good.
func TestAListSpeaksOfSomeCertificatesOnly(t *testing.T) {
	t.Parallel()
	about := asn1.ObjectIdentifier{2, 5, 29, 28}
	at := func(address string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.CRLDistributionPoints = []string{address} }
	}
	for _, tc := range []struct {
		name  string
		about any
		leaf  func(*x509.Certificate)
		want  certs.Standing
	}{
		{"of clients", userOnly{true}, nil, certs.Good},
		{"of authorities", authoritiesOnly{true}, nil, certs.Unlisted},
		{"of authorities, and it is one", authoritiesOnly{true}, authority, certs.Good},
		{"of clients, and it is an authority", userOnly{true}, authority, certs.Unlisted},
		{"of its part", partAt("http://ca/1.crl"), at("http://ca/1.crl"), certs.Good},
		{"of another part", partAt("http://ca/2.crl"), at("http://ca/1.crl"), certs.Unlisted},
		{"of a part, and it names none", partAt("http://ca/1.crl"), nil, certs.Unlisted},
		{"of some reasons", someReasons{asn1.BitString{Bytes: []byte{0x40}, BitLength: 2}}, nil, certs.Unlisted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newPKI(t)
			var changes []func(*x509.Certificate)
			if tc.leaf != nil {
				changes = append(changes, tc.leaf)
			}
			c := certify(t, p.sub, "leaf", changes...)
			p.lists(t, p.sub.revoke(t, nil, extension(t, about, tc.about)))
			if got := p.Lists.Value().Look(p.sub.Certificate, c.Certificate, p.clock.Now()); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			p.lists(t, p.sub.revoke(t, []*certified{c}, extension(t, about, tc.about)))
			if got := p.Lists.Value().Look(p.sub.Certificate, c.Certificate, p.clock.Now()); got != certs.Revoked {
				t.Errorf("on it: got %s", got)
			}
		})
	}
}
