package saml

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/session"
)

// The two messages of single logout, as their parameters are called.
const (
	samlRequest  = "SAMLRequest"
	samlResponse = "SAMLResponse"
)

// maxRequestAge is how old, or how much ahead of our clock, a LogoutRequest may be.
// It travels by redirect and is used at once; ES asks for no age.
const maxRequestAge = 10 * time.Minute

// logoutByRedirect is GET .../slo.
//
// The signature of this binding is over the octets of the query, so they go to ES as
// they came. ES takes the last of repeated parameters, also one behind the signature
// (contract saml 3), so a query that could be read in two ways is refused here.
func (m *Method) logoutByRedirect(r *http.Request, attempts login.Attempts) (login.Step, error) {
	if q, err := url.ParseQuery(r.URL.RawQuery); err == nil && !q.Has(samlRequest) && !q.Has(samlResponse) {
		return login.LoggedOut(), nil // a provider that only sends people back
	}
	query, err := readQuery(r.URL.RawQuery)
	if err != nil {
		return login.Step{}, notTaken(err)
	}
	message, err := inflate(query.message)
	if err != nil {
		return login.Step{}, notTaken(err)
	}
	if query.name == samlResponse {
		return m.answered(r.Context(), attempts, message, query.raw, "")
	}
	if !query.signed {
		if err := signedWhole(message); err != nil {
			return login.Step{}, notTaken(err)
		}
	}
	return m.asked(r.Context(), attempts, message, query.raw)
}

// logoutByPost is POST .../slo. ES has no such call for a request: the same octets,
// deflated, are an unsigned query of the redirect binding, whose inner signature ES
// then asks for (contract saml 8.1).
func (m *Method) logoutByPost(r *http.Request, attempts login.Attempts) (login.Step, error) {
	if err := readForm(r); err != nil {
		return login.Step{}, err
	}
	name := samlRequest
	if r.PostForm.Has(samlResponse) {
		name = samlResponse
	}
	if r.PostForm.Has(samlRequest) && r.PostForm.Has(samlResponse) {
		return login.Step{}, notTaken(errors.New("both a request and a response"))
	}
	content, err := formValue(r, name)
	if err != nil {
		return login.Step{}, err
	}
	message, err := decode(content)
	if err != nil {
		return login.Step{}, notTaken(err)
	}
	if name == samlResponse {
		return m.answered(r.Context(), attempts, message, "", content)
	}
	if err := signedWhole(message); err != nil {
		return login.Step{}, notTaken(err)
	}
	packed, err := deflate(message)
	if err != nil {
		return login.Step{}, err
	}
	query := samlRequest + "=" + url.QueryEscape(packed)
	if relay := r.PostForm["RelayState"]; len(relay) == 1 {
		query += "&RelayState=" + url.QueryEscape(relay[0])
	}
	return m.asked(r.Context(), attempts, message, query)
}

// asked is the identity provider's wish to sign a person out. ES judges it; once it
// has, the sessions end here whatever ES has found to end: its seven values must all
// be the same, and one more attribute of a NameID is enough for none to be.
func (m *Method) asked(ctx context.Context, attempts login.Attempts, message []byte, query string) (login.Step, error) {
	request, err := readLogoutRequest(message)
	if err != nil {
		return login.Step{}, notTaken(err)
	}
	if err := m.recent(request); err != nil {
		return login.Step{}, notTaken(err)
	}
	first, err := attempts.Once(ctx, "logout\x00"+request.ID, m.now().Add(2*maxRequestAge))
	if err != nil {
		return login.Step{}, err
	}
	if !first {
		return login.LoggedOut(login.UndoneRepeated), nil // a replay, or a page loaded again
	}
	done, err := m.es.SAMLInvalidate(ctx, m.realm, query)
	if err != nil {
		return login.Step{}, notProven(err)
	}
	var undone []login.Undone
	if safeLocation(done.Redirect) != nil {
		done.Redirect, undone = "", []login.Undone{login.UndoneAnswer}
	}
	subject, err := m.subjectOf(request)
	if err != nil {
		m.log.InfoContext(ctx, "a sign-out is for somebody whom only Elasticsearch can read; all sessions of the realm are asked after", "esgateway.realm", m.realm, "event.reason", err.Error())
		return login.ProviderSignOutOfAnybody(m.realm, done.Redirect, undone...), nil
	}
	return login.ProviderSignOut(session.ProviderEnds{Realm: m.realm, Subject: subject, Sessions: request.Indexes}, done.Redirect, undone...), nil
}

// recent refuses a request that was made long ago, or will be.
func (m *Method) recent(request *logoutRequest) error {
	issued := instant(request.IssueInstant)
	if request.ID == "" || issued.IsZero() {
		return errors.New("the request has no ID or IssueInstant")
	}
	if age := m.now().Sub(issued); age > maxRequestAge || age < -maxRequestAge {
		return fmt.Errorf("the request was made at %s, and it is %s", issued.Format(time.RFC3339), m.now().UTC().Format(time.RFC3339))
	}
	return nil
}

