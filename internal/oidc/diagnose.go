package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/login"
)

var _ login.Checker = (*Method)(nil)

// Diagnose lets ES prepare a request, and compares what can be seen of the realm in it
// with our addresses, the method and the provider's document. Then it says what the
// gateway can do by itself with this provider.
func (m *Method) Diagnose(ctx context.Context) []login.Finding {
	found, err := m.provider.offers(ctx)
	known := &found
	if err != nil {
		known = nil
	}
	return slices.Concat(m.realm(ctx, known), m.described(known, err), m.verifies(ctx, known, err), m.endings(known))
}

func (m *Method) wrong(text, advice string) login.Finding {
	return login.Finding{Subject: "realm " + m.cfg.Realm, Text: text, Advice: advice}
}

func (m *Method) fine(text string) login.Finding {
	return login.Finding{OK: true, Subject: "realm " + m.cfg.Realm, Text: text}
}

// write is the line of elasticsearch.yml that is right.
func (m *Method) write(setting, value string) string {
	return fmt.Sprintf("write in elasticsearch.yml of every node: xpack.security.authc.realms.oidc.%s.%s: %q", m.cfg.Realm, setting, value)
}

// realm looks at the realm as its request shows it.
func (m *Method) realm(ctx context.Context, found *offer) []login.Finding {
	prepared, err := m.es.OIDCPrepare(ctx, m.cfg.Realm)
	if err != nil {
		return []login.Finding{m.wrong("Elasticsearch prepares no sign-in: "+login.Because(err),
			fmt.Sprintf("is there an OpenID Connect realm %s in elasticsearch.yml of every node? `gateway realm oidc --name %s` writes one", m.cfg.Realm, m.cfg.Realm))}
	}
	at, err := url.Parse(prepared.Redirect)
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" {
		return []login.Finding{m.wrong("op.authorization_endpoint is no address to send people to", "correct it in elasticsearch.yml of every node")}
	}
	q := at.Query()
	findings := slices.Concat(m.callback(q.Get("redirect_uri")), m.clientID(q.Get("client_id")))
	if found != nil {
		findings = slices.Concat(findings, m.endpoint(prepared.Redirect, found.Authorization), m.responseType(q.Get("response_type"), *found))
	}
	if len(findings) == 0 {
		findings = append(findings, m.fine("its callback is ours, and its client at the provider is "+q.Get("client_id")))
	}
	return slices.Concat(findings, m.issuer(ctx, found), m.scopes(strings.Fields(q.Get("scope")), found))
}

// kibanasCallback is where Kibana takes the provider's answers, below its base path.
const kibanasCallback = "/api/security/oidc/callback"

// callback compares rp.redirect_uri with our route. Provider and ES compare it to the
// letter, so nothing else will do.
func (m *Method) callback(got string) []login.Finding {
	want := m.base.String() + "/callback"
	switch {
	case got == want:
		return nil
	case strings.HasSuffix(got, kibanasCallback):
		return []login.Finding{m.wrong(fmt.Sprintf("rp.redirect_uri is %q, which is Kibana's", got),
			"a realm has one callback, so the gateway needs a realm of its own: `gateway realm oidc` writes one")}
	}
	return []login.Finding{m.wrong(fmt.Sprintf("rp.redirect_uri is %q, so sign-ins end elsewhere", got),
		m.write("rp.redirect_uri", want)+" and tell the provider")}
}

func (m *Method) clientID(got string) []login.Finding {
	if m.cfg.ClientID == "" || got == m.cfg.ClientID {
		return nil
	}
	return []login.Finding{m.wrong(fmt.Sprintf("rp.client_id is %q, and client_id of the method is %q, so ID tokens are not for us", got, m.cfg.ClientID),
		m.write("rp.client_id", m.cfg.ClientID)+", or correct the method")}
}

