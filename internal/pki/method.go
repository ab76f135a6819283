package pki

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

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

// Method takes client certificates as the proof of each request.
type Method struct {
	cfg     Config
	format  Format // of from: header
	trusted peer.Trusted
	judge   *certs.Judge // nil: the front has verified
	es      *elastic.Client
	now     func() time.Time
	log     *slog.Logger
	alarm   func(string)
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
	files := certs.Files{CA: c.CA, Intermediates: c.Intermediates, CRL: c.CRL, AllowStaleLists: c.StaleCRL == accept}
	m.judge, err = certs.NewJudge(d.Now, files, func(err error) {
		m.log.Warn("a file of client certificates has changed and cannot be used; the last good one stays", "error.message", err.Error())
	})
	return m, err
}

// Start implements login.Method. A certificate leads to no page: it is there, or not.
func (m *Method) Start(context.Context, login.Ask) (login.Step, error) {
	return login.Step{}, fault.New(fault.NotFound, "A certificate is shown with each request; there is no page to sign in with it.")
}

// Routes implements login.Method: there are none.
func (m *Method) Routes() []login.Route { return nil }

// Claims implements login.Prover.
func (m *Method) Claims() []string { return m.format.Headers }

// Authorities implements login.Prover: what stands between is among them, since a client
// may have its own certificate alone.
func (m *Method) Authorities() []*x509.Certificate {
	if m.cfg.From != fromTLS {
		return nil
	}
	m.judge.Look()
	return m.judge.Issuers()
}

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
	if m.judge == nil && shown.State != Verified {
		return login.Proof{}, false, m.refused(r.Context(), &certs.Refusal{Reason: certs.Untrusted, Err: errors.New("the front does not say that it has verified it")})
	}
	chain, err := m.verify(shown.Chain)
	if err != nil {
		return login.Proof{}, false, m.refused(r.Context(), err)
	}
	return login.Proof{
		ID: chain.ID, Chain: chain.Raw, Holder: chain.Holder, Until: chain.Ends, Realm: m.cfg.Realm,
		Delegate: func(ctx context.Context) (elastic.Grant, error) { return m.es.DelegatePKI(ctx, chain.Raw) },
	}, true, nil
}

// Compare implements login.Prover. Two chains are the same if the client's own
// certificate is: what comes with it of its issuers may differ.
func (m *Method) Compare(r *http.Request, chain [][]byte) login.Showing {
	shown, err := m.shown(r)
	refusal, refused := errors.AsType[*Refusal](err)
	switch {
	case refused && refusal.Reason == NotVerified:
		return login.ShowsRefused
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
	if m.judge == nil {
		return false, nil // its end is the session's, and of the rest the front alone knows
	}
	if _, err = m.judge.VerifyRaw(chain); err == nil {
		return false, nil
	}
	refusal, ok := errors.AsType[*certs.Refusal](err)
	passing := ok && slices.Contains([]certs.Reason{certs.NotYet, certs.ListStale, certs.ListMissing}, refusal.Reason)
	return !passing, m.refused(ctx, err)
}

// shown is what came with a request. The zero value: nobody has spoken of a certificate,
// or somebody who may not speak for others.
func (m *Method) shown(r *http.Request) (Presented, error) {
	if m.cfg.From == fromTLS {
		switch {
		case r.TLS == nil:
			return Presented{}, nil
		case m.trusted.Listed(r):
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

// verify judges a chain. Of what a front has verified only the client's own certificate
// counts: of the others it has used those that it needed.
func (m *Method) verify(shown []*x509.Certificate) (certs.Chain, error) {
	if m.judge != nil {
		return m.judge.Verify(shown)
	}
	now, own := m.now(), shown[0]
	switch {
	case now.After(own.NotAfter):
		return certs.Chain{}, &certs.Refusal{Reason: certs.Expired}
	case now.Before(own.NotBefore):
		return certs.Chain{}, &certs.Refusal{Reason: certs.NotYet}
	}
	chain := certs.ChainOf(shown)
	chain.Ends = own.NotAfter
	return chain, nil
}

// Warnings implements login.Warner.
func (m *Method) Warnings() []string {
	if m.judge == nil {
		return nil
	}
	return m.judge.Warnings()
}

// Lists implements login.Lister.
func (m *Method) Lists() []certs.ListStatus {
	if m.judge == nil {
		return nil
	}
	return m.judge.Lists()
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
