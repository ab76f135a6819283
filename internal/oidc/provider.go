package oidc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// fetchTime bounds a look at the provider.
	fetchTime = 5 * time.Second
	// maxDocument bounds what it may say.
	maxDocument = 1 << 20
	// documentLife is how long its document is good for without another look.
	documentLife = time.Hour
	// documentRest is how long a failure is repeated, so that an outage of the provider
	// costs each sign-in nothing.
	documentRest = 10 * time.Second
)

// errOther says that the document there is not this provider's.
var errOther = errors.New("the provider is set up wrong")

// errUnreachable says that the provider did not answer, or nothing that can be read.
var errUnreachable = errors.New("the provider cannot be reached")

// document is what a provider publishes of itself (OpenID Connect Discovery 1.0, 3).
type document struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Keys          string   `json:"jwks_uri"`
	EndSession    string   `json:"end_session_endpoint"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	// NamesItself: every answer of its authorization endpoint has an iss (RFC 9207).
	NamesItself bool `json:"authorization_response_iss_parameter_supported"`
	BackChannel bool `json:"backchannel_logout_supported"`

	read time.Time // when it was
}

// provider is the identity provider as it describes itself. It is asked by its own
// address alone: redirects are not followed, since whoever answers decides who
// somebody is.
type provider struct {
	issuer string
	client *http.Client
	now    func() time.Time

	// known is the last document that was read; nil: none yet.
	known atomic.Pointer[document]

	turn chan struct{} // held by who reads or writes what follows
	bad  time.Time     // when a look last failed; zero: it did not
	err  error
}

// newProvider errors: a CA file that cannot be read.
func newProvider(issuer, ca string, now func() time.Time) (*provider, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		text, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("ca %s: there is no certificate in PEM form", ca)
		}
	}
	return &provider{
		issuer: issuer, now: now, turn: make(chan struct{}, 1),
		client: &http.Client{
			Timeout:       fetchTime,
			Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: trust, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// describe returns the provider's document. An old one is better than none: it is
// returned while the provider is away.
func (p *provider) describe(ctx context.Context) (*document, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := p.now()
	switch {
	case p.fresh():
		return p.known.Load(), nil
	case !p.bad.IsZero() && now.Sub(p.bad) < documentRest:
		return p.old(p.err)
	}
	doc, err := p.look(context.WithoutCancel(ctx)) // for all who come; it has a limit of its own
	if err != nil {
		p.bad, p.err = now, err
		return p.old(err)
	}
	doc.read = now
	p.known.Store(doc)
	p.bad, p.err = time.Time{}, nil
	return doc, nil
}

// fresh reports whether nobody needs to look.
func (p *provider) fresh() bool {
	doc := p.known.Load()
	return doc != nil && p.now().Sub(doc.read) < documentLife
}

// old is the document that was read before, or why there is none.
func (p *provider) old(err error) (*document, error) {
	if doc := p.known.Load(); doc != nil {
		return doc, nil
	}
	return nil, err
}

// meet reads the document in the background where nobody has lately, so that the answer
// is judged by what the provider says now.
func (p *provider) meet(ctx context.Context) {
	if p.fresh() {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
		defer cancel()
		_, _ = p.describe(ctx) // whoever needs it hears why it is not there
	}()
}

// look asks the provider for its document, now.
func (p *provider) look(ctx context.Context) (*document, error) {
	var doc document
	if err := p.get(ctx, strings.TrimSuffix(p.issuer, "/")+"/.well-known/openid-configuration", &doc); err != nil {
		return nil, err
	}
	if doc.Issuer != p.issuer {
		return nil, fmt.Errorf("%w: the document at %s is of another issuer; set issuer to what it says, letter by letter", errOther, p.issuer)
	}
	if err := safe(doc.Keys, p.issuer); err != nil {
		return nil, fmt.Errorf("%w: jwks_uri: %w", errOther, err)
	}
	return &doc, nil
}

// safe refuses an address that keys should not be read from.
func safe(raw, issuer string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return errors.New("is no address")
	}
	if u.Scheme == "https" || u.Scheme == "http" && strings.HasPrefix(issuer, "http:") && loopback(u.Hostname()) {
		return nil
	}
	return errors.New("is not https")
}

// get reads a JSON document of the provider.
func (p *provider) get(ctx context.Context, address string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreachable, err)
	}
	r.Header.Set("Accept", "application/json")
	resp, err := p.client.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreachable, err)
	}
	defer func() { _ = resp.Body.Close() }() // read as far as it counts
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errUnreachable, err)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%w: %s says %d", errUnreachable, address, resp.StatusCode)
	case len(body) > maxDocument:
		return fmt.Errorf("%w: %s is longer than 1 MiB", errUnreachable, address)
	case !strings.HasSuffix(kind, "json"):
		return fmt.Errorf("%w: %s is no JSON", errUnreachable, address)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%w: %s: %w", errUnreachable, address, err)
	}
	return nil
}
