package certs

import (
	"cmp"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Standing is what the revocation lists say of a certificate.
type Standing string

// The standings.
const (
	// Good: a list in force covers the issuer, and the certificate is not on it.
	Good Standing = "good"
	// Revoked: it is on a list of its issuer, however old that is.
	Revoked Standing = "revoked"
	// Stale: it is on none, and a list of its issuer is not in force: its next one is
	// due, or it is of the future.
	Stale Standing = "stale"
	// Unlisted: its issuer has no list that speaks of it.
	Unlisted Standing = "unlisted"
)

// Lists are revocation lists by issuer. They are immutable.
type Lists struct {
	byIssuer map[issuerKey][]*list // the newest of each scope
}

// An issuerKey is an issuer's name and public key: the same authority may have several
// certificates.
type issuerKey struct{ name, key string }

// A list is one file's list.
type list struct {
	status  ListStatus
	about   distribution        // which certificates it is about
	scope   string              // the same, as octets
	revoked map[string]struct{} // by the octets of the serial number
}

// ListStatus is a list for operators' eyes.
type ListStatus struct {
	File       string
	Issuer     string // as text, for reading only
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    int
}

// skew is how far a list may be of the future: its authority's clock is not ours.
const skew = 5 * time.Minute

// Stale reports whether a list is not in force at a time.
func (s ListStatus) Stale(at time.Time) bool {
	return !at.Before(s.NextUpdate) || at.Before(s.ThisUpdate.Add(-skew))
}

// OpenLists reads revocation lists, in PEM or DER. Each must be signed by one of
// issuers, which is asked at each reading. Lists that tell changes only, or that speak
// for other issuers, are refused. That a list is stale is no error of the file: what
// follows from it is the Verifier's setting.
func OpenLists(now func() time.Time, issuers func() []*x509.Certificate, names ...string) (*Source[*Lists], error) {
	return open(now, names, func(files []file) (*Lists, error) {
		known := issuers()
		lists := &Lists{byIssuer: map[issuerKey][]*list{}}
		for _, f := range files {
			blocks, err := f.blocks("X509 CRL")
			if err != nil {
				return nil, err
			}
			for _, der := range blocks {
				if err := lists.read(f.name, der, known); err != nil {
					return nil, fmt.Errorf("%s: %w", f.name, err)
				}
			}
		}
		return lists, nil
	})
}

// read checks one list and puts it in, for each issuer of that name and key.
func (l *Lists) read(name string, der []byte, known []*x509.Certificate) error {
	parsed, err := x509.ParseRevocationList(der)
	if err != nil {
		return err
	}
	about, scope, err := scopeOf(parsed)
	if err != nil {
		return err
	}
	if parsed.NextUpdate.IsZero() {
		return errors.New("the list does not say when the next one comes")
	}
	signer := slices.IndexFunc(known, func(c *x509.Certificate) bool {
		return string(c.RawSubject) == string(parsed.RawIssuer) && parsed.CheckSignatureFrom(c) == nil
	})
	if signer < 0 {
		return errors.New("none of the authorities that are known has signed the list")
	}
	one := &list{
		status: ListStatus{
			File: name, Issuer: parsed.Issuer.String(), ThisUpdate: parsed.ThisUpdate, NextUpdate: parsed.NextUpdate,
			Entries: len(parsed.RevokedCertificateEntries),
		},
		about:   about,
		scope:   scope,
		revoked: make(map[string]struct{}, len(parsed.RevokedCertificateEntries)),
	}
	for _, entry := range parsed.RevokedCertificateEntries {
		one.revoked[string(entry.SerialNumber.Bytes())] = struct{}{}
	}
	l.put(issuerKey{string(known[signer].RawSubject), string(known[signer].RawSubjectPublicKeyInfo)}, one)
	return nil
}

// put keeps the newer of two lists of one scope.
func (l *Lists) put(key issuerKey, one *list) {
	for i, other := range l.byIssuer[key] {
		if other.scope == one.scope {
			if one.status.ThisUpdate.After(other.status.ThisUpdate) {
				l.byIssuer[key][i] = one
			}
			return
		}
	}
	l.byIssuer[key] = append(l.byIssuer[key], one)
}

// distribution is the beginning of IssuingDistributionPoint (RFC 5280 section 5.2.5).
type distribution struct {
	Point           asn1.RawValue  `asn1:"optional,tag:0"`
	UserOnly        bool           `asn1:"optional,tag:1"`
	AuthoritiesOnly bool           `asn1:"optional,tag:2"`
	Reasons         asn1.BitString `asn1:"optional,tag:3"`
	Indirect        bool           `asn1:"optional,tag:4"`
	AttributesTo    bool           `asn1:"optional,tag:5"`
}

// scopeOf tells lists of one issuer apart that are about different certificates. What
// must be understood and is not makes a list useless (RFC 5280 section 5.2).
func scopeOf(parsed *x509.RevocationList) (about distribution, scope string, err error) {
	for _, extension := range parsed.Extensions {
		switch extension.Id.String() {
		case "2.5.29.27":
			return about, "", errors.New("the list tells changes only; name a whole one")
		case "2.5.29.28":
			if _, err := asn1.Unmarshal(extension.Value, &about); err != nil {
				return about, "", errors.New("what the list is about cannot be read")
			}
			if about.Indirect || about.AttributesTo {
				return about, "", errors.New("the list speaks for other issuers")
			}
			scope = string(extension.Value)
		default:
			if extension.Critical {
				return about, "", fmt.Errorf("the list has an extension that nobody here knows (%s)", extension.Id)
			}
		}
	}
	return about, scope, nil
}

// speaksOf reports whether a certificate that is not on the list is good by it. One
// that is on it is revoked in any case.
func (d distribution) speaksOf(c *x509.Certificate) bool {
	switch {
	case d.UserOnly && c.IsCA, d.AuthoritiesOnly && !c.IsCA, d.Reasons.BitLength > 0:
		return false
	case len(d.Point.Bytes) == 0:
		return true
	}
	return slices.ContainsFunc(d.addresses(), func(one string) bool { return slices.Contains(c.CRLDistributionPoints, one) })
}

// addresses are where a part of an issuer's list is published; its certificates name
// the address of their part (RFC 5280 section 5.2.5).
func (d distribution) addresses() []string {
	var name asn1.RawValue
	if _, err := asn1.Unmarshal(d.Point.Bytes, &name); err != nil || name.Tag != 0 {
		return nil // relative to the issuer: nobody here can tell
	}
	const uri = 6
	var all []string
	for rest := name.Bytes; len(rest) > 0; {
		var one asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &one); err != nil {
			return nil
		}
		if one.Tag == uri {
			all = append(all, string(one.Bytes))
		}
	}
	return all
}

// Look says how a certificate of that issuer stands.
func (l *Lists) Look(issuer, c *x509.Certificate, at time.Time) Standing {
	lists := l.byIssuer[issuerKey{string(issuer.RawSubject), string(issuer.RawSubjectPublicKeyInfo)}] // copies nothing
	standing := Unlisted
	for _, one := range lists {
		if _, revoked := one.revoked[string(c.SerialNumber.Bytes())]; revoked {
			return Revoked
		}
		if !one.about.speaksOf(c) {
			continue
		}
		if one.status.Stale(at) {
			standing = Stale
		} else if standing == Unlisted {
			standing = Good
		}
	}
	return standing
}

// Status are the lists in use, by file.
func (l *Lists) Status() []ListStatus {
	var all []ListStatus
	for _, lists := range l.byIssuer {
		for _, one := range lists {
			all = append(all, one.status)
		}
	}
	slices.SortFunc(all, func(a, b ListStatus) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Issuer, b.Issuer)) })
	return all
}
