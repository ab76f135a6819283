package saml

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
)

// How long an answer of ES to the question for a realm's metadata is repeated.
// Whoever knows the address may ask, so there is a bound to what reaches ES.
const (
	metadataKept  = time.Minute
	metadataRetry = 5 * time.Second
)

// metadataType is registered for SAML metadata (saml-metadata-2.0-os, appendix A).
const metadataType = "application/samlmetadata+xml"

// describe is GET .../metadata: the realm's own metadata, for identity providers
// that read it. It is for everybody, as such metadata is.
func (m *Method) describe(r *http.Request, _ login.Attempts) (login.Step, error) {
	text, err := m.metadata.get(r.Context())
	if err != nil {
		return login.Step{}, err
	}
	return login.Document(metadataType, text), nil
}

// ownMetadata asks ES for the realm's metadata and reads it: an identity provider
// gets well-formed metadata of a service provider, or an error.
func ownMetadata(ctx context.Context, es *elastic.Client, realm string) ([]byte, serviceProvider, error) {
	text, err := es.SAMLMetadata(ctx, realm)
	if err != nil {
		return nil, serviceProvider{}, err
	}
	all, err := readEntities(text)
	if err == nil && (len(all) != 1 || all[0].SP == nil) {
		err = errors.New("it describes no service provider")
	}
	if err != nil {
		return nil, serviceProvider{}, fmt.Errorf("what Elasticsearch gives as the realm's metadata: %w", err)
	}
	return text, serviceProvider{id: all[0].ID, serviceRole: *all[0].SP}, nil
}

// serviceProvider is a realm as its metadata shows it.
type serviceProvider struct {
	id string
	serviceRole
}

// published is a text that many ask for and ES is asked for now and then, by one
// caller at a time. It is safe for concurrent use.
type published struct {
	now   func() time.Time
	fetch func(context.Context) ([]byte, error)

	mu     sync.Mutex
	latest edition       // guarded by mu
	coming chan struct{} // guarded by mu; closed when the edition under way is there
}

// publish makes a method's metadata ready to be read.
func publish(d login.Deps, realm string) *published {
	return &published{now: d.Now, fetch: func(ctx context.Context) ([]byte, error) {
		text, _, err := ownMetadata(ctx, d.Elastic, realm)
		if err == nil {
			return text, nil
		}
		if _, ok := errors.AsType[*elastic.Error](err); !ok {
			return nil, fault.Because(fault.Misconfigured, err)
		}
		return nil, login.ElasticFault(err)
	}}
}

// edition is an answer, good or a fault, and until when it is repeated.
type edition struct {
	text  []byte
	err   error
	until time.Time
}

// get returns the text, or a fault. The call to ES goes on when its first reader has left.
func (p *published) get(ctx context.Context) ([]byte, error) {
	for {
		p.mu.Lock()
		latest, coming := p.latest, p.coming
		if p.now().Before(latest.until) {
			p.mu.Unlock()
			return latest.text, latest.err
		}
		if coming == nil {
			coming = make(chan struct{})
			p.coming = coming
			go p.renew(context.WithoutCancel(ctx)) // the client of ES bounds it
		}
		p.mu.Unlock()
		select {
		case <-coming:
		case <-ctx.Done():
			return nil, fault.Because(fault.ElasticsearchUnavailable, ctx.Err())
		}
	}
}

func (p *published) renew(ctx context.Context) {
	text, err := p.fetch(ctx)
	kept := metadataKept
	if err != nil {
		kept = metadataRetry
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest = edition{text, err, p.now().Add(kept)}
	close(p.coming)
	p.coming = nil
}
