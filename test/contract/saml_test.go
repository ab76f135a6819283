package contract

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
)

func TestSAML(t *testing.T) {
	t.Parallel()
	run(t, []row{
		{name: "01_order_of_checks", kind: wire, test: samlOrderOfChecks},
		{name: "02_prepare_selects", kind: wire, test: samlPrepareSelects},
		{name: "03_prepare_answer", kind: wire, test: samlPrepareAnswer},
		{name: "04_authn_request", kind: wire, test: samlAuthnRequest},
		{name: "05_base64", kind: wire, test: samlBase64},
		{name: "06_response_checks", kind: wire, test: samlResponseChecks},
		{name: "07_in_response_to", kind: wire, test: samlInResponseTo},
		{name: "08_generic_and_specific", kind: wire, test: samlGenericAndSpecific},
		{name: "09_unsolicited", kind: wire, test: samlUnsolicited},
		{name: "10_unknown_realm", kind: wire, test: samlUnknownRealm},
		{name: "11_no_realm", kind: wire, test: samlNoRealm},
		{name: "12_clock_skew", kind: wire, test: samlClockSkew},
		{name: "13_conditions_and_numbers", kind: wire, test: samlConditions},
		{name: "14_replay", kind: wire, test: samlReplay},
		{name: "15_success_members", kind: wire, test: samlSuccess},
		{name: "16_metadata_keys", kind: wire, test: samlMetadataKeys},
		{name: "17_no_roles_and_no_principal", kind: wire, test: samlNoRoles},
		{name: "18_tokens", kind: wire, test: samlTokens},
		{name: "19_token_metadata", kind: wire, test: samlTokenMetadata},
		{name: "20_logout_rules", kind: wire, test: samlLogoutRules},
		{name: "21_logout", kind: wire, test: samlLogout},
		{name: "22_invalidate_query_string", kind: wire, test: samlInvalidateQuery},
		{name: "23_invalidate_matches", kind: wire, test: samlInvalidateMatches},
		{name: "24_invalidate_signatures", kind: wire, test: samlInvalidateSignatures},
		{name: "25_complete_logout", kind: wire, test: samlCompleteLogout},
		{name: "26_sp_metadata", kind: wire, test: samlSPMetadata},
		{name: "27_challenges", kind: wire, test: samlChallenges},
		{name: "28_deprecated_paths", kind: wire, test: samlDeprecatedPaths},
	})
}

const samlPath = "/_security/saml/"

func (s *server) saml(t *testing.T, call string, body any) answer {
	t.Helper()
	return s.home().post(t, samlPath+call, body)
}

// signIn sends a Response to the realm by name.
func (s *server) signIn(t *testing.T, r spRealm, l *login, ids ...string) answer {
	t.Helper()
	if ids == nil {
		ids = []string{}
	}
	return s.saml(t, "authenticate", object{"content": l.content(t), "ids": ids, "realm": r.name})
}

// realmError expects an error of the SAML code outside of authenticate: 500 in the
// older releases, 401 in the newer ones, and never a challenge.
func (a answer) realmError(t *testing.T, s *server, reason string) answer {
	t.Helper()
	return a.fails(t, pick(s, 500, 401), "security_exception", reason).noChallenge(t)
}

const samlGeneric = "unable to authenticate user [<unauthenticated-saml-user>] for action [cluster:admin/xpack/security/saml/authenticate]"

func (a answer) generic(t *testing.T) answer {
	t.Helper()
	a.fails(t, 401, "security_exception", samlGeneric).allChallenges(t)
	return a.ordered(t, "error", "root_cause", "type", "reason", "header")
}

// rejected expects a failed check: with its own reason where releases tell it.
func (a answer) rejected(t *testing.T, s *server, reason string) answer {
	t.Helper()
	if !s.speaks() {
		return a.generic(t)
	}
	return a.fails(t, 401, "security_exception", reason).allChallenges(t)
}

func samlOrderOfChecks(t *testing.T, s *server) {
	for _, call := range []string{"prepare", "authenticate", "logout", "invalidate", "complete_logout"} {
		path := samlPath + call
		s.nobody().post(t, path, "{broken").fails(t, 401, "security_exception", fmt.Sprintf(missing, path)).allChallenges(t)
		s.as(account{"esgateway", "wrong"}).post(t, path, "{}").fails(t, 401, "security_exception", fmt.Sprintf(unable, "esgateway", path))
		joe := s.user("contract-joe")
		joe.post(t, path, "").fails(t, 400, "parse_exception", "request body is required")
		joe.post(t, path, "{broken").fails(t, 400, "x_content_parse_exception", "…")
		joe.post(t, path, `{"nonsense":1}`).fails(t, 400, "x_content_parse_exception", "[1:2] [saml_…")
	}
	joe := s.user("contract-joe")
	joe.post(t, samlPath+"logout", "{}").fails(t, 400, "action_request_validation_exception", "Validation Failed: 1: token is missing;")
	joe.post(t, samlPath+"invalidate", "{}").fails(t, 400, "action_request_validation_exception", "Validation Failed: 1: query_string is missing;")
	joe.post(t, samlPath+"prepare", "{}").fails(t, 403, "security_exception",
		fmt.Sprintf(forbidden, "cluster:admin/xpack/security/saml/prepare", "contract-joe", "contract_none", "cluster", "manage_saml,manage_security,all"))
	joe.post(t, samlPath+"authenticate", object{"content": "YQ==", "ids": []string{}}).want(t, 403)
	s.user("contract-oidc").post(t, samlPath+"prepare", "{}").want(t, 403)
	s.user("contract-saml").post(t, samlPath+"prepare", object{"realm": "saml1"}).want(t, 200)
}