// endpoint compares where people are sent with where the provider wants them; a query is
// not compared, since ES adds to it.
func (m *Method) endpoint(redirect, wanted string) []login.Finding {
	got, _, _ := strings.Cut(redirect, "?")
	want, _, _ := strings.Cut(wanted, "?")
	if want == "" || got == want {
		return nil
	}
	return []login.Finding{m.wrong(fmt.Sprintf("op.authorization_endpoint is %q, and the provider's document says another one", got),
		m.write("op.authorization_endpoint", wanted)+", and compare the other op.* lines: `gateway realm oidc` prints them")}
}

func (m *Method) responseType(got string, found offer) []login.Finding {
	if len(found.Types) == 0 || found.answers(got) {
		return nil
	}
	advice := "the provider offers none that Elasticsearch has"
	for _, kind := range [...]string{codeFlow, implicitFlow, idTokenFlow} {
		if found.answers(kind) {
			advice = m.write("rp.response_type", kind)
			break
		}
	}
	return []login.Finding{m.wrong(fmt.Sprintf("rp.response_type is %q, which the provider does not offer", got), advice)}
}

// issuer asks whose op.issuer the method's is. No request shows it.
func (m *Method) issuer(ctx context.Context, found *offer) []login.Finding {
	realm, several, err := m.es.OIDCRealmOf(ctx, m.cfg.Issuer)
	right := m.cfg.Issuer
	if found != nil && found.Issuer != "" {
		right = found.Issuer
	}
	e, isRealm := errors.AsType[*elastic.Error](err)
	switch {
	case several:
		return []login.Finding{m.fine("several realms have the method's issuer, such as Kibana's; whether op.issuer of this one is right cannot be seen")}
	case err == nil && realm == m.cfg.Realm:
		return []login.Finding{m.fine("its op.issuer is the method's issuer")}
	case err == nil, isRealm && e.Class == elastic.SetUp:
		return []login.Finding{m.wrong(fmt.Sprintf("op.issuer is not %q, the method's issuer", m.cfg.Issuer), m.write("op.issuer", right))}
	}
	return []login.Finding{m.wrong("Elasticsearch does not say whose issuer it is: "+login.Because(err), "")}
}

// scopes is for information: a provider may have scopes that it does not list.
func (m *Method) scopes(asked []string, found *offer) []login.Finding {
	text := "asks for the scopes " + strings.Join(asked, ", ")
	if found == nil || len(found.Scopes) == 0 {
		return []login.Finding{m.fine(text)}
	}
	for _, scope := range asked {
		if !slices.Contains(found.Scopes, scope) {
			text += fmt.Sprintf("; the provider does not list %s", scope)
		}
	}
	for _, scope := range [...]string{"profile", "email", asGroups} {
		if slices.Contains(found.Scopes, scope) && !slices.Contains(asked, scope) {
			text += fmt.Sprintf("; the provider also has %s (rp.requested_scopes)", scope)
		}
	}
	return []login.Finding{m.fine(text)}
}

// described says whether the provider is the one that the method names.
func (m *Method) described(found *offer, err error) []login.Finding {
	const advice = "can this machine reach it, by a proxy perhaps (HTTPS_PROXY), and is its authority known (ca)?"
	switch {
	case err != nil && (m.cfg.shared() || m.cfg.IDToken == off):
		return []login.Finding{m.fine("the provider's document cannot be read from here: " + err.Error())}
	case err != nil:
		return []login.Finding{m.wrong("the provider's document cannot be read from here: "+err.Error(), advice+" If it must stay so, write id_token: off in the method")}
	case found.Issuer != m.cfg.Issuer:
		return []login.Finding{m.wrong(fmt.Sprintf("the provider calls itself %q, and the method's issuer is %q", found.Issuer, m.cfg.Issuer),
			fmt.Sprintf("write issuer: %q in the method, and %s", found.Issuer, m.write("op.issuer", found.Issuer)))}
	case len(found.Algorithms) > 0 && !slices.Contains(found.Algorithms, m.cfg.SignatureAlgorithm):
		return []login.Finding{m.wrong(fmt.Sprintf("the provider signs by %s, and signature_algorithm of the method is %s", strings.Join(found.Algorithms, ", "), m.cfg.SignatureAlgorithm),
			fmt.Sprintf("write signature_algorithm: %s in the method, and %s", found.algorithm(), m.write("rp.signature_algorithm", found.algorithm())))}
	}
	return []login.Finding{m.fine("the provider's document is that of the method's issuer")}
}

