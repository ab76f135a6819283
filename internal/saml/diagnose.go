package saml

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/esgateway/esgateway/internal/login"
)

// Diagnose compares the addresses in the realm's metadata with ours, the
// commonest mistake of all, and lets ES prepare a sign-in: it can only if it has
// read the identity provider's metadata.
func (m *Method) Diagnose(ctx context.Context) []login.Finding {
	_, sp, err := ownMetadata(ctx, m.es, m.realm)
	if err != nil {
		return []login.Finding{m.wrong("Elasticsearch does not show it: "+login.Because(err),
			fmt.Sprintf("is there a SAML realm %s in elasticsearch.yml of every node? `gateway realm saml --name %s` writes one", m.realm, m.realm))}
	}
	return slices.Concat(m.addresses(sp), m.signOn(ctx), m.keys(sp))
}

func (m *Method) wrong(text, advice string) login.Finding {
	return login.Finding{Subject: "realm " + m.realm, Text: text, Advice: advice}
}

func (m *Method) fine(text string) login.Finding {
	return login.Finding{OK: true, Subject: "realm " + m.realm, Text: text}
}

// kibanasCallback is where Kibana takes SAML answers, below its base path.
const kibanasCallback = "/api/security/saml/callback"

// addresses compares sp.acs and sp.logout with our routes. ES compares them with
// the identity provider's messages to the letter, so nothing else will do.
func (m *Method) addresses(sp serviceProvider) []login.Finding {
	var findings []login.Finding
	want := m.base.String() + "/acs"
	acs := strings.Join(at(postBinding, sp.Consumers), " ")
	switch {
	case acs == want:
	case strings.HasSuffix(acs, kibanasCallback):
		findings = append(findings, m.wrong(fmt.Sprintf("sp.acs is %q, which is Kibana's", acs),
			"a realm has one callback, so the gateway needs a realm of its own: `gateway realm saml` writes one"))
	default:
		findings = append(findings, m.wrong(fmt.Sprintf("sp.acs is %q, so sign-ins end elsewhere", acs),
			m.write("sp.acs", want)+" and tell the identity provider"))
	}
	want = m.base.String() + "/slo"
	switch slo := strings.Join(at(redirectBinding, sp.SignOut), " "); slo {
	case want:
	case "":
		findings = append(findings, m.wrong("sp.logout is missing, so sign-out that begins at the identity provider will not work",
			m.write("sp.logout", want)+" and tell the identity provider"))
	default:
		findings = append(findings, m.wrong(fmt.Sprintf("sp.logout is %q, so sign-outs end elsewhere", slo),
			m.write("sp.logout", want)+" and tell the identity provider"))
	}
	if len(findings) == 0 {
		findings = append(findings, m.fine("its addresses are ours, and its name for the identity provider is "+sp.id))
	}
	return findings
}

// write is the line of elasticsearch.yml that is right.
func (m *Method) write(setting, value string) string {
	return fmt.Sprintf("write in elasticsearch.yml of every node: %s%s.%s: %q", realmSettings, m.realm, setting, value)
}

// realmSettings begins the settings of a SAML realm in elasticsearch.yml.
const realmSettings = "xpack.security.authc.realms.saml."

// signOn lets ES prepare a sign-in, and forgets it.
func (m *Method) signOn(ctx context.Context) []login.Finding {
	prepared, err := m.es.SAMLPrepare(ctx, m.realm)
	if err != nil {
		return []login.Finding{m.wrong("Elasticsearch prepares no sign-in: "+login.Because(err), "can it read the identity provider's metadata, and does that have a SingleSignOnService of HTTP-Redirect?")}
	}
	if err := safeLocation(prepared.Redirect); err != nil {
		return []login.Finding{m.wrong(err.Error(), "correct Location of the SingleSignOnService in the identity provider's metadata")}
	}
	to, _ := url.Parse(prepared.Redirect) // which safeLocation has read
	to.RawQuery, to.Fragment, to.User = "", "", nil
	return []login.Finding{m.fine("prepares sign-ins at " + to.String())}
}

// keys says what the realm can do with keys. Most identity providers ask for
// neither, so it is for information.
func (m *Method) keys(sp serviceProvider) []login.Finding {
	var findings []login.Finding
	if !sp.Signs {
		findings = append(findings, m.fine("signs no sign-in requests, which does unless the identity provider asks for signatures, as many do for sign-out (signing.key)"))
	}
	encrypts := func(k keyRole) bool { return k.Use != "signing" }
	if !slices.ContainsFunc(sp.Keys, encrypts) {
		findings = append(findings, m.fine("has no key for encrypted assertions, which does unless the identity provider sends them (encryption.key)"))
	}
	return findings
}