// subjectOf is whom a request means.
func (m *Method) subjectOf(request *logoutRequest) (string, error) {
	switch {
	case request.NameID != nil && request.EncryptedID == nil:
		return request.NameID.name(), nil
	case request.EncryptedID == nil:
		return "", errors.New("the request names nobody")
	}
	err := errors.New("it is encrypted, and the method has no decryption_key")
	for _, key := range m.decryption {
		var plain []byte
		if plain, err = request.EncryptedID.decrypt(key); err != nil {
			continue
		}
		var id nameID
		if err = parse(plain, assertionName("NameID"), &id); err == nil {
			return id.name(), nil
		}
	}
	return "", err
}

// answered is the identity provider's answer to a sign-out that began here. It
// changes nothing: the session is gone. It only says whether that is true over there.
func (m *Method) answered(ctx context.Context, attempts login.Attempts, message []byte, query, content string) (login.Step, error) {
	response, err := readLogoutResponse(message)
	if err != nil {
		m.log.WarnContext(ctx, "the answer to a sign-out cannot be read", "error.message", err.Error())
		return login.LoggedOut(login.UndoneUnsure), nil
	}
	left, ok, err := attempts.Left(ctx, response.InResponseTo)
	if err != nil {
		return login.Step{}, err
	}
	if !ok {
		return login.LoggedOut(login.UndoneUnsure), nil
	}
	if err := m.es.SAMLCompleteLogout(ctx, m.realm, query, content, []string{left.ID}); err != nil {
		m.log.WarnContext(ctx, "the answer to a sign-out is not confirmed", "error.message", err.Error(), "esgateway.elasticsearch.reason", reasonOf(err))
		return login.LoggedOut(append(left.Undone, login.UndoneUnsure)...), nil
	}
	return login.LoggedOut(left.Undone...), nil
}

// reasonOf is ES's own word, for the operator.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*elastic.Error](err); ok {
		return e.Reason
	}
	return ""
}

// notTaken is the fault of a message of the logout that ES is not asked about.
func notTaken(err error) error { return fault.Because(fault.SignOutRefused, err) }

// notProven is the fault of a wish to sign out that ES has not confirmed: nobody is
// signed out by it, since anybody could have sent it.
func notProven(err error) error {
	switch elastic.ClassOf(err) {
	case elastic.PersonRefused, elastic.BadInput:
		return fault.Because(fault.SignOutRefused, err)
	case elastic.AccountRefused, elastic.SetUp:
		return fault.Because(fault.Misconfigured, err)
	}
	return &fault.Error{
		Kind: fault.ElasticsearchUnavailable, Err: err,
		Public: "Your identity provider wants to sign you out. Elasticsearch does not answer, so that cannot be confirmed, and you are still signed in here.",
		Hint:   "Sign out here on this site's own page.",
	}
}

// query is what the redirect binding carries.
type query struct {
	name    string // SAMLRequest or SAMLResponse
	message string // decoded once
	signed  bool
	raw     string // the pairs as they came, in the order in which they are signed
}

// readQuery reads a raw query that can be read in one way only: the parameters of the
// binding (SAML bindings 3.4.4.1), spelt as they are, each at most once. The signature
// is over a fixed order, which some providers do not send (AD FS puts the algorithm
// last), and ES takes the signature to be the last one, so the order is made here. For
// all others the result is the query itself.
func readQuery(raw string) (query, error) {
	if strings.ContainsAny(raw, ";#") {
		return query{}, errors.New("the query has a separator that is read in different ways")
	}
	var q query
	seen := map[string]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if _, twice := seen[name]; twice || value == "" && name != "RelayState" {
			return query{}, errors.New("the query has a parameter twice, or empty")
		}
		seen[name] = pair
		switch name {
		case samlRequest, samlResponse:
			if q.name != "" {
				return query{}, errors.New("both a request and a response")
			}
			plain, err := url.QueryUnescape(value)
			if err != nil {
				return query{}, errors.New("the query has a broken escape")
			}
			q.name, q.message = name, plain
		case "RelayState", "SigAlg", "Signature":
		default:
			return query{}, errors.New("the query has a parameter that does not belong there")
		}
	}
	if q.name == "" {
		return query{}, errors.New("neither a request nor a response")
	}
	var pairs []string
	for _, name := range [...]string{q.name, "RelayState", "SigAlg", "Signature"} {
		if pair, ok := seen[name]; ok {
			pairs = append(pairs, pair)
		}
	}
	q.raw = strings.Join(pairs, "&")
	q.signed = seen["SigAlg"] != "" && seen["Signature"] != ""
	if !q.signed && seen["SigAlg"]+seen["Signature"] != "" {
		return query{}, errors.New("the query is signed by half")
	}
	return q, nil
}
