package contract

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestOIDC(t *testing.T) {
	t.Parallel()
	run(t, []row{
		{name: "01_order_of_checks", kind: wire, test: oidcOrderOfChecks},
		{name: "02_strict_bodies", kind: wire, test: oidcStrictBodies},
		{name: "03_validation", kind: wire, test: oidcValidation},
		{name: "04_privileges", kind: wire, test: oidcPrivileges},
		{name: "05_prepare_selects", kind: wire, test: oidcPrepareSelects},
		{name: "06_prepare_answer", kind: wire, test: oidcPrepareAnswer},
		{name: "07_callback", kind: wire, test: oidcCallback},
		{name: "08_code_and_id_token", kind: wire, test: oidcCode},
		{name: "09_one_refusal", kind: controlled, test: oidcOneRefusal},
		{name: "10_realms", kind: wire, test: oidcRealms},
		{name: "11_success_members", kind: wire, test: oidcSuccess},
		{name: "12_metadata", kind: wire, test: oidcMetadata},
		{name: "13_clock_skew", kind: controlled, test: oidcClockSkew},
		{name: "14_replay", kind: wire, test: oidcReplay},
		{name: "15_logout", kind: wire, test: oidcLogout},
		{name: "16_logout_rules", kind: wire, test: oidcLogoutRules},
		{name: "17_dead_tokens", kind: wire, test: oidcDeadTokens},
		{name: "28_service_off", kind: controlled, test: oidcServiceOff},
		{name: "29_license", kind: controlled, test: oidcLicense},
		{name: "30_no_roles", kind: wire, test: oidcNoRoles},
		{name: "31_authenticate", kind: wire, test: oidcWho},
		{name: "32_refresh", kind: wire, test: oidcRefresh},
		{name: "33_delegated_lookup", kind: wire, test: oidcDelegated},
	})
}

const (
	oidcPath    = "/_security/oidc/"
	oidcGeneric = "unable to authenticate user [<OIDC Token>] for action [cluster:admin/xpack/security/oidc/authenticate]"
	invalidCall = "action_request_validation_exception"
)

func (s *server) oidc(t *testing.T, call string, body any) answer {
	t.Helper()
	return s.home().post(t, oidcPath+call, body)
}

// shows sends a callback, with the state "s" and the nonce "n".
func (s *server) shows(t *testing.T, r opRealm, callback string) answer {
	t.Helper()
	return s.oidc(t, "authenticate", object{"realm": r.name, "redirect_uri": callback, "state": "s", "nonce": "n"})
}

// implicit signs somebody in at a realm of the type id_token.
func (s *server) implicit(t *testing.T, r opRealm, g *grantee) answer {
	t.Helper()
	return s.shows(t, r, fragment(r, "state", "s", "id_token", g.mint(t)))
}

// byCode signs somebody in at oidc2.
func (s *server) byCode(t *testing.T, token, userinfo opReply) answer {
	t.Helper()
	code := s.provider(t).grants(token, userinfo)
	return s.shows(t, oidc2, oidc2.callback+"?"+query("state", "s", "code", code))
}

// alice is a good ID token for the nonce "n".
func alice(s *server, r opRealm) *grantee { return newGrantee(s, r, "alice", "n") }

// sameSubject is a userinfo that adds nothing.
func sameSubject() opReply { return opReply{body: object{"sub": "alice-sub"}} }

func (a answer) oidcRefused(t *testing.T) answer {
	t.Helper()
	return a.fails(t, 401, "security_exception", oidcGeneric).allChallenges(t)
}

func oidcOrderOfChecks(t *testing.T, s *server) {
	for call, parser := range map[string]string{"prepare": "oidc_prepare_authentication", "authenticate": "oidc_authn", "logout": "oidc_logout"} {
		path := oidcPath + call
		s.nobody().post(t, path, "{broken").fails(t, 401, "security_exception", fmt.Sprintf(missing, path)).allChallenges(t)
		s.as(account{"esgateway", "wrong"}).post(t, path, "{}").fails(t, 401, "security_exception", fmt.Sprintf(unable, "esgateway", path))
		joe := s.user("contract-joe")
		joe.post(t, path, `{"nonsense":1}`).fails(t, 400, "x_content_parse_exception", "[1:2] ["+parser+"] unknown field [nonsense]…")
		joe.post(t, path, "{}").fails(t, 400, invalidCall, "Validation Failed: …")
		s.home().get(t, path).want(t, 405)
	}
	joe := s.user("contract-joe")
	joe.post(t, oidcPath+"prepare", object{"realm": "none"}).fails(t, 403, "security_exception",
		fmt.Sprintf(forbidden, "cluster:admin/xpack/security/oidc/prepare", "contract-joe", "contract_none", "cluster", "manage_oidc,manage_security,all"))
	joe.post(t, oidcPath+"authenticate", object{"redirect_uri": "x", "state": "s", "nonce": "n"}).want(t, 403)
	joe.post(t, oidcPath+"logout", object{"token": "x"}).want(t, 403)
}

