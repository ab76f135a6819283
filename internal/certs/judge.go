package certs

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/esgateway/esgateway/internal/kept"
)

// maxKnown bounds the chains that need not be verified again.
const maxKnown = 10_000

// Files are what chains are judged by, in PEM. Only CA must be there.
type Files struct {
	// CA are the authorities; Intermediates what stands between them and clients; CRL
	// their revocation lists, in DER too.
	CA, Intermediates, CRL string
	// AllowStaleLists is that of Verifier.
	AllowStaleLists bool
}

// Judge is a Verifier for every request. While it is asked it looks at its files again,
// and it verifies a chain once for as long as they stay the same; the end of the chain and
// its revocation it looks at each time. It is safe for concurrent use.
type Judge struct {
	verifier *Verifier
	now      func() time.Time
	wrong    func(error)

	turn  *Turn
	known *kept.Table[string, knownChain] // by what came
}

// Chain is a chain that counts.
type Chain struct {
	// ID names it by a hash of all of its bytes, and of nothing else.
	ID string
	// Certificates are the chain up to its authority, the client's own first.
	Certificates []*x509.Certificate
	// Raw is the same in DER. It must not be changed.
	Raw [][]byte
	// Holder is what the client's own certificate calls its holder: for people to read,
	// and for nothing else.
	Holder string
	// Ends is when the first certificate of it ends.
	Ends time.Time
}

// NewJudge opens the files. wrong hears of files that have changed and cannot be used:
// the last good ones stay. Errors name the setting.
func NewJudge(now func() time.Time, f Files, wrong func(error)) (*Judge, error) {
	v := &Verifier{AllowStaleLists: f.AllowStaleLists}
	var err error
	if v.Authorities, err = OpenBundle(now, f.CA); err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	if f.Intermediates != "" {
		if v.Between, err = OpenBundle(now, f.Intermediates); err != nil {
			return nil, fmt.Errorf("intermediates: %w", err)
		}
	}
	j := &Judge{verifier: v, now: now, wrong: wrong, turn: NewTurn(now()), known: kept.New[string, knownChain](maxKnown)}
	if f.CRL != "" {
		if v.Lists, err = OpenLists(now, j.Issuers, f.CRL); err != nil {
			return nil, fmt.Errorf("crl: %w", err)
		}
	}
	return j, nil
}

// Verify judges what a client has shown, its own certificate first. Errors are of type
// *Refusal.
func (j *Judge) Verify(shown []*x509.Certificate) (Chain, error) {
	return j.judge(nameOf(raw(shown)), func(now time.Time) ([]*x509.Certificate, error) { return j.verifier.Verify(shown, now) })
}

// VerifyRaw judges a chain in DER that Verify has given before. Errors are of type *Refusal.
func (j *Judge) VerifyRaw(der [][]byte) (Chain, error) {
	return j.judge(nameOf(der), func(now time.Time) ([]*x509.Certificate, error) {
		var all []*x509.Certificate
		for _, one := range der {
			c, err := x509.ParseCertificate(one)
			if err != nil {
				return nil, &Refusal{Reason: Untrusted, Err: err}
			}
			all = append(all, c)
		}
		return j.verifier.Again(all, now)
	})
}

func (j *Judge) judge(as string, verify func(now time.Time) ([]*x509.Certificate, error)) (Chain, error) {
	j.Look()
	now, version := j.now(), j.verifier.Version()
	if known, ok := j.known.Get(as); ok && known.version == version {
		return known.chain, j.verifier.Still(known.chain.Certificates, now)
	}
	verified, err := verify(now)
	if err != nil {
		return Chain{}, err
	}
	chain := ChainOf(verified)
	j.known.Put(as, knownChain{version, chain})
	return chain, nil
}

// Look reads the files again if they have changed, one caller at a time and not too
// often.
func (j *Judge) Look() {
	if !j.turn.Mine(j.now()) {
		return
	}
	_, err := j.verifier.Authorities.Poll()
	if j.verifier.Between != nil {
		_, again := j.verifier.Between.Poll()
		err = errors.Join(err, again)
	}
	if j.verifier.Lists != nil {
		_, again := j.verifier.Lists.Poll()
		err = errors.Join(err, again)
	}
	if err != nil {
		j.wrong(err)
	}
}

// Warnings are what an operator should know: files that cannot be used as they are, and
// lists that are overdue.
func (j *Judge) Warnings() []string {
	j.Look()
	var all []string
	note := func(what string, s Status) {
		if s.Err != nil {
			all = append(all, what+" cannot be used as it is since "+s.Since.UTC().Format(time.RFC3339)+"; the last good one stays: "+s.Err.Error())
		}
	}
	note("ca", j.verifier.Authorities.Status())
	if j.verifier.Between != nil {
		note("intermediates", j.verifier.Between.Status())
	}
	if j.verifier.Lists == nil {
		return all
	}
	note("crl", j.verifier.Lists.Status())
	for _, one := range j.verifier.Lists.Value().Status() {
		if one.Stale(j.now()) {
			all = append(all, "a revocation list is overdue: "+one.File)
		}
	}
	return all
}

// Authorities are the anchors of trust in use.
func (j *Judge) Authorities() []*x509.Certificate {
	return j.verifier.Authorities.Value().Certificates()
}

// Issuers are the authorities, and what stands between them and clients.
func (j *Judge) Issuers() []*x509.Certificate {
	all := j.Authorities()
	if j.verifier.Between != nil {
		all = append(all, j.verifier.Between.Value().Certificates()...)
	}
	return all
}

// Lists are the revocation lists in use.
func (j *Judge) Lists() []ListStatus {
	if j.verifier.Lists == nil {
		return nil
	}
	j.Look()
	return j.verifier.Lists.Value().Status()
}

// ChainOf is a chain that somebody has verified.
func ChainOf(all []*x509.Certificate) Chain {
	chain := Chain{Certificates: all, Raw: raw(all), Holder: holder(all[0]), Ends: all[0].NotAfter}
	chain.ID = nameOf(chain.Raw)
	for _, c := range all[1:] {
		if c.NotAfter.Before(chain.Ends) {
			chain.Ends = c.NotAfter
		}
	}
	return chain
}

// nameOf is a hash of all bytes of a chain. Nothing is ever derived from the names in it.
func nameOf(chain [][]byte) string {
	h := sha256.New()
	var sum [sha256.Size]byte
	for _, der := range chain {
		_, _ = h.Write(binary.BigEndian.AppendUint64(sum[:0], uint64(len(der)))) // a hash never fails
		_, _ = h.Write(der)
	}
	return string(h.Sum(sum[:0]))
}

func raw(chain []*x509.Certificate) [][]byte {
	all := make([][]byte, len(chain))
	for i, c := range chain {
		all[i] = c.Raw
	}
	return all
}

// maxHolder bounds what people see of a holder.
const maxHolder = 80

func holder(c *x509.Certificate) string {
	names := slices.Concat([]string{c.Subject.CommonName}, c.EmailAddresses)
	for _, u := range c.URIs {
		names = append(names, u.String())
	}
	for _, name := range append(names, c.DNSNames...) {
		printable := strings.Map(func(r rune) rune {
			if !unicode.IsGraphic(r) {
				return -1
			}
			return r
		}, strings.TrimSpace(name))
		if runes := []rune(printable); len(runes) > 0 {
			return string(runes[:min(len(runes), maxHolder)])
		}
	}
	return "the holder of certificate " + c.SerialNumber.Text(16)
}

// knownChain is a chain that was verified while the files had that version.
type knownChain struct {
	version uint64
	chain   Chain
}
