package pki

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/esgateway/esgateway/internal/certs"
	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/peer"
	"github.com/esgateway/esgateway/internal/web"
)

var (
	_ login.Method = (*Method)(nil)
	_ login.Prover = (*Method)(nil)
	_ login.Warner = (*Method)(nil)
	_ login.Lister = (*Method)(nil)
)

const (
	// pollEvery is how often the files are looked at, while requests come.
	pollEvery = 5 * time.Second
	// maxVerified bounds the chains that need not be verified again.
	maxVerified = 10_000
)

// Method takes client certificates as the proof of each request.
type Method struct {
	cfg      Config
	format   Format // of from: header
	trusted  peer.Trusted
	verifier *certs.Verifier // nil: the front has verified
	poll     func() error
	es       *elastic.Client
	now      func() time.Time
	log      *slog.Logger
	alarm    func(string)

	polled   atomic.Int64 // when, in nanoseconds
	verified verified
}

// NewMethod makes the method. Errors: a file that cannot be read.
func NewMethod(d login.Deps, c Config) (*Method, error) {
	if d.Elastic == nil || d.Now == nil {
		return nil, errors.New("pki: a method needs Elasticsearch and a clock")
	}
	m := &Method{cfg: c, trusted: d.Trusted, es: d.Elastic, now: d.Now, log: d.Log, alarm: d.Alarm}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	if m.alarm == nil {
		m.alarm = func(string) {}
	}
	var err error
	if c.From == fromTLS && !d.ClientCertificates {
		return nil, errors.New("from: tls needs listen.client_certificates: request or require; without it no client is asked for a certificate")
	}
	if c.From == fromHeader {
		if m.format, err = c.format(); err != nil {
			return nil, err
		}
	}
	if c.CA == "" {
		return m, nil
	}
	if m.verifier, m.poll, err = open(c, d.Now); err != nil {
		return nil, err
	}
	m.polled.Store(d.Now().UnixNano())
	return m, nil
}

// open opens the files that chains are judged by.
func open(c Config, now func() time.Time) (*certs.Verifier, func() error, error) {
	v := &certs.Verifier{AllowStaleLists: c.StaleCRL == accept}
	var polls []func() (bool, error)
	var err error
	if v.Authorities, err = certs.OpenBundle(now, c.CA); err != nil {
		return nil, nil, fmt.Errorf("ca: %w", err)
	}
	polls = append(polls, v.Authorities.Poll)
	if c.Intermediates != "" {
		if v.Between, err = certs.OpenBundle(now, c.Intermediates); err != nil {
			return nil, nil, fmt.Errorf("intermediates: %w", err)
		}
		polls = append(polls, v.Between.Poll)
	}
	if c.CRL != "" {
		issuers := func() []*x509.Certificate {
			all := v.Authorities.Value().Certificates()
			if v.Between != nil {
				all = append(all, v.Between.Value().Certificates()...)
			}
			return all
		}
		if v.Lists, err = certs.OpenLists(now, issuers, c.CRL); err != nil {
			return nil, nil, fmt.Errorf("crl: %w", err)
		}
		polls = append(polls, v.Lists.Poll)
	}
	return v, func() error {
		var all error
		for _, poll := range polls {
			_, err := poll()
			all = errors.Join(all, err)
		}
		return all
	}, nil
}

// Start implements login.Method. A certificate leads to no page: it is there, or not.
func (m *Method) Start(context.Context, login.Ask) (login.Step, error) {
	return login.Step{}, fault.New(fault.NotFound, "A certificate is shown with each request; there is no page to sign in with it.")
}

// Routes implements login.Method: there are none.
func (m *Method) Routes() []login.Route { return nil }

// Claims implements login.Prover.
func (m *Method) Claims() []string { return m.format.Headers }

// Browsers implements login.Prover.
func (m *Method) Browsers() bool { return m.cfg.Browsers }

// Prove implements login.Prover. Trust is judged once for each chain and anew whenever
// a file has changed; its end and its revocation at every request, since nobody behind
// us looks again.
func (m *Method) Prove(r *http.Request) (login.Proof, bool, error) {
	shown, err := m.shown(r)
	if err != nil {
		return login.Proof{}, false, m.unreadable(r.Context(), err)
	}
	if len(shown.Chain) == 0 {
		return login.Proof{}, false, nil
	}
	if m.verifier == nil && shown.State != Verified {
		return login.Proof{}, false, m.refused(r.Context(), &certs.Refusal{Reason: certs.Untrusted, Err: errors.New("the front does not say that it has verified it")})
	}
	chain, err := m.judge(idOf(shown.Chain), shown.Chain)
	if err != nil {
		return login.Proof{}, false, m.refused(r.Context(), err)
	}
	return login.Proof{
		ID: idOf(chain), Chain: raw(chain), Holder: holder(chain[0]), Until: m.ends(chain), Realm: m.cfg.Realm,
		Delegate: func(ctx context.Context) (elastic.Grant, error) { return m.es.DelegatePKI(ctx, raw(chain)) },
	}, true, nil
}