func oidcStrictBodies(t *testing.T, s *server) {
	const kind = "x_content_parse_exception"
	for call, field := range map[string]string{"prepare": "state", "authenticate": "nonce", "logout": "refresh_token"} {
		s.oidc(t, call, "").fails(t, 400, "parse_exception", "request body is required")
		s.oidc(t, call, "{broken").fails(t, 400, kind, "…")
		s.oidc(t, call, `{"`+field+`":1}`).fails(t, 400, kind, "[1:…")
		s.oidc(t, call, `{"`+field+`":null}`).fails(t, 400, kind, "[1:…")
	}
	s.oidc(t, "prepare", `{"realm":null}`).fails(t, 400, kind, "[1:10] [oidc_prepare_authentication] realm doesn't support values of type: VALUE_NULL")
	s.oidc(t, "authenticate", object{"realm": nil}).fails(t, 400, invalidCall, "…")
}

func oidcValidation(t *testing.T, s *server) {
	s.oidc(t, "prepare", object{}).fails(t, 400, invalidCall, "Validation Failed: 1: one of [realm, issuer] must be provided;")
	s.oidc(t, "prepare", object{"realm": " ", "iss": ""}).fails(t, 400, invalidCall, "Validation Failed: 1: one of [realm, issuer] must be provided;")
	s.oidc(t, "prepare", object{"realm": "a", "iss": "b"}).
		fails(t, 400, invalidCall, "Validation Failed: 1: only one of [realm, issuer] can be provided in the same request;")
	s.oidc(t, "authenticate", object{"realm": "oidc1"}).fails(t, 400, invalidCall,
		"Validation Failed: 1: state parameter is missing;2: nonce parameter is missing;3: redirect_uri parameter is missing;")
	s.oidc(t, "authenticate", object{"state": "s", "nonce": "", "redirect_uri": "x"}).fails(t, 400, invalidCall, "Validation Failed: 1: nonce parameter is missing;")
	s.oidc(t, "logout", object{"token": ""}).fails(t, 400, invalidCall, "Validation Failed: 1: token is missing;")
}

func oidcPrivileges(t *testing.T, s *server) {
	calls := map[string]object{
		"prepare": {"realm": "oidc1"}, "authenticate": {"redirect_uri": "?x=y", "state": "s", "nonce": "n", "realm": "none"}, "logout": {"token": "x"},
	}
	for call, body := range calls {
		for _, user := range []string{"contract-saml", "contract-pki", "contract-tokens", "contract-reader"} {
			s.user(user).post(t, oidcPath+call, body).fails(t, 403, "security_exception", "action [cluster:admin/xpack/security/oidc/"+call+"] is unauthorized for user ["+user+"]…").noChallenge(t)
		}
		if a := s.user("contract-oidc").post(t, oidcPath+call, body); a.status == 403 {
			t.Errorf("manage_oidc is enough\n%s", a)
		}
	}
	p := s.implicit(t, oidc1, alice(s, oidc1)).pair(t)
	s.refreshAs(t, s.user("contract-oidc"), p).want(t, 403)
	s.user("contract-oidc").del(t, tokenPath, object{"token": p.access}).want(t, 403)
}