func samlPrepareSelects(t *testing.T, s *server) {
	for _, body := range []object{{"realm": "saml1"}, {"acs": realm1.acs}, {"realm": "saml1", "acs": realm1.acs}, {"realm": "", "acs": realm1.acs}} {
		s.saml(t, "prepare", body).want(t, 200).is(t, object{"realm": "saml1"})
	}
	s.saml(t, "prepare", object{"acs": realm2.acs}).want(t, 200).is(t, object{"realm": "saml2"})
	const none = "Cannot find any matching realm for [SamlPrepareAuthenticationRequest{realmName=%s, assertionConsumerServiceURL=%s…"
	s.saml(t, "prepare", object{"realm": "none"}).realmError(t, s, fmt.Sprintf(none, "none", "null"))
	s.saml(t, "prepare", object{"acs": realm1.acs + "/"}).realmError(t, s, fmt.Sprintf(none, "null", realm1.acs+"/"))
	s.saml(t, "prepare", object{"realm": "saml2", "acs": realm1.acs}).realmError(t, s, fmt.Sprintf(none, "saml2", realm1.acs))
	s.saml(t, "prepare", object{}).realmError(t, s, "Found multiple matching realms [[…")
	s.saml(t, "prepare", `{"realm":null}`).fails(t, 400, "x_content_parse_exception", "[1:10] [saml_prepare_authn] realm doesn't support values of type: VALUE_NULL")
	if s.controls != nil {
		alone := startWithOneRealm(t, s.release.String())
		alone.saml(t, "prepare", object{}).want(t, 200).is(t, object{"realm": "saml1"})
	}
}

// sent are the parameters of a redirect of ours, in their order.
func sent(t *testing.T, redirect, to string) (names []string, values url.Values) {
	t.Helper()
	rest, ok := strings.CutPrefix(redirect, to+"?")
	if !ok {
		t.Fatalf("redirect: got %q, want one to %s", redirect, to)
	}
	for part := range strings.SplitSeq(rest, "&") {
		name, _, _ := strings.Cut(part, "=")
		names = append(names, name)
	}
	values, err := url.ParseQuery(rest)
	if err != nil {
		t.Fatal(err)
	}
	return names, values
}

var idForm = regexp.MustCompile(`^_[0-9a-f]{40}$`)

func samlPrepareAnswer(t *testing.T, s *server) {
	const sso = "https://idp.contract.test/sso"
	first := s.saml(t, "prepare", object{"realm": "saml1"}).want(t, 200).product(t).ordered(t, "", "realm", "id", "redirect")
	second := s.saml(t, "prepare", object{"realm": "saml1"}).want(t, 200)
	if id := first.text(t, "id"); !idForm.MatchString(id) || id == second.text(t, "id") {
		t.Errorf("id: got %q, then %q", id, second.text(t, "id"))
	}
	if names, _ := sent(t, first.text(t, "redirect"), sso); !slices.Equal(names, []string{"SAMLRequest"}) {
		t.Errorf("parameters: got %v", names)
	}
	for _, state := range []string{"a b&c/%", ""} {
		names, values := sent(t, s.saml(t, "prepare", object{"realm": "saml1", "relay_state": state}).text(t, "redirect"), sso)
		if !slices.Equal(names, []string{"SAMLRequest", "RelayState"}) || values.Get("RelayState") != state {
			t.Errorf("parameters: got %v with %q", names, values.Get("RelayState"))
		}
	}
	signed := s.saml(t, "prepare", object{"realm": "saml2", "relay_state": "x"}).want(t, 200)
	names, values := sent(t, signed.text(t, "redirect"), sso)
	if !slices.Equal(names, []string{"SAMLRequest", "RelayState", "SigAlg", "Signature"}) || values.Get("SigAlg") != rsaSHA256 {
		t.Errorf("parameters of a signed request: got %v", names)
	}
	verifyQuery(t, signed.text(t, "redirect"))
}