// Compare implements login.Prover. Two chains are the same if the client's own
// certificate is: what comes with it of its issuers may differ.
func (m *Method) Compare(r *http.Request, chain [][]byte) login.Showing {
	shown, err := m.shown(r)
	switch {
	case err != nil, len(chain) == 0:
		return login.ShowsUnknown
	case len(shown.Chain) == 0 && shown.State == None:
		return login.ShowsNone
	case len(shown.Chain) == 0:
		return login.ShowsUnknown
	case bytes.Equal(shown.Chain[0].Raw, chain[0]):
		return login.ShowsSame
	}
	return login.ShowsAnother
}

// Stands implements login.Prover.
func (m *Method) Stands(ctx context.Context, chain [][]byte) (over bool, err error) {
	if m.verifier == nil {
		return false, nil // its end is the session's, and of the rest the front alone knows
	}
	if err = m.stands(chain); err == nil {
		return false, nil
	}
	refusal, ok := errors.AsType[*certs.Refusal](err)
	passing := ok && slices.Contains([]certs.Reason{certs.NotYet, certs.ListStale, certs.ListMissing}, refusal.Reason)
	return !passing, m.refused(ctx, err)
}

func (m *Method) stands(chain [][]byte) error {
	id := idOfRaw(chain)
	m.pollNow(m.now())
	if known, ok := m.verified.get(id, m.verifier.Version()); ok {
		return m.verifier.Still(known, m.now())
	}
	parsed := make([]*x509.Certificate, 0, len(chain))
	for _, der := range chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("the certificate of a session: %w", err)
		}
		parsed = append(parsed, c)
	}
	_, err := m.judge(id, parsed)
	return err
}

// shown is what came with a request. The zero value: nobody has spoken of a certificate,
// or somebody who may not speak for others.
func (m *Method) shown(r *http.Request) (Presented, error) {
	if m.cfg.From == fromTLS {
		switch {
		case r.TLS == nil:
			return Presented{}, nil
		case m.trusted.Is(r):
			if len(r.TLS.PeerCertificates) > 0 {
				m.log.InfoContext(r.Context(), "the certificate of a peer in listen.trusted_proxies is its own, and that of none of its clients", "http.request.id", web.RequestID(r.Context()))
			}
			return Presented{}, nil
		case len(r.TLS.PeerCertificates) == 0:
			return Presented{State: None}, nil
		}
		return Presented{Chain: r.TLS.PeerCertificates}, nil // the handshake has proven that the client has the key
	}
	if !m.trusted.Is(r) {
		for _, name := range m.format.Headers {
			if r.Header.Get(name) != "" {
				m.alarm("certificate_header_of_untrusted_peer")
				break
			}
		}
		return Presented{}, nil
	}
	return m.format.Read(r.Header)
}

// unreadable is the fault of a header that a trusted peer has written.
func (m *Method) unreadable(ctx context.Context, err error) error {
	m.alarm("certificate_header_refused")
	m.log.WarnContext(ctx, "a certificate header of a trusted peer is refused", "error.message", err.Error())
	return &fault.Error{
		Kind: fault.LoginRequired, Cause: "certificate_header", Err: err,
		Public: "The client certificate cannot be read as the load balancer hands it on.",
		Hint:   "Tell your administrator.",
	}
}

// judge verifies a chain, or finds that it stands.
func (m *Method) judge(id string, shown []*x509.Certificate) ([]*x509.Certificate, error) {
	now := m.now()
	if m.verifier == nil {
		switch own := shown[0]; { // of the others the front has used those that it needed
		case now.After(own.NotAfter):
			return nil, &certs.Refusal{Reason: certs.Expired}
		case now.Before(own.NotBefore):
			return nil, &certs.Refusal{Reason: certs.NotYet}
		}
		return shown, nil
	}
	m.pollNow(now)
	version := m.verifier.Version()
	if chain, ok := m.verified.get(id, version); ok {
		return chain, m.verifier.Still(chain, now)
	}
	chain, err := m.verifier.Verify(shown, now)
	if err != nil {
		return nil, err
	}
	m.verified.put(id, version, chain)
	return chain, nil
}