func oidcPrepareSelects(t *testing.T, s *server) {
	s.oidc(t, "prepare", object{"realm": "oidc2"}).want(t, 200).is(t, object{"realm": "oidc2"})
	s.oidc(t, "prepare", object{"iss": oidc1.issuer}).want(t, 200).is(t, object{"realm": "oidc1"})
	for _, tt := range []struct {
		body   object
		reason string
	}{
		{object{"realm": "none"}, "Cannot find OpenID Connect realm with name [none]"},
		{object{"realm": "saml1"}, "Cannot find OpenID Connect realm with name [saml1]"},
		{object{"iss": oidc1.issuer + "/"}, "Cannot find OpenID Connect realm with issuer [" + oidc1.issuer + "/]"},
		{object{"iss": oidc2.issuer}, "Found multiple OpenID Connect realm with issuer [" + oidc2.issuer + "]"},
	} {
		s.oidc(t, "prepare", tt.body).fails(t, 500, "security_exception", tt.reason).noChallenge(t)
	}
}

func oidcPrepareAnswer(t *testing.T, s *server) {
	a := s.oidc(t, "prepare", object{"realm": "oidc2"}).want(t, 200).product(t).ordered(t, "", "redirect", "state", "nonce", "realm")
	state, nonce := a.text(t, "state"), a.text(t, "nonce")
	if len(state) != 43 || len(nonce) != 43 || state == nonce {
		t.Errorf("state and nonce\n%s", a)
	}
	want := url.Values{
		"scope": {"profile email openid"}, "response_type": {"code"}, "redirect_uri": {oidc2.callback},
		"state": {state}, "nonce": {nonce}, "client_id": {oidc2.client},
	}
	_, values := sent(t, a.text(t, "redirect"), "https://op2.contract.test/auth")
	if values.Encode() != want.Encode() {
		t.Errorf("parameters:\n got %v\nwant %v", values, want)
	}
	a = s.oidc(t, "prepare", object{"realm": "oidc3", "state": "my state", "nonce": "n", "login_hint": "a@b"}).want(t, 200).is(t, object{"state": "my state", "nonce": "n"})
	_, values = sent(t, a.text(t, "redirect"), "https://op2.contract.test/auth")
	want = url.Values{
		"scope": {"openid"}, "response_type": {"id_token token"}, "redirect_uri": {oidc3.callback},
		"state": {"my state"}, "nonce": {"n"}, "client_id": {oidc3.client}, "login_hint": {"a@b"},
	}
	if values.Encode() != want.Encode() {
		t.Errorf("parameters:\n got %v\nwant %v", values, want)
	}
	a = s.oidc(t, "prepare", object{"realm": "oidc2", "login_hint": " "}).want(t, 200)
	if strings.Contains(a.text(t, "redirect"), "login_hint") {
		t.Errorf("a login_hint without text\n%s", a)
	}
	s.oidc(t, "prepare", object{"realm": "oidc2", "state": " "}).fails(t, 400, "illegal_argument_exception", "")
}

func oidcCallback(t *testing.T, s *server) {
	idToken := alice(s, oidc1).mint(t)
	good := query("state", "s", "id_token", idToken)
	for name, callback := range map[string]string{
		"fragment":                    oidc1.callback + "#" + good,
		"path and fragment":           "/1#" + good,
		"the fragment beats a query":  oidc1.callback + "?" + query("error", "access_denied", "state", "x") + "#" + good,
		"a query will do":             oidc1.callback + "?" + good,
		"another host":                "https://elsewhere.test/#" + good,
		"parameters of no importance": oidc1.callback + "#iss=x&session_state=y&" + good,
	} {
		if a := s.shows(t, oidc1, callback); a.status != 200 {
			t.Errorf("%s: want 200\n%s", name, a)
		}
	}
	for name, callback := range map[string]string{
		"an error beside all the rest": oidc1.callback + "#error=access_denied&" + good,
		"a junk fragment":              oidc1.callback + "?" + good + "#_",
		"an empty fragment":            oidc1.callback + "?" + good + "#",
		"nothing":                      oidc1.callback,
		"no state":                     fragment(oidc1, "id_token", idToken),
		"another state":                fragment(oidc1, "state", "x", "id_token", idToken),
		"a code too many":              oidc1.callback + "#code=c&" + good,
		"a code instead":               fragment(oidc1, "state", "s", "code", "c"),
		"no URI":                       oidc1.callback + "#" + good + "& ",
	} {
		if a := s.shows(t, oidc1, callback); a.status != 401 {
			t.Errorf("%s: want 401\n%s", name, a)
		} else {
			a.oidcRefused(t)
		}
	}
	access := rand.Text()
	both := func(kind, hash string) answer {
		g := alice(s, oidc3).with("at_hash", hash)
		return s.shows(t, oidc3, fragment(oidc3, "state", "s", "id_token", g.mint(t), "access_token", access, "token_type", kind))
	}
	both("Bearer", halfHash(access)).want(t, 200)
	both("bearer", halfHash(access)).oidcRefused(t) // case counts
	both("Bearer", halfHash("x")).oidcRefused(t)
}