func samlAuthnRequest(t *testing.T, s *server) {
	for _, r := range []spRealm{realm1, realm2} {
		a := s.saml(t, "prepare", object{"realm": r.name}).want(t, 200)
		_, values := sent(t, a.text(t, "redirect"), "https://idp.contract.test/sso")
		request := opened(t, values.Get("SAMLRequest"))
		if request.NamespaceURI() != protocol || request.Tag != "AuthnRequest" {
			t.Fatalf("got {%s}%s", request.NamespaceURI(), request.Tag)
		}
		for name, want := range map[string]string{
			"ID": a.text(t, "id"), "Version": "2.0", "Destination": "https://idp.contract.test/sso", "AssertionConsumerServiceURL": r.acs,
			"ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
		} {
			if got := request.SelectAttrValue(name, ""); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		if attr := request.SelectAttr("ForceAuthn"); attr != nil {
			t.Errorf("ForceAuthn: got %q without a setting", attr.Value)
		}
		if issuer := request.FindElement("./Issuer"); issuer == nil || issuer.Text() != r.sp {
			t.Errorf("Issuer: got %v, want %s", issuer, r.sp)
		}
		policy := request.FindElement("./NameIDPolicy")
		if policy == nil || policy.SelectAttrValue("AllowCreate", "") != "false" {
			t.Fatalf("NameIDPolicy: got %v", policy)
		}
		if got, want := policy.SelectAttrValue("Format", ""), map[string]string{"saml2": persistent}[r.name]; got != want {
			t.Errorf("Format: got %q, want %q", got, want)
		}
	}
}

func samlBase64(t *testing.T, s *server) {
	content := newLogin(s, realm1, "alice").content(t)
	var broken strings.Builder
	for chunk := range slices.Chunk([]byte(content), 60) {
		fmt.Fprintf(&broken, "%s\r\n ", chunk)
	}
	s.saml(t, "authenticate", object{"content": broken.String(), "ids": []string{}, "realm": "saml1"}).want(t, 200)
	for _, c := range []caller{s.home(), s.user("contract-joe")} { // before privileges
		c.post(t, samlPath+"authenticate", object{"content": "ab-d", "ids": []string{}, "realm": "saml1"}).
			fails(t, 400, "illegal_argument_exception", "Illegal base64 character 2d").noChallenge(t)
	}
}

func samlResponseChecks(t *testing.T, s *server) {
	xml := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	raw := func(content, reason string) {
		t.Helper()
		s.saml(t, "authenticate", object{"content": content, "ids": []string{}, "realm": "saml1"}).rejected(t, s, reason)
	}
	raw(xml("no xml"), "Failed to parse SAML message")
	raw(xml(`<!DOCTYPE x [<!ENTITY e "v">]><x>&e;</x>`), "Failed to parse SAML message")
	stray, err := base64.StdEncoding.DecodeString(base64.StdEncoding.EncodeToString(loggedOut(realm1, "").xml(t, s.now())))
	if err != nil {
		t.Fatal(err)
	}
	raw(xml(string(stray)), "SAML content […")

	for _, tt := range badLogins() {
		a := s.signIn(t, realm1, newLogin(s, realm1, "alice").but(tt.change))
		if tt.reason == "" {
			a.want(t, 200)
			continue
		}
		t.Log(tt.name)
		a.rejected(t, s, tt.reason)
	}

	sealed := func(change func(*login)) answer {
		t.Helper()
		return s.signIn(t, realm2, newLogin(s, realm2, "alice").but(func(l *login) { l.encrypt = true }).but(change))
	}
	sealed(func(*login) {}).want(t, 200).is(t, object{"username": "alice"})
	sealed(func(l *login) { l.signResponse, l.signAssertions = true, false }).want(t, 200).is(t, object{"username": "alice"})
	sealed(func(l *login) { l.signAssertions = false }).rejected(t, s, "Assertion […")
	sealed(func(l *login) { l.foreignKey = true }).rejected(t, s, "SAML Signature […")

	// Text that a comment cuts in two is read whole: alice must not get in as alice.
	s.signIn(t, realm1, newLogin(s, realm1, "alice.admin").but(func(l *login) { l.comment = true })).
		want(t, 200).is(t, object{"username": "alice.admin", "authentication.metadata.saml_nameid": "alice.admin-id"})
}

// badLogins are changes that break one check each, in Elasticsearch's order; those
// without a reason break none.
func badLogins() []struct {
	name   string
	change func(*login)
	reason string
} {
	const root = "SAML Signature […"
	return []struct {
		name   string
		change func(*login)
		reason string
	}{
		{"assertion signed", func(*login) {}, ""},
		{"response signed", func(l *login) { l.signResponse, l.signAssertions = true, false }, ""},
		{"both signed", func(l *login) { l.signResponse = true }, ""},
		{"none signed", func(l *login) { l.signAssertions = false }, "Assertion […"},
		{"changed after signing the assertion", func(l *login) { l.tamper = true }, root},
		{"changed after signing the response", func(l *login) { l.tamper, l.signResponse, l.signAssertions = true, true, false }, root},
		{"somebody else's key", func(l *login) { l.foreignKey = true }, root},
		{"somebody else's key, response", func(l *login) { l.foreignKey, l.signResponse, l.signAssertions = true, true, false }, root},
		{"signature wrapping", func(l *login) { l.wrapped = true }, "…"},
		{"signature wrapping, response signed too", func(l *login) { l.wrapped, l.signResponse = true, true }, "…"},
		{"encrypted for a realm without a key", func(l *login) { l.encrypt = true }, "SAML assertion […"},
		{"not successful", func(l *login) { l.status = "urn:oasis:names:tc:SAML:2.0:status:Responder" }, "SAML Response is not a 'success' response: The request could not be granted due to an error in the SAML IDP side (urn:oasis:names:tc:SAML:2.0:status:Responder).…"},
		{"requester", func(l *login) {
			l.status, l.statusMessage = "urn:oasis:names:tc:SAML:2.0:status:Requester", "why"
		}, "SAML Response is not a 'success' response: The SAML IdP did not grant the request. It indicated that the Elastic Stack side sent something invalid (urn:oasis:names:tc:SAML:2.0:status:Requester). Message: [why]…"},
		{"no issuer", func(l *login) { l.issuer = "-" }, "Element …"},
		{"other issuer", func(l *login) { l.issuer = "https://other/" }, "SAML Issuer [https://other/] does not match expected value [" + idpEntity + "]"},
		{"other destination", func(l *login) { l.destination = realm1.acs + "/" }, "SAML response …"},
		{"no destination, unsigned", func(l *login) { l.destination = "" }, ""},
		{"no destination, signed", func(l *login) { l.destination, l.signResponse = "", true }, "SAML response …"},
		{"two assertions", func(l *login) { l.assertions = 2 }, "Expecting only 1 assertion, but response contains multiple (2)"},
		{"no assertion", func(l *login) { l.assertions = 0 }, "No assertions found in SAML response"},
		{"other audience", func(l *login) { l.audiences = [][]string{{"https://other/"}} }, "Conditions […"},
		{"other issuer inside", func(l *login) { l.assertionIssuer = "https://other/" }, "SAML Issuer [https://other/] does not match expected value [" + idpEntity + "]"},
		{"no subject", func(l *login) { l.noSubject = true }, "SAML Assertion (…"},
		{"no recipient", func(l *login) { l.recipient = "" }, "SAML Assertion SubjectConfirmationData Recipient […"},
		{"other recipient", func(l *login) { l.recipient = realm2.acs }, "SAML Assertion SubjectConfirmationData Recipient [" + realm2.acs + "] does not match expected value [" + realm1.acs + "]"},
		{"no attributes and no name", func(l *login) { l.attributes, l.noNameID = nil, true }, "Could not process any SAML attributes in …"},
	}
}

const notOneOf = "SAML content is in-response-to [%s] but expected one of [%s] "

func samlInResponseTo(t *testing.T, s *server) {
	good := func() *login { return newLogin(s, realm1, "alice") }
	s.signIn(t, realm1, good()).want(t, 200)
	s.signIn(t, realm1, good(), "_a", "_b").want(t, 200)
	s.signIn(t, realm1, good().answering("_a"), "_b", "_a").want(t, 200)
	s.signIn(t, realm1, good().answering("_c"), "_a", "_b").rejected(t, s, fmt.Sprintf(notOneOf, "_c", "_a, _b"))
	s.signIn(t, realm1, good().answering("_c")).rejected(t, s, fmt.Sprintf(notOneOf, "_c", ""))
	a := s.saml(t, "authenticate", object{"content": good().answering("_c").content(t), "realm": "saml1"})
	if s.speaks() {
		a.rejected(t, s, fmt.Sprintf(notOneOf, "_c", ""))
	} else {
		a.want(t, 401) // error attempting to authenticate request, by what was derived
	}
	s.saml(t, "authenticate", object{"content": good().content(t), "realm": "saml1"}).want(t, 200)
	s.saml(t, "authenticate", object{"content": good().answering("_a").content(t), "realm": "saml1", "ids": "_a"}).want(t, 200)
	s.signIn(t, realm1, good().but(func(l *login) { l.confirmationAnswer = "_c" }), "_a").
		rejected(t, s, "SAML Assertion SubjectConfirmationData is in-response-to [_c] but expected one of [[_a]]")
	s.saml(t, "authenticate", `{"content":"YQ==","ids":null}`).fails(t, 400, "x_content_parse_exception", "…")
}

func samlGenericAndSpecific(t *testing.T, s *server) {
	bad := newLogin(s, realm1, "alice").but(func(l *login) { l.audiences = [][]string{{"https://other/"}} })
	s.saml(t, "authenticate", object{"content": bad.content(t), "ids": []string{}}).generic(t)
	s.saml(t, "authenticate", `{"content":"`+bad.content(t)+`","ids":[],"realm":null}`).generic(t)
	s.signIn(t, realm1, bad).rejected(t, s, "Conditions […")
	nameless := newLogin(s, realm1, "alice").but(func(l *login) { l.attributes = l.attributes[1:] })
	s.signIn(t, realm1, nameless).generic(t)
}

func samlUnsolicited(t *testing.T, s *server) {
	const member = "security.saml.unsolicited_in_response_to"
	a := s.signIn(t, realm1, newLogin(s, realm1, "alice").answering("_abc"), "_x", "_y")
	if !s.speaks() {
		a.generic(t)
		return
	}
	reason := fmt.Sprintf(notOneOf, "_abc", "_x, _y")
	a.fails(t, 401, "security_exception", reason).allChallenges(t)
	a.ordered(t, "error", "root_cause", "type", "reason", member, "header").is(t, object{"error." + member: "_abc"})
	root := a.at(t, "error.root_cause").([]any)[0].(object) //nolint:forcetypeassert,errcheck // fails loudly
	if root[member] != "_abc" || root["reason"] != reason {
		t.Errorf("root_cause: got %v", root)
	}
	s.saml(t, "authenticate", object{"content": newLogin(s, realm1, "alice").answering("_abc").content(t), "ids": []string{"_x"}}).generic(t)
}

func samlUnknownRealm(t *testing.T, s *server) {
	for _, name := range []string{"none", "default_file", "", "SAML1"} {
		s.signIn(t, spRealm{name: name}, newLogin(s, realm1, "alice")).generic(t)
	}
}

func samlNoRealm(t *testing.T, s *server) {
	for _, r := range []spRealm{realm1, realm2, realm3} {
		a := s.saml(t, "authenticate", object{"content": newLogin(s, r, "alice").content(t), "ids": []string{}})
		a.want(t, 200).is(t, object{"realm": r.name, "authentication.authentication_realm.name": r.name})
	}
	s.signIn(t, realm1, newLogin(s, realm2, "alice")).rejected(t, s, "SAML response …")
}

func samlClockSkew(t *testing.T, s *server) {
	// Real clocks differ a little: keep off the edge by 20 s there.
	edge := time.Second
	if s.controls == nil {
		edge = 20 * time.Second
	}
	now, skew := s.now(), 3*time.Minute
	tests := []struct {
		name string
		set  func(*login, time.Duration)
		ok   time.Duration
		bad  time.Duration
		text string
	}{
		{"NotBefore", func(l *login, d time.Duration) { l.notBefore = now.Add(d) }, skew - edge, skew + edge, "Rejecting SAML assertion because […"},
		{"NotOnOrAfter", func(l *login, d time.Duration) { l.notOnOrAfter, l.notBefore = now.Add(d), now.Add(-time.Hour) }, edge - skew, -skew - edge, "Rejecting SAML assertion because […"},
		{"confirmation", func(l *login, d time.Duration) { l.confirmationEnd = now.Add(d) }, edge - skew, -skew - edge, "Rejecting SAML assertion because […"},
		{"session", func(l *login, d time.Duration) { l.sessionEnd = now.Add(d) }, edge - skew, -skew - edge, "Rejecting SAML assertion's Authentication Statement because […"},
	}
	for _, tt := range tests {
		t.Log(tt.name)
		s.signIn(t, realm1, newLogin(s, realm1, "alice").but(func(l *login) { tt.set(l, tt.ok) })).want(t, 200)
		s.signIn(t, realm1, newLogin(s, realm1, "alice").but(func(l *login) { tt.set(l, tt.bad) })).rejected(t, s, tt.text)
	}
	if s.controls != nil { // the exact instant: now minus skew reaches the limit
		l := newLogin(s, realm1, "alice").but(func(l *login) { l.confirmationEnd = s.now().Truncate(time.Millisecond).Add(-skew) })
		s.signIn(t, realm1, l).rejected(t, s, "Rejecting SAML assertion because […")
	}
}

func samlConditions(t *testing.T, s *server) {
	good := func(change func(*login)) {
		t.Helper()
		s.signIn(t, realm1, newLogin(s, realm1, "alice").but(change)).want(t, 200)
	}
	good(func(l *login) { l.noConditions = true })
	good(func(l *login) { l.audiences = nil })
	good(func(l *login) { l.audiences = [][]string{{"https://other/", realm1.sp}} })
	good(func(l *login) { l.audiences = [][]string{{realm1.sp}, {"https://other/", realm1.sp}} })
	good(func(l *login) { l.confirmationEnd = time.Time{} })
	bad := func(reason string, change func(*login)) {
		t.Helper()
		s.signIn(t, realm1, newLogin(s, realm1, "alice").but(change)).rejected(t, s, reason)
	}
	bad("Conditions […", func(l *login) { l.audiences = [][]string{{realm1.sp}, {"https://other/"}} })
	bad("Conditions […", func(l *login) { l.audiences = [][]string{{strings.TrimSuffix(realm1.sp, "/")}} })
	const confirmations = "SAML Assertion subject contains [%d] bearer SubjectConfirmation, while exactly one was expected."
	const statements = "SAML Assertion subject contains [%d] Authn Statements while exactly one was expected."
	for _, n := range []int{0, 2} {
		bad(fmt.Sprintf(confirmations, n), func(l *login) { l.confirmations = n })
		bad(fmt.Sprintf(statements, n), func(l *login) { l.authnStatements = n })
	}
}

func samlReplay(t *testing.T, s *server) {
	l := newLogin(s, realm1, "alice").answering("_a")
	content := object{"content": l.content(t), "ids": []string{"_a"}, "realm": "saml1"}
	first := s.saml(t, "authenticate", content).pair(t)
	second := s.saml(t, "authenticate", content).pair(t)
	if first.access == second.access || first.refresh == second.refresh {
		t.Error("the same tokens twice")
	}
}

func samlSuccess(t *testing.T, s *server) {
	members := []string{"username", "realm", "access_token", "refresh_token", "expires_in", "authentication"}
	s.signIn(t, realm1, newLogin(s, realm1, "alice")).want(t, 200).product(t).ordered(t, "", members...)
	a := s.signIn(t, realm1, newLogin(s, realm1, "alice").answering("_a"), "_a").want(t, 200)
	if s.speaks() {
		a.ordered(t, "", append(members, "in_response_to")...).is(t, object{"in_response_to": "_a"})
	} else {
		a.ordered(t, "", members...)
	}
	realm := object{"name": "saml1", "type": "saml"}
	a.is(t, object{
		"username": "alice", "realm": "saml1", "authentication.username": "alice", "authentication.roles": []string{"contract_reader"},
		"authentication.full_name": "Alice Example", "authentication.email": "alice@contract.test", "authentication.authentication_type": "realm",
		"authentication.authentication_realm": realm, "authentication.lookup_realm": realm, "authentication.enabled": true,
	})
	if n := a.number(t, "expires_in"); n < 1 || n > 3600 {
		t.Errorf("expires_in: got %d", n)
	}
}

func samlMetadataKeys(t *testing.T, s *server) {
	a := s.signIn(t, realm1, newLogin(s, realm1, "alice")).want(t, 200)
	a.is(t, object{"authentication.metadata": object{
		"saml_nameid": "alice-id", "saml_nameid_format": transient,
		"saml(urn:oid:0.9.2342.19200300.100.1.1)": []string{"alice"}, "saml_uid": []string{"alice"},
		"saml(groups)": []string{"readers", "others"}, "saml(displayName)": []string{"Alice Example"}, "saml(mail)": []string{"alice@contract.test"},
	}})
	a = s.signIn(t, realm1, newLogin(s, realm1, "alice").but(func(l *login) { l.nameIDFormat = "" })).want(t, 200)
	if got := a.at(t, "authentication.metadata.saml_nameid_format"); got != nil {
		t.Errorf("a format that nobody gave: %v", got)
	}
}

func samlNoRoles(t *testing.T, s *server) {
	a := s.signIn(t, realm1, newLogin(s, realm1, "norah").but(func(l *login) { l.attributes = l.attributes[:1] })).want(t, 200)
	a.is(t, object{"authentication.roles": []string{}, "authentication.full_name": nil, "authentication.email": nil})
	s.bearer(a.text(t, "access_token")).get(t, "/contract-logs/_search").want(t, 403)
	s.signIn(t, realm1, newLogin(s, realm1, "alice").but(func(l *login) { l.attributes = l.attributes[1:] })).generic(t)
}

func samlTokens(t *testing.T, s *server) {
	p := s.signIn(t, realm1, newLogin(s, realm1, "alice")).pair(t)
	a := s.bearer(p.access).who(t).want(t, 200)
	a.is(t, object{"username": "alice", "authentication_type": "token", "authentication_realm": object{"name": "saml1", "type": "saml"}, "roles": []string{"contract_reader"}})
	s.bearer(p.access).get(t, "/contract-logs/_search").want(t, 200)
	s.refreshAs(t, s.user("contract-saml"), p).refuses(t, "invalid_grant", foreign)
	second := s.refresh(t, p).want(t, 200).is(t, object{"authentication.username": "alice", "authentication.authentication_type": "token"}).pair(t)
	s.bearer(second.access).who(t).want(t, 200).is(t, object{"username": "alice"})
}

func samlTokenMetadata(t *testing.T, s *server) {
	// The metadata is not shown to anybody. What it does is: a LogoutRequest of the
	// provider finds the session by it, before and after a refresh.
	l := newLogin(s, realm1, "alice").answering("_a").but(func(l *login) { l.nameID = "meta-" + newID() })
	p := s.signIn(t, realm1, l, "_a").pair(t)
	second := s.refresh(t, p).pair(t)
	s.saml(t, "invalidate", object{"realm": "saml1", "query_string": endSession(realm1, l).query(t, s.now())}).
		want(t, 200).is(t, object{"invalidated": 4})
	for _, token := range []string{p.access, second.access} {
		s.bearer(token).who(t).tokenExpired(t)
	}

	third := s.refresh(t, s.signIn(t, realm1, newLogin(s, realm1, "alice")).pair(t)).pair(t)
	a := s.saml(t, "logout", object{"token": third.access}).want(t, 200)
	_, values := sent(t, a.text(t, "redirect"), slo)
	if id := opened(t, values.Get("SAMLRequest")).FindElement("./NameID"); id == nil || id.Text() != "alice-id" {
		t.Errorf("NameID after a refresh: got %v", id)
	}
}

func samlLogoutRules(t *testing.T, s *server) {
	s.saml(t, "logout", object{}).fails(t, 400, "action_request_validation_exception", "Validation Failed: 1: token is missing;")
	s.saml(t, "logout", object{"token": ""}).fails(t, 400, "action_request_validation_exception", "Validation Failed: 1: token is missing;")
	p := s.signIn(t, realm1, newLogin(s, realm1, "alice")).pair(t)
	s.saml(t, "logout", object{"token": p.access, "refresh_token": ""}).fails(t, 400, "illegal_argument_exception", "refresh token must be provided")
	s.saml(t, "logout", object{"token": "unknown", "refresh_token": p.refresh}).
		fails(t, 500, "security_exception", "supplied token is not valid").noChallenge(t)
	s.refresh(t, p).refuses(t, "invalid_grant", "token has been invalidated") // gone all the same
	s.bearer(p.access).who(t).want(t, 200)
	s.saml(t, "logout", object{"token": p.access, "refresh_token": "unknown"}).want(t, 200)

	other := s.newPair(t)
	s.saml(t, "logout", object{"token": other.access}).realmError(t, s, "Authenticating realm file/default_file is not a SAML realm")

	old := s.signIn(t, realm1, newLogin(s, realm1, "alice")).pair(t)
	s.eventually(t, time.Duration(old.expiresIn+1)*time.Second, "the token has expired", func() bool { return s.bearer(old.access).who(t).status == 401 })
	s.saml(t, "logout", object{"token": old.access, "refresh_token": old.refresh}).want(t, 200)
}

func samlLogout(t *testing.T, s *server) {
	l := newLogin(s, realm1, "alice")
	p := s.signIn(t, realm1, l).pair(t)
	a := s.saml(t, "logout", object{"token": p.access, "refresh_token": p.refresh}).want(t, 200).product(t).ordered(t, "", "id", "redirect")
	names, values := sent(t, a.text(t, "redirect"), slo)
	if !slices.Equal(names, []string{"SAMLRequest"}) {
		t.Errorf("parameters: got %v", names)
	}
	request := opened(t, values.Get("SAMLRequest"))
	text := func(name string) string {
		if e := request.FindElement("./" + name); e != nil {
			return e.Text()
		}
		return ""
	}
	if request.Tag != "LogoutRequest" || request.SelectAttrValue("ID", "") != a.text(t, "id") || request.SelectAttrValue("Destination", "") != slo ||
		text("Issuer") != realm1.sp || text("NameID") != l.nameID || text("SessionIndex") != l.sessionIndex {
		t.Errorf("LogoutRequest: got %s", xmlText(request))
	}
	s.bearer(p.access).who(t).tokenExpired(t)
	s.refresh(t, p).refuses(t, "invalid_grant", "token has been invalidated")

	for _, r := range []spRealm{realm2, realm3} { // switched off, and no address for it
		p := s.signIn(t, r, newLogin(s, r, "alice")).pair(t)
		s.saml(t, "logout", object{"token": p.access, "refresh_token": p.refresh}).want(t, 200).ordered(t, "", "id", "redirect").is(t, object{"id": nil, "redirect": nil})
		s.bearer(p.access).who(t).tokenExpired(t)
	}
}

func xmlText(e *etree.Element) string {
	d := etree.NewDocument()
	d.SetRoot(e.Copy())
	text, err := d.WriteToString()
	if err != nil {
		return err.Error()
	}
	return text
}

// ended is a session of its own and the request that ends it.
func (s *server) ended(t *testing.T) (pair, *logoutRequest) {
	t.Helper()
	l := newLogin(s, realm1, "alice").but(func(l *login) { l.nameID = "name-" + newID() })
	return s.signIn(t, realm1, l).pair(t), endSession(realm1, l)
}

func (s *server) invalidate(t *testing.T, query string) answer {
	t.Helper()
	return s.saml(t, "invalidate", object{"realm": "saml1", "query_string": query})
}

func samlInvalidateQuery(t *testing.T, s *server) {
	p, request := s.ended(t)
	query := request.query(t, s.now())
	a := s.saml(t, "invalidate", object{"realm": "saml1", "queryString": query}).want(t, 200).is(t, object{"invalidated": 2})
	if warning := a.header.Get("Warning"); !strings.HasPrefix(warning, "299 Elasticsearch-") {
		t.Errorf("Warning: got %q", warning)
	}
	s.bearer(p.access).who(t).tokenExpired(t)
	both := s.saml(t, "invalidate", object{"query_string": query, "queryString": query}).fails(t, 400, "x_content_parse_exception", "…")
	if cause := both.text(t, "error.caused_by.reason"); cause != "Must use either [query_string] or [queryString], not both at the same time" {
		t.Errorf("caused_by: got %q", cause)
	}
	s.saml(t, "invalidate", object{"realm": "saml1"}).fails(t, 400, "action_request_validation_exception", "Validation Failed: 1: query_string is missing;")
	s.saml(t, "invalidate", object{"realm": "none", "query_string": query}).realmError(t, s, "Cannot find any matching realm for [SamlInvalidateSessionRequest{…")

	_, request = s.ended(t)
	query = request.query(t, s.now())
	reordered := query[strings.Index(query, "&SigAlg")+1:] + "&" + query[:strings.Index(query, "&SigAlg")]
	s.invalidate(t, reordered).realmError(t, s, "…")
	// The octets are what is signed: the same value spelled in another way is another text.
	s.invalidate(t, strings.Replace(query, "%2F", "%2f", 1)).realmError(t, s, "SAML Signature […")
	// What stands behind Signature is not signed, and the last value wins all the same.
	victim, other := s.ended(t)
	s.invalidate(t, query+"&"+strings.SplitN(other.query(t, s.now()), "&", 2)[0]).want(t, 200).is(t, object{"invalidated": 2})
	s.bearer(victim.access).who(t).tokenExpired(t)
}

func samlInvalidateMatches(t *testing.T, s *server) {
	p, request := s.ended(t)
	miss := func(change func(*logoutRequest)) {
		t.Helper()
		other := *request
		change(&other)
		a := s.invalidate(t, other.query(t, s.now())).want(t, 200).ordered(t, "", "realm", "invalidated", "redirect")
		a.is(t, object{"realm": "saml1", "invalidated": 0})
		sent(t, a.text(t, "redirect"), slo)
	}
	miss(func(r *logoutRequest) { r.nameID += "x" })
	miss(func(r *logoutRequest) { r.format = persistent })
	miss(func(r *logoutRequest) { r.format = "" })
	miss(func(r *logoutRequest) { r.sessionIndex = "" })
	s.bearer(p.access).who(t).want(t, 200)

	request.relayState = "back to & there"
	a := s.invalidate(t, request.query(t, s.now())).want(t, 200).is(t, object{"invalidated": 2})
	_, values := sent(t, a.text(t, "redirect"), slo)
	response := opened(t, values.Get("SAMLResponse"))
	code := response.FindElement("./Status/StatusCode")
	if response.Tag != "LogoutResponse" || response.SelectAttrValue("InResponseTo", "") != request.id || code == nil ||
		code.SelectAttrValue("Value", "") != succeeded || values.Get("RelayState") != request.relayState {
		t.Errorf("LogoutResponse: got %s with state %q", xmlText(response), values.Get("RelayState"))
	}
	s.bearer(p.access).who(t).tokenExpired(t)
	s.refresh(t, p).refuses(t, "invalid_grant", "token has been invalidated")

	l := newLogin(s, realm3, "alice").but(func(l *login) { l.nameID = "plain-" + newID() })
	p = s.signIn(t, realm3, l).pair(t)
	s.saml(t, "invalidate", object{"realm": "saml3", "query_string": endSession(realm3, l).query(t, s.now())}).
		realmError(t, s, "Cannot send LogoutResponse because the IDP "+plainEntity+" does not provide a logout service")
	s.bearer(p.access).who(t).tokenExpired(t)
}

func samlInvalidateSignatures(t *testing.T, s *server) {
	p, request := s.ended(t)
	try := func(change func(*logoutRequest)) answer {
		other := *request
		change(&other)
		return s.invalidate(t, other.query(t, s.now()))
	}
	try(func(r *logoutRequest) { r.unsigned = true }).realmError(t, s, "Logout request is not signed")
	try(func(r *logoutRequest) { r.destination = realm1.acs }).realmError(t, s, "SAML request …")
	try(func(r *logoutRequest) { r.issuer = "https://other/" }).realmError(t, s, "SAML Issuer […")
	try(func(r *logoutRequest) { r.notOnOrAfter = s.now().Add(-time.Hour) }).realmError(t, s, "Rejecting …")
	query := request.query(t, s.now())
	signed, _, _ := strings.Cut(query, "&Signature=")
	s.invalidate(t, signed+"&Signature="+base64.RawURLEncoding.EncodeToString(make([]byte, 258))).realmError(t, s, "SAML Signature […")
	s.invalidate(t, "RelayState=x").realmError(t, s, "…")
	notBase64 := s.invalidate(t, "SAMLRequest=%2A%2A&SigAlg=a&Signature=b")
	notBase64.fails(t, pick(s, 400, 401), "security_exception", "SAML message cannot be Base64 decoded…")
	s.invalidate(t, "SAMLRequest=%zz").fails(t, 400, "illegal_argument_exception", "…")
	s.bearer(p.access).who(t).want(t, 200)
	try(func(r *logoutRequest) { r.unsigned, r.signXML = true, true }).want(t, 200).is(t, object{"invalidated": 2})
}

func samlCompleteLogout(t *testing.T, s *server) {
	const kind = "action_request_validation_exception"
	complete := func(body object) answer {
		t.Helper()
		return s.saml(t, "complete_logout", body)
	}
	complete(object{"ids": []string{}, "query_string": "x"}).fails(t, 400, kind, "Validation Failed: 1: realm may not be empty;")
	complete(object{"realm": "saml1", "ids": []string{}}).fails(t, 400, kind, "Validation Failed: 1: query_string and content may not both be empty;")
	complete(object{"realm": "saml1", "ids": []string{}, "query_string": "x", "content": "y"}).
		fails(t, 400, kind, "Validation Failed: 1: query_string and content may not both present;")
	complete(object{"realm": "none", "ids": []string{}, "query_string": "x"}).realmError(t, s, "Cannot find any matching realm with name [none]")

	p := s.signIn(t, realm1, newLogin(s, realm1, "alice")).pair(t)
	redirect := func(l *logoutResponse, ids ...string) answer {
		t.Helper()
		return complete(object{"realm": "saml1", "ids": ids, "query_string": signedQuery(t, "SAMLResponse", l.xml(t, s.now()), "")})
	}
	good := func() *logoutResponse { return loggedOut(realm1, "_a") }
	redirect(good(), "_b", "_a").want(t, 200).ordered(t, "")
	redirect(good(), "_b").realmError(t, s, "SAML content is in-response-to [_a] but expected one of [_b]…")
	bad := good()
	bad.status = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	redirect(bad, "_a").realmError(t, s, "SAML Response is not a 'success' response: …")
	bad = good()
	bad.issuer = "https://other/"
	redirect(bad, "_a").realmError(t, s, "SAML Issuer [https://other/] does not match expected value ["+idpEntity+"]")
	bad = good()
	bad.destination = realm1.acs
	redirect(bad, "_a").realmError(t, s, "…")
	complete(object{"realm": "saml1", "ids": []string{"_a"}, "query_string": unsignedQuery(t, "SAMLResponse", good().xml(t, s.now()), "")}).
		realmError(t, s, "Query string is not signed, but is required for HTTP-Redirect binding")

	post := func(signed bool) answer {
		t.Helper()
		l := good()
		l.signXML = signed
		return complete(object{"realm": "saml1", "ids": []string{"_a"}, "content": base64.StdEncoding.EncodeToString(l.xml(t, s.now()))})
	}
	post(true).want(t, 200).ordered(t, "")
	post(false).realmError(t, s, "LogoutResponse is not signed, but is required for HTTP-Post binding")
	packed := good()
	packed.signXML = true
	complete(object{"realm": "saml1", "ids": []string{"_a"}, "content": base64.StdEncoding.EncodeToString(deflated(t, packed.xml(t, s.now())))}).realmError(t, s, "…")
	s.bearer(p.access).who(t).want(t, 200) // no session was touched
}

func samlSPMetadata(t *testing.T, s *server) {
	for _, r := range []spRealm{realm1, realm2} {
		a := s.home().get(t, samlPath+"metadata/"+r.name).want(t, 200).product(t).ordered(t, "", "metadata")
		d := etree.NewDocument()
		if err := d.ReadFromString(a.text(t, "metadata")); err != nil {
			t.Fatal(err)
		}
		root := d.Root()
		if root.Tag != "EntityDescriptor" || root.SelectAttrValue("entityID", "") != r.sp {
			t.Errorf("metadata: got %s", xmlText(root))
		}
		acs := root.FindElement("./SPSSODescriptor/AssertionConsumerService")
		if acs == nil || acs.SelectAttrValue("Location", "") != r.acs || !strings.HasSuffix(acs.SelectAttrValue("Binding", ""), ":HTTP-POST") {
			t.Errorf("AssertionConsumerService: got %s", xmlText(root))
		}
		logout := root.FindElement("./SPSSODescriptor/SingleLogoutService")
		if (logout != nil) != (r.logout != "") || logout != nil && logout.SelectAttrValue("Location", "") != r.logout {
			t.Errorf("SingleLogoutService: got %s", xmlText(root))
		}
		signs := root.FindElement("./SPSSODescriptor").SelectAttrValue("AuthnRequestsSigned", "")
		if want := map[string]string{"saml1": "false", "saml2": "true"}[r.name]; signs != want {
			t.Errorf("AuthnRequestsSigned: got %s, want %s", signs, want)
		}
	}
	s.home().get(t, samlPath+"metadata/none").realmError(t, s, "Cannot find any matching realm for [none]")
	s.user("contract-reader").get(t, samlPath+"metadata/saml1").want(t, 200) // monitor is enough
	s.user("contract-joe").get(t, samlPath+"metadata/saml1").want(t, 403)
}

func samlChallenges(t *testing.T, s *server) {
	s.signIn(t, realm1, newLogin(s, realm1, "alice").but(func(l *login) { l.signAssertions = false })).want(t, 401).allChallenges(t)
	for _, a := range []answer{
		s.saml(t, "prepare", object{"realm": "none"}),
		s.saml(t, "logout", object{"token": s.newPair(t).access}),
		s.invalidate(t, "SAMLRequest=x"),
		s.saml(t, "complete_logout", object{"realm": "none", "ids": []string{}, "content": "x"}),
		s.home().get(t, samlPath+"metadata/none"),
	} {
		if a.noChallenge(t); a.status < 400 {
			t.Errorf("want a failure\n%s", a)
		}
	}
}

func samlDeprecatedPaths(t *testing.T, s *server) {
	for _, call := range []string{"prepare", "authenticate", "logout", "invalidate"} {
		path := "/_xpack/security/saml/" + call
		s.home().post(t, path, "{}").want(t, 400).ordered(t, "", "error").
			is(t, object{"error": "no handler found for uri [" + path + "] and method [POST]"})
	}
}