// verifies says whether ID tokens are verified a second time, and what becomes of
// sign-ins if they cannot be. What the provider does not tell is forgiven by auto (see
// verify); what it tells and does not fit is not.
func (m *Method) verifies(ctx context.Context, found *offer, err error) []login.Finding {
	if m.cfg.shared() {
		return []login.Finding{m.fine("ID tokens are signed with the client's secret (" + m.cfg.SignatureAlgorithm + "), so they are not verified a second time, and the provider's logout tokens are refused")}
	}
	n := 0
	if err == nil {
		n, err = m.usableKeys(ctx, *found)
	}
	const lost = "the provider's logout tokens are refused"
	switch {
	case m.cfg.IDToken == off && err != nil:
		return []login.Finding{m.fine("ID tokens are not verified a second time, by choice (id_token: off), and " + lost + ": " + err.Error())}
	case m.cfg.IDToken == off:
		return []login.Finding{m.fine("ID tokens are not verified a second time, by choice (id_token: off)")}
	case err == nil:
		return []login.Finding{m.fine(fmt.Sprintf("ID tokens are verified a second time (id_token: %s): the provider has keys for %s: %d", m.cfg.IDToken, m.cfg.SignatureAlgorithm, n))}
	case m.cfg.IDToken == auto && errors.Is(err, errUnreachable):
		return []login.Finding{m.wrong("ID tokens are not verified a second time, and "+lost+": "+err.Error(), "let this machine read the provider's jwks_uri, or write id_token: off")}
	}
	return []login.Finding{m.wrong(fmt.Sprintf("ID tokens cannot be verified a second time, so every sign-in is refused (id_token: %s): %s", m.cfg.IDToken, err),
		"correct issuer and signature_algorithm of the method, or let this machine read what the provider publishes")}
}

// usableKeys counts the provider's keys that can have signed by the method's algorithm.
func (m *Method) usableKeys(ctx context.Context, found offer) (int, error) {
	if found.Issuer != m.cfg.Issuer {
		return 0, errors.New("the provider's document is of another issuer")
	}
	if err := safe(found.Keys, m.cfg.Issuer); err != nil {
		return 0, fmt.Errorf("jwks_uri %w", err)
	}
	keys, err := m.provider.keysAt(ctx, found.Keys)
	if err != nil {
		return 0, err
	}
	n := 0
	for i := range keys {
		if signs(&keys[i], m.cfg.SignatureAlgorithm) {
			n++
		}
	}
	if n == 0 {
		return 0, fmt.Errorf("none of the provider's keys is for %s", m.cfg.SignatureAlgorithm)
	}
	return n, nil
}

// endings says how sign-outs travel, as far as the provider tells.
func (m *Method) endings(found *offer) []login.Finding {
	if found == nil {
		return nil
	}
	var findings []login.Finding
	if found.EndSession == "" {
		findings = append(findings, m.fine("the provider has no end_session_endpoint: after a sign-out here people stay signed in there"))
	}
	switch {
	case m.cfg.shared():
	case !found.BackChannel:
		findings = append(findings, m.fine("the provider does not say that it has back-channel logout: a session that ends there goes on here until it ends by itself"))
	case !found.BackChannelSession:
		findings = append(findings, m.fine("the provider has back-channel logout, and ends all sessions of a person by it; it must know "+m.base.String()+"/backchannel-logout"))
	default:
		findings = append(findings, m.fine("the provider has back-channel logout; it must know "+m.base.String()+"/backchannel-logout"))
	}
	return findings
}