func oidcCode(t *testing.T, s *server) {
	code := s.provider(t).grants(tokenReply(alice(s, oidc2).mint(t)), sameSubject())
	callback := oidc2.callback + "?" + query("state", "s", "code", code)
	s.shows(t, oidc2, callback).want(t, 200).is(t, object{"username": "alice"})
	asked := s.provider(t).request(code)
	want := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {oidc2.callback}}
	id, secret, _ := asked.BasicAuth()
	if asked.Method != http.MethodPost || asked.PostForm.Encode() != want.Encode() || id != url.QueryEscape(oidc2.client) || secret != url.QueryEscape(opSecret) {
		t.Errorf("token request: %s %v as %q %q", asked.Method, asked.PostForm, id, secret)
	}
	s.shows(t, oidc2, callback).oidcRefused(t) // the code is used

	for name, g := range map[string]*grantee{
		"unsigned":               alice(s, oidc2).but(func(g *grantee) { g.algorithm = "none" }),
		"another algorithm":      alice(s, oidc2).but(func(g *grantee) { g.algorithm = "PS256" }),
		"another key":            alice(s, oidc2).but(func(g *grantee) { g.foreignKey = true }),
		"changed":                alice(s, oidc2).but(func(g *grantee) { g.tamper = true }),
		"another issuer":         alice(s, oidc2).with("iss", oidc2.issuer+"/"),
		"another audience":       alice(s, oidc2).with("aud", oidc1.client),
		"no subject":             alice(s, oidc2).with("sub", nil),
		"another nonce":          alice(s, oidc2).with("nonce", "x"),
		"no nonce":               alice(s, oidc2).with("nonce", nil),
		"no end":                 alice(s, oidc2).with("exp", nil),
		"a wrong at_hash":        alice(s, oidc2).with("at_hash", "x"),
		"another party":          alice(s, oidc2).with("azp", "x"),
		"no user name":           alice(s, oidc2).with("uid", nil),
		"a day over":             alice(s, oidc2).with("exp", s.now().Add(-24*time.Hour).Unix()),
		"userinfo's own subject": alice(s, oidc2).with("sub", "somebody"),
		"userinfo clashes":       alice(s, oidc2).with("clash", 1),
	} {
		info := sameSubject()
		info.body["clash"] = "text"
		if a := s.byCode(t, tokenReply(g.mint(t)), info); a.status != 401 {
			t.Errorf("%s: want 401\n%s", name, a)
		} else {
			a.oidcRefused(t)
		}
	}
	for name, bend := range map[string]func(*opReply){
		"no ID token":     func(r *opReply) { delete(r.body, "id_token") },
		"bearer":          func(r *opReply) { r.body["token_type"] = "bearer" },
		"an error":        func(r *opReply) { r.status, r.body = 400, object{"error": "invalid_grant"} },
		"an ill endpoint": func(r *opReply) { r.status, r.body = 500, object{} },
	} {
		reply := tokenReply(alice(s, oidc2).mint(t))
		bend(&reply)
		if a := s.byCode(t, reply, sameSubject()); a.status != 401 {
			t.Errorf("%s: want 401\n%s", name, a)
		} else {
			a.oidcRefused(t)
		}
	}
	page := opReply{mediaType: "text/html", body: object{}}
	const attempt = "error attempting to authenticate request"
	a := s.byCode(t, page, sameSubject()).fails(t, 401, "security_exception", attempt)
	a.is(t, object{"error.caused_by.type": "illegal_state_exception"})
	a = s.byCode(t, tokenReply(alice(s, oidc2).mint(t)), opReply{mediaType: "application/jwt", body: object{}}).fails(t, 401, "security_exception", attempt)
	a.is(t, object{"error.caused_by.type": "illegal_state_exception"})
}