// pollNow looks at the files, one request at a time and not too often.
func (m *Method) pollNow(now time.Time) {
	last := m.polled.Load()
	if now.UnixNano()-last < int64(pollEvery) || !m.polled.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	if err := m.poll(); err != nil {
		m.log.Warn("a file of client certificates has changed and cannot be used; the last good one stays", "error.message", err.Error())
	}
}

// Warnings implements login.Warner.
func (m *Method) Warnings() []string {
	if m.verifier == nil {
		return nil
	}
	m.pollNow(m.now())
	var all []string
	note := func(what string, s certs.Status) {
		if s.Err != nil {
			all = append(all, what+" cannot be used as it is since "+s.Since.UTC().Format(time.RFC3339)+"; the last good one stays: "+s.Err.Error())
		}
	}
	note("ca", m.verifier.Authorities.Status())
	if m.verifier.Between != nil {
		note("intermediates", m.verifier.Between.Status())
	}
	if m.verifier.Lists == nil {
		return all
	}
	note("crl", m.verifier.Lists.Status())
	for _, one := range m.verifier.Lists.Value().Status() {
		if one.Stale(m.now()) {
			all = append(all, "a revocation list is overdue: "+one.File)
		}
	}
	return all
}

// ListsDue implements login.Lister.
func (m *Method) ListsDue() []time.Time {
	if m.verifier == nil || m.verifier.Lists == nil {
		return nil
	}
	m.pollNow(m.now())
	var all []time.Time
	for _, one := range m.verifier.Lists.Value().Status() {
		all = append(all, one.NextUpdate)
	}
	return all
}

// saying is what a client reads of a reason.
func saying(reason certs.Reason) string {
	switch reason {
	case certs.Expired:
		return "Your client certificate has ended."
	case certs.NotYet:
		return "Your client certificate is not valid yet."
	case certs.WasRevoked:
		return "Your client certificate was revoked."
	case certs.WrongUse:
		return "Your certificate was not made for clients."
	case certs.ListStale, certs.ListMissing:
		return "Nobody can say at the moment whether your client certificate was revoked."
	}
	return "Your client certificate is not trusted here."
}

// refused is the fault of a certificate that does not count.
func (m *Method) refused(ctx context.Context, err error) error {
	refusal, ok := errors.AsType[*certs.Refusal](err)
	if !ok {
		return fault.Because(fault.Internal, err)
	}
	m.alarm("certificate_refused")
	m.log.InfoContext(ctx, "a client certificate is refused", "event.reason", string(refusal.Reason), "error.message", err.Error())
	return &fault.Error{
		Kind: fault.LoginRequired, Cause: "certificate_" + string(refusal.Reason), Public: saying(refusal.Reason),
		Hint: "Show another certificate, or sign in in another way.", Err: err,
	}
}

// ends is when the first certificate of a chain ends. Where the front has verified, a
// chain is what was shown, and only the client's own certificate counts.
func (m *Method) ends(chain []*x509.Certificate) time.Time {
	end := chain[0].NotAfter
	if m.verifier == nil {
		return end
	}
	for _, c := range chain[1:] {
		if c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end
}

// idOf names a chain by all of its bytes. Nothing is ever derived from the names in it.
func idOf(chain []*x509.Certificate) string { return idOfRaw(raw(chain)) }

func idOfRaw(chain [][]byte) string {
	h := sha256.New()
	for _, der := range chain {
		_, _ = fmt.Fprintf(h, "%d:", len(der)) // a hash never fails
		_, _ = h.Write(der)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// maxHolder bounds what people see of a holder.
const maxHolder = 80

// holder is what a certificate calls its holder: for people to read, and for nothing else.
func holder(c *x509.Certificate) string {
	names := append([]string{c.Subject.CommonName}, c.EmailAddresses...)
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

func raw(chain []*x509.Certificate) [][]byte {
	all := make([][]byte, 0, len(chain))
	for _, c := range chain {
		all = append(all, c.Raw)
	}
	return all
}

// verified are chains that were verified, by what came. A full table is emptied. Its
// zero value is ready.
type verified struct {
	mu sync.RWMutex
	of map[string]verifiedChain // guarded by mu
}

type verifiedChain struct {
	version uint64
	chain   []*x509.Certificate
}

// get returns the chain if nothing has changed since it was verified.
func (v *verified) get(id string, version uint64) ([]*x509.Certificate, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	known, ok := v.of[id]
	return known.chain, ok && known.version == version
}

func (v *verified) put(id string, version uint64, chain []*x509.Certificate) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.of == nil || len(v.of) >= maxVerified {
		v.of = map[string]verifiedChain{}
	}
	v.of[id] = verifiedChain{version, chain}
}
