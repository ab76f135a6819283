package saml

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/web"
)

// explainer knows what a response to a method should look like.
type explainer struct {
	method, realm string
	acs           string // ours
	principal     string
	prepare       preparing
	now           func() time.Time
	log           *slog.Logger
	// issuer is that of the last response that Elasticsearch has accepted, the realm's
	// idp.entity_id; nothing else tells it.
	issuer atomic.Pointer[string]
}

func newExplainer(d login.Deps, c Config) *explainer {
	e := &explainer{
		method: d.Name, realm: c.Realm, acs: d.Base.String() + "/acs", principal: c.PrincipalAttribute,
		prepare: d.Elastic.SAMLPrepare, now: d.Now, log: d.Log,
	}
	if c.Issuer != "" {
		e.issuer.Store(&c.Issuer)
	}
	return e
}

// accepted learns from a response that Elasticsearch has accepted, and we too.
func (e *explainer) accepted(answer *response) {
	issuer := strings.TrimSpace(answer.Issuer)
	if known := e.issuer.Load(); known == nil || *known != issuer {
		e.issuer.Store(&issuer)
	}
}

// expects is what a response should have. What Elasticsearch would not say is left
// out; the error says why, and can be ignored.
func (e *explainer) expects(ctx context.Context, requestID string) (expected, error) {
	want := expected{acs: e.acs, requestID: requestID, principal: e.principal, at: e.now(), skew: usualSkew}
	if issuer := e.issuer.Load(); issuer != nil {
		want.issuer = *issuer
	}
	asked, err := e.prepare.ask(ctx, e.realm)
	if err != nil {
		return want, err
	}
	want.entityID, want.classes = asked.Issuer, asked.Classes
	if asked.ACS != "" {
		want.acs = asked.ACS // what Elasticsearch compares with, right or wrong
	}
	return want, nil
}

// refused explains why Elasticsearch has refused a response: by its own reason if it
// gives one, else by comparing the message with what was expected. requestID is the
// request of this very browser that the message answers; empty: none, and then nothing
// of the message is shown, since anybody could have sent it here.
//
// The refusal stands, whatever is found here.
func (m *Method) refused(ctx context.Context, answer *response, requestID string, err error) error {
	refusal, ok := errors.AsType[*elastic.Error](err)
	if !ok || refusal.Class != elastic.PersonRefused {
		return login.ElasticFault(err)
	}
	return m.why.explain(ctx, answer, requestID, refusal)
}

func (e *explainer) explain(ctx context.Context, answer *response, requestID string, refusal *elastic.Error) error {
	want, err := e.expects(ctx, requestID)
	if err != nil {
		e.log.InfoContext(ctx, "a refused sign-in is explained without the realm's settings",
			"http.request.id", web.RequestID(ctx), "esgateway.method", e.method, "error.message", err.Error())
	}
	ours := want.at
	at, told := clockOf(refusal.Reason)
	if told {
		want.at = at
	}
	findings := explain(answer, want)
	f := judged(refusal.Reason, findings)
	attrs := []slog.Attr{
		slog.String("http.request.id", web.RequestID(ctx)),
		slog.String("event.reason", string(f.cause)),
		slog.String("esgateway.method", e.method),
		slog.String("esgateway.realm", e.realm),
		slog.String("esgateway.saml.expected", f.expected),
		slog.String("esgateway.saml.got", f.got),
		slog.String("esgateway.saml.findings", words(findings)),
		slog.String("esgateway.saml.advice", f.remedy.advice),
		slog.String("esgateway.elasticsearch.reason", fault.ShownUpTo(refusal.Reason, maxReason)),
	}
	if told {
		attrs = append(attrs, slog.String("esgateway.elasticsearch.clock_offset", at.Sub(ours).Round(time.Second).String()))
	}
	e.log.LogAttrs(ctx, slog.LevelWarn, "Elasticsearch refused a sign-in", attrs...)
	return f.fault(answer, requestID != "", ours, refusal)
}

// unkept is the fault of an unsolicited response that cannot be remembered, so that it
// could be used twice. Where it is no good answer in any case, that is said.
func (e *explainer) unkept(answer *response, err error) error {
	now := e.now()
	f := likely(explain(answer, expected{at: now, skew: usualSkew}))
	switch f.cause {
	case causeStatus, causeSeveral, causeNoAssertion, causeMalformed, causeDuplicateID:
	default:
		f = found(causeEndless, "", "")
	}
	return f.fault(answer, false, now, err)
}

// maxReason bounds what the log keeps of Elasticsearch's reason: two certificates.
const maxReason = 600

// fault is the finding as the person sees it. Values are shown only to whom the
// message was meant for.
func (f finding) fault(answer *response, answers bool, now time.Time, err error) *fault.Error {
	e := &fault.Error{Kind: fault.SignInFailed, Public: f.remedy.text, Hint: f.remedy.hint, Cause: string(f.cause), Err: err}
	if !answers {
		return e
	}
	for _, fact := range []fault.Fact{{Name: "Expected", Value: f.expected}, {Name: "Received", Value: f.got}} {
		if fact.Value != "" {
			e.Facts = append(e.Facts, fact)
		}
	}
	switch f.cause {
	case causeExpired, causeNotYetValid: // to see whose clock is wrong
		e.Facts = append(e.Facts, fault.Fact{Name: "Issued", Value: shown(answer.IssueInstant)}, fault.Fact{Name: "Gateway's clock", Value: printed(now)})
	case causeUntold:
		e.Facts = append(e.Facts, fault.Fact{Name: "Reason", Value: "Elasticsearch's reason is in the log"})
	}
	return e
}

// words are the causes of all findings.
func words(findings []finding) string {
	out := ""
	for i, f := range findings {
		if i > 0 {
			out += " "
		}
		out += string(f.cause)
	}
	return out
}