func oidcOneRefusal(t *testing.T, s *server) {
	s.provider(t).mu.Lock()
	s.provider(t).down = true
	s.provider(t).mu.Unlock()
	s.byCode(t, tokenReply(alice(s, oidc2).mint(t)), sameSubject()).oidcRefused(t)
	a := s.implicit(t, oidc1, alice(s, oidc1).with("groups", 1)).fails(t, 401, "security_exception", "error attempting to authenticate request").allChallenges(t)
	a.because(t, "settings_exception",
		"Setting [ xpack.security.authc.realms.oidc.oidc1.claims.groups] expects claim [groups] with String or a String Array value")
}

func oidcRealms(t *testing.T, s *server) {
	callback := fragment(oidc1, "state", "s", "id_token", alice(s, oidc1).mint(t))
	body := object{"redirect_uri": callback, "state": "s", "nonce": "n"}
	for _, realm := range []any{"none", "", "oidc2", "saml1"} {
		body["realm"] = realm
		s.oidc(t, "authenticate", body).oidcRefused(t)
	}
	delete(body, "realm")
	s.oidc(t, "authenticate", body).want(t, 200).is(t, object{"authentication.authentication_realm.name": "oidc1"})
	body["realm"] = nil
	s.oidc(t, "authenticate", body).want(t, 200)
	body["redirect_uri"] = fragment(oidc4, "state", "s", "id_token", newGrantee(s, oidc4, "contract-reader", "n").mint(t))
	s.oidc(t, "authenticate", body).want(t, 200).is(t, object{"authentication.authentication_realm.name": "oidc4"}) // the last of all
}

func oidcSuccess(t *testing.T, s *server) {
	a := s.implicit(t, oidc1, alice(s, oidc1)).want(t, 200).product(t)
	a.ordered(t, "", "username", "access_token", "refresh_token", "expires_in", "authentication")
	realm := object{"name": "oidc1", "type": "oidc"}
	a.is(t, object{
		"username": "alice", "authentication.username": "alice", "authentication.roles": []string{"contract_reader"},
		"authentication.full_name": "Alice Example", "authentication.email": "alice@contract.test", "authentication.authentication_type": "realm",
		"authentication.authentication_realm": realm, "authentication.lookup_realm": realm, "authentication.enabled": true,
	})
	if n := a.number(t, "expires_in"); n < 1 || n > 3600 {
		t.Errorf("expires_in: got %d", n)
	}
}

func oidcMetadata(t *testing.T, s *server) {
	g := alice(s, oidc1).with("acr", "2").with("email_verified", true).with("auth_time", 1700000000).with("list", []any{"a", 1, true}).
		with("address", object{"a": "b"}).with("mixed", []any{"a", nil}).with("deep", []any{object{}}).with("sid", "s1")
	idToken := g.mint(t)
	a := s.shows(t, oidc1, fragment(oidc1, "state", "s", "id_token", idToken)).want(t, 200)
	a.is(t, object{"authentication.metadata": object{
		"oidc(iss)": oidc1.issuer, "oidc(aud)": []string{oidc1.client}, "oidc(sub)": "alice-sub", "oidc(nonce)": "n", "oidc(uid)": "alice",
		"oidc(groups)": []string{"readers", "others"}, "oidc(name)": "Alice Example", "oidc(mail)": "alice@contract.test",
		"oidc(acr)": "2", "oidc(email_verified)": true, "oidc(auth_time)": 1700000000, "oidc(list)": []any{"a", 1, true}, "oidc(sid)": "s1",
		"oidc(id_token_hint)": idToken,
	}})
	access := rand.Text()
	g = alice(s, oidc3).with("at_hash", halfHash(access))
	s.shows(t, oidc3, fragment(oidc3, "state", "s", "id_token", g.mint(t), "access_token", access, "token_type", "Bearer")).
		want(t, 200).is(t, object{"authentication.metadata": object{}}) // populate_user_metadata: false

	info := opReply{body: object{"sub": "alice-sub", "groups": []string{"others", "more"}, "name": "Somebody Else", "email": "a@b", "list": "b", "yes": "true"}}
	a = s.byCode(t, tokenReply(alice(s, oidc2).with("list", []string{"a"}).with("yes", true).mint(t)), info).want(t, 200)
	a.is(t, object{
		"authentication.metadata.oidc(groups)": []string{"readers", "others", "others", "more"}, "authentication.full_name": "Alice Example",
		"authentication.metadata.oidc(email)": "a@b", "authentication.metadata.oidc(list)": []string{"a", "b"}, "authentication.metadata.oidc(yes)": true,
	})
}

func oidcClockSkew(t *testing.T, s *server) {
	g := alice(s, oidc1) // ends in 5 minutes
	callback := fragment(oidc1, "state", "s", "id_token", g.mint(t))
	s.controls.advance(5*time.Minute + 59_990*time.Second)
	s.shows(t, oidc1, callback).want(t, 200)
	s.controls.advance(20 * time.Second)
	s.shows(t, oidc1, callback).oidcRefused(t)
	now := s.now()
	s.implicit(t, oidc1, alice(s, oidc1).with("iat", now.Add(59_990*time.Second).Unix())).want(t, 200)
	s.implicit(t, oidc1, alice(s, oidc1).with("iat", now.Add(60_010*time.Second).Unix())).oidcRefused(t)
}

func oidcReplay(t *testing.T, s *server) {
	callback := fragment(oidc1, "state", "s", "id_token", alice(s, oidc1).mint(t))
	first, second := s.shows(t, oidc1, callback).pair(t), s.shows(t, oidc1, callback).pair(t)
	if first.access == second.access || first.refresh == second.refresh {
		t.Error("the same tokens twice")
	}
}

func oidcLogout(t *testing.T, s *server) {
	idToken := alice(s, oidc1).mint(t)
	p := s.shows(t, oidc1, fragment(oidc1, "state", "s", "id_token", idToken)).pair(t)
	a := s.oidc(t, "logout", object{"token": p.access, "refresh_token": p.refresh}).want(t, 200).product(t).ordered(t, "", "redirect")
	_, values := sent(t, a.text(t, "redirect"), "https://op.contract.test/end")
	if values.Get("tenant") != "a" || values.Get("id_token_hint") != idToken || len(values.Get("state")) != 43 ||
		values.Get("post_logout_redirect_uri") != "https://rp.contract.test/out" || len(values) != 4 {
		t.Errorf("parameters: got %v", values)
	}
	p = s.byCode(t, tokenReply(alice(s, oidc2).mint(t)), sameSubject()).pair(t)
	s.oidc(t, "logout", object{"token": p.access}).want(t, 200).ordered(t, "", "redirect").is(t, object{"redirect": nil})
	s.bearer(p.access).who(t).tokenExpired(t)
	s.refresh(t, p).want(t, 200) // the other half was not named

	old := s.implicit(t, oidc1, alice(s, oidc1)).pair(t)
	s.eventually(t, time.Duration(old.expiresIn+1)*time.Second, "the token has expired", func() bool { return s.bearer(old.access).who(t).status == 401 })
	s.oidc(t, "logout", object{"token": old.access, "refresh_token": old.refresh}).want(t, 200)
}

func oidcLogoutRules(t *testing.T, s *server) {
	p := s.implicit(t, oidc1, alice(s, oidc1)).pair(t)
	s.oidc(t, "logout", object{"token": p.access, "refresh_token": ""}).fails(t, 400, "illegal_argument_exception", "refresh token must be provided")
	s.bearer(p.access).who(t).want(t, 200)
	s.oidc(t, "logout", object{"token": "unknown", "refresh_token": p.refresh}).
		fails(t, 500, "security_exception", "supplied token is not valid").noChallenge(t)
	s.refresh(t, p).refuses(t, "invalid_grant", "token has been invalidated") // gone all the same
	s.bearer(p.access).who(t).want(t, 200)
	s.oidc(t, "logout", object{"token": p.access, "refresh_token": "unknown"}).want(t, 200)

	other := s.newPair(t)
	s.oidc(t, "logout", object{"token": other.access, "refresh_token": other.refresh}).
		fails(t, 400, "illegal_argument_exception", "Access token is not valid for an OpenID Connect realm").noChallenge(t)
	s.bearer(other.access).who(t).want(t, 200)
	s.refresh(t, other).refuses(t, "invalid_grant", "token has been invalidated")
}

func oidcDeadTokens(t *testing.T, s *server) {
	p := s.implicit(t, oidc1, alice(s, oidc1)).pair(t)
	s.bearer(p.access).who(t).want(t, 200)
	s.oidc(t, "logout", object{"token": p.access, "refresh_token": p.refresh}).want(t, 200)
	s.bearer(p.access).who(t).tokenExpired(t)
	s.refresh(t, p).refuses(t, "invalid_grant", "token has been invalidated")
	s.oidc(t, "logout", object{"token": p.access, "refresh_token": p.refresh}).want(t, 200) // once more
}

func oidcServiceOff(t *testing.T, s *server) {
	p := s.implicit(t, oidc1, alice(s, oidc1)).pair(t)
	s.controls.tokenServiceOff()
	s.oidc(t, "prepare", object{"realm": "oidc1"}).want(t, 200)
	s.implicit(t, oidc1, alice(s, oidc1)).fails(t, 400, "feature_not_enabled_exception", "security tokens are not enabled")
	s.implicit(t, oidc1, alice(s, oidc1).with("nonce", "x")).fails(t, 401, "security_exception", oidcGeneric)
	s.oidc(t, "logout", object{"token": p.access}).fails(t, 400, "feature_not_enabled_exception", "security tokens are not enabled").
		is(t, object{"error.disabled.feature": "security_tokens"})
	s.controls.healthy()
	s.controls.createFails()
	s.implicit(t, oidc1, alice(s, oidc1)).want(t, 503)
}

func oidcLicense(t *testing.T, s *server) {
	s.controls.license("gold")
	for _, call := range []string{"prepare", "authenticate", "logout"} {
		s.oidc(t, call, "{broken").fails(t, 403, "security_exception", "current license is non-compliant for [oidc]").
			is(t, object{"error.license.expired.feature": "oidc"})
	}
}

func oidcNoRoles(t *testing.T, s *server) {
	a := s.implicit(t, oidc1, newGrantee(s, oidc1, "norah", "n").with("groups", nil).with("name", nil).with("mail", nil)).want(t, 200)
	a.is(t, object{"authentication.roles": []string{}, "authentication.full_name": nil, "authentication.email": nil})
	s.bearer(a.text(t, "access_token")).get(t, "/contract-logs/_search").want(t, 403)
}

func oidcWho(t *testing.T, s *server) {
	a := s.implicit(t, oidc1, alice(s, oidc1)).want(t, 200)
	who := s.bearer(a.text(t, "access_token")).who(t).want(t, 200)
	for _, member := range []string{"username", "roles", "full_name", "email", "metadata", "enabled", "authentication_realm", "lookup_realm"} {
		who.is(t, object{member: a.at(t, "authentication."+member)})
	}
	who.is(t, object{"authentication_type": "token"})
	s.bearer(a.text(t, "access_token")).get(t, "/contract-logs/_search").want(t, 200)
}

func oidcRefresh(t *testing.T, s *server) {
	idToken := alice(s, oidc1).mint(t)
	first := s.shows(t, oidc1, fragment(oidc1, "state", "s", "id_token", idToken)).pair(t)
	s.refreshAs(t, s.user("contract-tokens"), first).refuses(t, "invalid_grant", foreign)
	second := s.refresh(t, first).want(t, 200).
		is(t, object{"authentication.username": "alice", "authentication.authentication_realm.type": "oidc", "authentication.metadata.oidc(id_token_hint)": idToken}).pair(t)
	a := s.oidc(t, "logout", object{"token": second.access, "refresh_token": second.refresh}).want(t, 200)
	_, values := sent(t, a.text(t, "redirect"), "https://op.contract.test/end")
	if values.Get("id_token_hint") != idToken {
		t.Errorf("id_token_hint after a refresh: got %v", values)
	}
}

func oidcDelegated(t *testing.T, s *server) {
	a := s.implicit(t, oidc4, newGrantee(s, oidc4, "contract-reader", "n")).want(t, 200)
	realm := object{"name": "oidc4", "type": "oidc"}
	a.is(t, object{
		"username": "contract-reader", "authentication.roles": []string{"contract_reader"}, "authentication.metadata": object{},
		"authentication.full_name": nil, "authentication.authentication_realm": realm, "authentication.lookup_realm": realm,
	})
	s.oidc(t, "logout", object{"token": a.text(t, "access_token")}).want(t, 200)
	s.implicit(t, oidc4, newGrantee(s, oidc4, "nobody-there", "n")).oidcRefused(t)
}
