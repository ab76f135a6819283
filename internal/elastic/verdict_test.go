package elastic_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/secret"
)

// The forms of the contract's answers.
const (
	refusedSelf    = `{"error":{"root_cause":[{"type":"security_exception","reason":"unable to authenticate user [esgateway] for REST request [/x]"}],"type":"security_exception","reason":"unable to authenticate user [esgateway] for REST request [/x]","header":{"WWW-Authenticate":["Basic realm=\"security\", charset=\"UTF-8\"","Bearer realm=\"security\"","ApiKey"]}},"status":401}`
	noCredentials  = `{"error":{"root_cause":[],"type":"security_exception","reason":"missing authentication credentials for REST request [/_search?q=1]"},"status":401}`
	refusedPerson  = `{"error":{"root_cause":[],"type":"security_exception","reason":"unable to authenticate user [<unauthenticated-saml-user>] for action [cluster:admin/xpack/security/saml/authenticate]"},"status":401}`
	unsolicited    = `{"error":{"root_cause":[],"type":"security_exception","reason":"SAML content is in-response-to [_abc] but expected one of [_x, _y] ","security.saml.unsolicited_in_response_to":"_abc"},"status":401}`
	forged         = `{"error":{"root_cause":[],"type":"security_exception","reason":"SAML Issuer [unable to authenticate user [esgateway] for REST request [/x]] does not match expected value [https://idp/]"},"status":401}`
	otherType      = `{"error":{"root_cause":[],"type":"saml_authentication_exception","reason":"SAML Response is not a 'success' response"},"status":401}`
	brokeInside    = `{"error":{"root_cause":[],"type":"security_exception","reason":"error attempting to authenticate request","caused_by":{"type":"null_pointer_exception","reason":"x"}},"status":401}`
	denied         = `{"error":{"root_cause":[],"type":"security_exception","reason":"action [cluster:admin/xpack/security/saml/prepare] is unauthorized for user [esgateway] with effective roles [r], this action is granted by the cluster privileges [manage_saml,manage_security,all]"},"status":403}`
	unlicensed     = `{"error":{"root_cause":[],"type":"security_exception","reason":"current license is non-compliant for [saml]","license.expired.feature":"saml"},"status":403}`
	tokensOff      = `{"error":{"root_cause":[],"type":"feature_not_enabled_exception","reason":"security tokens are not enabled","disabled.feature":"security_tokens"},"status":400}`
	noRealm        = `{"error":{"root_cause":[],"type":"security_exception","reason":"Cannot find any matching realm for [SamlPrepareAuthenticationRequest{realmName=x, assertionConsumerServiceURL=null}]"},"status":500}`
	twoRealms      = `{"error":{"root_cause":[],"type":"security_exception","reason":"Found multiple matching realms [[saml/a, saml/b]] for [Saml]"},"status":401}`
	noMetadata     = `{"error":{"root_cause":[],"type":"security_exception","reason":"Cannot get role descriptors [type/name={urn:oasis:names:tc:SAML:2.0:metadata}IDPSSODescriptor] because the metadata [location=x] for SAML entity [id=y] could not be resolved"},"status":500}`
	noEndpoint     = `{"error":{"root_cause":[],"type":"exception","reason":"Cannot find [x]/[urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect] in descriptor [y]"},"status":500}`
	notSAML        = `{"error":{"root_cause":[],"type":"security_exception","reason":"Access token does not have SAML metadata [saml_nameid_val]"},"status":500}`
	unknownToken   = `{"error":{"root_cause":[],"type":"security_exception","reason":"supplied token is not valid"},"status":500}`
	notBase64      = `{"error":{"root_cause":[],"type":"illegal_argument_exception","reason":"Illegal base64 character 2d"},"status":400}`
	unknownField   = `{"error":{"root_cause":[],"type":"x_content_parse_exception","reason":"[1:2] [saml_authenticate] unknown field [x]"},"status":400}`
	closedIndex    = `{"error":{"root_cause":[],"type":"index_closed_exception","reason":"closed"},"status":400}`
	noInvalidation = `{"error":{"root_cause":[],"type":"security_exception","reason":"failed to invalidate token"},"status":400}`
	noHandler      = `{"error":"no handler found for uri [/_security/saml/prepare] and method [POST]"}`
	wrongMethod    = `{"error":"Incorrect HTTP method for uri [/x] and method [POST], allowed: [GET]","status":405}`
	tokenExpired   = `{"error":{"root_cause":[],"type":"security_exception","reason":"token expired"},"status":401}`
	tokenUnknown   = `{"error":{"root_cause":[],"type":"security_exception","reason":"unable to authenticate with provided credentials and anonymous access is not allowed for this request","additional_unsuccessful_credentials":"oauth2 token: invalid token"},"status":401}`
	corrupt        = `{"error":{"root_cause":[],"type":"security_exception","reason":"invalid token document"},"status":500}`
	busy           = `{"error":{"root_cause":[],"type":"es_rejected_execution_exception","reason":"rejected"},"status":429}`
	refusedChain   = `{"error":{"root_cause":[],"type":"security_exception","reason":"unable to authenticate user [CN=a] for action [cluster:admin/xpack/security/delegate_pki]"},"status":401}`
	forgedSubject  = `{"error":{"root_cause":[],"type":"security_exception","reason":"unable to authenticate user [CN=a] for REST request [/x] for action [cluster:admin/xpack/security/delegate_pki]"},"status":401}`
	unreadable     = `{"error":{"root_cause":[],"type":"x_content_parse_exception","reason":"[1:28] [delegate_pki_request] failed to parse field [x509_certificate_chain]","caused_by":{"type":"illegal_argument_exception","reason":"Illegal base64 character 2d"}},"status":400}`
	unordered      = `{"error":{"root_cause":[],"type":"action_request_validation_exception","reason":"Validation Failed: 1: certificates chain must be an ordered chain;"},"status":400}`
	noOIDCRealm    = `{"error":{"root_cause":[],"type":"security_exception","reason":"Cannot find OpenID Connect realm with name [x]"},"status":500}`
	notOIDC        = `{"error":{"root_cause":[],"type":"illegal_argument_exception","reason":"Access token is not valid for an OpenID Connect realm"},"status":400}`
	noHint         = `{"error":{"root_cause":[],"type":"security_exception","reason":"Authentication token does not have OpenID Connect metadata [id_token_hint]"},"status":500}`
	refusedOIDC    = `{"error":{"root_cause":[],"type":"security_exception","reason":"unable to authenticate user [<OIDC Token>] for action [cluster:admin/xpack/security/oidc/authenticate]"},"status":401}`
	indexOut       = `{"error":{"root_cause":[],"type":"security_exception","reason":"unable to perform requested action"},"status":503}`
	proxyText      = `{"error":"unauthorized"}`
	proxyOAuth     = `{"error":"invalid_token","error_description":"no token"}`
	html           = `<html>401 Authorization Required</html>`
	zeros          = `{"invalidated_tokens":0,"previously_invalidated_tokens":0,"error_count":0}`
	one            = `{"invalidated_tokens":1,"previously_invalidated_tokens":0,"error_count":0}`
	partial        = `{"invalidated_tokens":0,"previously_invalidated_tokens":0,"error_count":1,"error_details":[{"type":"exception","reason":"Error invalidating access_token: "}]}`
)

func oauth(code, description string) string {
	return `{"error":"` + code + `","error_description":"` + description + `"}`
}

// Each row is a row of the contract: http 2.2 to 2.6 and 6.1, saml 10, tokens 3.1 and 5.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	prepare := func(ctx context.Context, c *elastic.Client) error {
		_, err := c.SAMLPrepare(ctx, "saml1")
		return err
	}
	authenticate := func(ctx context.Context, c *elastic.Client) error {
		_, err := c.SAMLAuthenticate(ctx, "saml1", "x", nil)
		return err
	}
	metadata := func(ctx context.Context, c *elastic.Client) error {
		_, err := c.SAMLMetadata(ctx, "saml1")
		return err
	}
	logout := func(ctx context.Context, c *elastic.Client) error {
		_, _, err := c.SAMLLogout(ctx, secret.Of("a"), secret.Of("r"))
		return err
	}
	refresh := func(ctx context.Context, c *elastic.Client) error {
		_, err := c.Refresh(ctx, secret.Of("r"))
		return err
	}
	delegate := func(ctx context.Context, c *elastic.Client) error {
		_, err := c.DelegatePKI(ctx, [][]byte{{1}})
		return err
	}
	prepareOIDC := func(ctx context.Context, c *elastic.Client) error {
		_, err := c.OIDCPrepare(ctx, "oidc1")
		return err
	}
	authenticateOIDC := func(ctx context.Context, c *elastic.Client) error {
		_, err := c.OIDCAuthenticate(ctx, "oidc1", "https://gw/cb?code=c&state=s", "s", "n")
		return err
	}
	logoutOIDC := func(ctx context.Context, c *elastic.Client) error {
		_, err := c.OIDCLogout(ctx, secret.Of("a"), secret.Of("r"))
		return err
	}
	invalidate := func(ctx context.Context, c *elastic.Client) error { return c.InvalidateAccess(ctx, secret.Of("a")) }
	whoami := func(ctx context.Context, c *elastic.Client) error {
		_, err := c.Authenticate(ctx, secret.Of("a"))
		return err
	}
	for _, tc := range []struct {
		name   string
		ask    func(context.Context, *elastic.Client) error
		status int
		body   string
		want   elastic.Class
	}{
		{"delegate: the chain", delegate, 401, refusedChain, elastic.PersonRefused},
		{"delegate: a subject that speaks of our account", delegate, 401, forgedSubject, elastic.PersonRefused},
		{"delegate: our password", delegate, 401, refusedSelf, elastic.AccountRefused},
		{"delegate: no privilege", delegate, 403, denied, elastic.AccountRefused},
		{"delegate: licence", delegate, 403, unlicensed, elastic.SetUp},
		{"delegate: tokens are off", delegate, 400, tokensOff, elastic.SetUp},
		{"delegate: no such route", delegate, 400, noHandler, elastic.SetUp},
		{"delegate: a field that is not known", delegate, 400, unknownField, elastic.SetUp},
		{"delegate: a certificate that Java cannot read", delegate, 400, unreadable, elastic.BadInput},
		{"delegate: not in order", delegate, 400, unordered, elastic.BadInput},
		{"delegate: it broke inside", delegate, 401, brokeInside, elastic.Outage},
		{"delegate: busy", delegate, 503, busy, elastic.Outage},
		{"delegate: a proxy", delegate, 401, html, elastic.Outage},
		{"delegate: a token without a user", delegate, 200, `{"access_token":"a","expires_in":1200}`, elastic.Outage},

		{"prepare: our password", prepare, 401, refusedSelf, elastic.AccountRefused},
		{"prepare: no credentials arrive", prepare, 401, noCredentials, elastic.AccountRefused},
		{"prepare: no privilege", prepare, 403, denied, elastic.AccountRefused},
		{"prepare: licence", prepare, 403, unlicensed, elastic.SetUp},
		{"prepare: no such realm, old", prepare, 500, noRealm, elastic.SetUp},
		{"prepare: no such realm, new", prepare, 401, noRealm, elastic.SetUp},
		{"prepare: several realms, old", prepare, 500, twoRealms, elastic.SetUp},
		{"prepare: several realms, new", prepare, 401, twoRealms, elastic.SetUp},
		{"prepare: metadata unresolved, old", prepare, 500, noMetadata, elastic.SetUp},
		{"prepare: metadata unresolved, new", prepare, 401, noMetadata, elastic.SetUp},
		{"prepare: the provider has no redirect endpoint", prepare, 500, noEndpoint, elastic.SetUp},
		{"prepare: no such route", prepare, 400, noHandler, elastic.SetUp},
		{"prepare: another method", prepare, 405, wrongMethod, elastic.SetUp},
		{"prepare: a body that is not understood", prepare, 400, unknownField, elastic.SetUp},
		{"prepare: it broke inside", prepare, 401, brokeInside, elastic.Outage},
		{"prepare: busy", prepare, 429, busy, elastic.Outage},
		{"prepare: 503", prepare, 503, busy, elastic.Outage},
		{"prepare: 500 of another sort", prepare, 500, corrupt, elastic.Outage},
		{"prepare: a proxy wants a password", prepare, 401, html, elastic.Outage},
		{"prepare: a proxy wants a password, in JSON", prepare, 401, proxyText, elastic.Outage},
		{"prepare: a proxy wants a token, in JSON", prepare, 401, proxyOAuth, elastic.Outage},
		{"prepare: a proxy refuses, in JSON", prepare, 403, proxyText, elastic.Outage},
		{"prepare: a proxy refuses", prepare, 403, html, elastic.Outage},
		{"prepare: a proxy has no such page", prepare, 404, html, elastic.Outage},
		{"prepare: a proxy sends us away", prepare, 302, "", elastic.Outage},
		{"prepare: a good answer that is none", prepare, 200, `{"id":""}`, elastic.Outage},
		{"prepare: good answer, no JSON", prepare, 200, html, elastic.Outage},

		{"authenticate: refused, old", authenticate, 401, refusedPerson, elastic.PersonRefused},
		{"authenticate: unsolicited, new", authenticate, 401, unsolicited, elastic.PersonRefused},
		{"authenticate: own reason, other type", authenticate, 401, otherType, elastic.PersonRefused},
		{"authenticate: a stranger's text cannot blame our account", authenticate, 401, forged, elastic.PersonRefused},
		{"authenticate: our password", authenticate, 401, refusedSelf, elastic.AccountRefused},
		{"authenticate: no privilege", authenticate, 403, denied, elastic.AccountRefused},
		{"authenticate: not base64", authenticate, 400, notBase64, elastic.BadInput},
		{"authenticate: licence", authenticate, 403, unlicensed, elastic.SetUp},
		{"authenticate: token service off", authenticate, 400, tokensOff, elastic.SetUp},
		{"authenticate: it broke inside", authenticate, 401, brokeInside, elastic.Outage},
		{"authenticate: tokens index closed", authenticate, 400, closedIndex, elastic.Outage},
		{"authenticate: tokens index without primary", authenticate, 503, busy, elastic.Outage},
		{"authenticate: a proxy wants a password, in JSON", authenticate, 401, proxyText, elastic.Outage},
		{"authenticate: a proxy wants a token, in JSON", authenticate, 401, proxyOAuth, elastic.Outage},
		{"authenticate: an answer without user", authenticate, 200, `{"access_token":"a","refresh_token":"r","expires_in":1200}`, elastic.Outage},
		{"authenticate: an answer without token", authenticate, 200, `{"expires_in":1200,"authentication":{"username":"u"}}`, elastic.Outage},

		{"metadata: a realm's own", metadata, 200, `{"metadata":"<md:EntityDescriptor/>"}`, elastic.OK},
		{"metadata: no such realm, old", metadata, 500, noRealm, elastic.SetUp},
		{"metadata: no such realm, new", metadata, 401, noRealm, elastic.SetUp},
		{"metadata: our password", metadata, 401, refusedSelf, elastic.AccountRefused},
		{"metadata: no privilege", metadata, 403, denied, elastic.AccountRefused},
		{"metadata: licence", metadata, 403, unlicensed, elastic.SetUp},
		{"metadata: 503", metadata, 503, busy, elastic.Outage},
		{"metadata: a good answer that is none", metadata, 200, `{"metadata":null}`, elastic.Outage},

		{"logout: no single logout is fine", logout, 200, `{"id":null,"redirect":null}`, elastic.OK},
		{"logout: unknown token", logout, 500, unknownToken, elastic.Mute},
		{"logout: not from SAML, old", logout, 500, notSAML, elastic.SetUp},
		{"logout: not from SAML, new", logout, 401, notSAML, elastic.SetUp},
		{"logout: our password", logout, 401, refusedSelf, elastic.AccountRefused},

		{"logout: tokens index missing or closed", logout, 400, noInvalidation, elastic.Outage},
		{"logout: tokens index without primary", logout, 503, indexOut, elastic.Outage},

		{"oidc prepare: no such realm", prepareOIDC, 500, noOIDCRealm, elastic.SetUp},
		{"oidc prepare: 500 of another sort", prepareOIDC, 500, corrupt, elastic.Outage},
		{"oidc prepare: our password", prepareOIDC, 401, refusedSelf, elastic.AccountRefused},
		{"oidc prepare: licence", prepareOIDC, 403, unlicensed, elastic.SetUp},
		{"oidc prepare: an answer without a nonce", prepareOIDC, 200, `{"redirect":"https://op/","state":"s"}`, elastic.Outage},
		{"oidc authenticate: refused", authenticateOIDC, 401, refusedOIDC, elastic.PersonRefused},
		{"oidc authenticate: the token endpoint speaks no JSON", authenticateOIDC, 401, brokeInside, elastic.PersonRefused},
		{"oidc authenticate: our password", authenticateOIDC, 401, refusedSelf, elastic.AccountRefused},
		{"oidc authenticate: a proxy", authenticateOIDC, 401, html, elastic.Outage},
		{"oidc authenticate: a proxy, in JSON", authenticateOIDC, 401, proxyText, elastic.Outage},
		{"oidc authenticate: a proxy that wants a token", authenticateOIDC, 401, proxyOAuth, elastic.Outage},
		{"oidc authenticate: tokens index closed", authenticateOIDC, 400, closedIndex, elastic.Outage},
		{"oidc authenticate: tokens index without primary", authenticateOIDC, 503, indexOut, elastic.Outage},
		{"oidc authenticate: token service off", authenticateOIDC, 400, tokensOff, elastic.SetUp},
		{"oidc logout: no end-session endpoint is fine", logoutOIDC, 200, `{"redirect":null}`, elastic.OK},
		{"oidc logout: unknown token", logoutOIDC, 500, unknownToken, elastic.Mute},
		{"oidc logout: of another kind of realm", logoutOIDC, 400, notOIDC, elastic.SetUp},
		{"oidc logout: no hint", logoutOIDC, 500, noHint, elastic.SetUp},
		{"oidc logout: tokens index missing or closed", logoutOIDC, 400, noInvalidation, elastic.Outage},
		{"oidc logout: tokens index without primary", logoutOIDC, 503, indexOut, elastic.Outage},
		{"oidc logout: only the document is read from a closed index", logoutOIDC, 400, closedIndex, elastic.Outage},

		{"refresh: row 1 and 7", refresh, 400, oauth("invalid_grant", "could not refresh the requested token"), elastic.Mute},
		{"refresh: row 2", refresh, 400, oauth("invalid_grant", "token document has expired"), elastic.RefreshExpired},
		{"refresh: row 3", refresh, 400, oauth("invalid_grant", "token has been invalidated"), elastic.RefreshInvalidated},
		{"refresh: row 4", refresh, 400, oauth("invalid_grant", "tokens must be refreshed by the creating client"), elastic.RefreshForeign},
		{"refresh: row 5", refresh, 400, oauth("invalid_grant", "token has already been refreshed more than 30 seconds in the past"), elastic.RefreshUsed},
		{"refresh: row 6", refresh, 400, oauth("invalid_grant", "token has been refreshed more than 30 seconds in the future, clock skew too great"), elastic.RefreshSkew},
		{"refresh: a text that nobody knows", refresh, 400, oauth("invalid_grant", "something new"), elastic.Outage},
		{"refresh: the request is wrong", refresh, 400, oauth("invalid_request", "Validation Failed: 1: refresh_token is missing;"), elastic.SetUp},
		{"refresh: corrupt document", refresh, 500, corrupt, elastic.Outage},
		{"refresh: the index was closed while writing", refresh, 400, closedIndex, elastic.Outage},
		{"refresh: full queue", refresh, 429, busy, elastic.Outage},
		{"refresh: token service off", refresh, 400, tokensOff, elastic.SetUp},
		{"refresh: licence", refresh, 403, unlicensed, elastic.SetUp},
		{"refresh: our password", refresh, 401, refusedSelf, elastic.AccountRefused},

		{"invalidate: done", invalidate, 200, one, elastic.OK},
		{"invalidate: unknown is done", invalidate, 404, zeros, elastic.OK},
		{"invalidate: a 200 is not proof", invalidate, 200, partial, elastic.Outage},
		{"invalidate: a 200 of somebody else", invalidate, 200, `{}`, elastic.Outage},
		{"invalidate: somebody else's 404", invalidate, 404, html, elastic.Outage},
		{"invalidate: index missing or closed", invalidate, 400, noInvalidation, elastic.Outage},
		{"invalidate: lookup fails", invalidate, 503, busy, elastic.Outage},
		{"invalidate: no privilege", invalidate, 403, denied, elastic.AccountRefused},
		{"invalidate: token service off", invalidate, 400, tokensOff, elastic.SetUp},

		{"whoami: expired or revoked", whoami, 401, tokenExpired, elastic.Dead},
		{"whoami: unknown", whoami, 401, tokenUnknown, elastic.Mute},
		{"whoami: the bearer did not arrive", whoami, 401, noCredentials, elastic.SetUp},
		{"whoami: a proxy", whoami, 401, html, elastic.Outage},
		{"whoami: index closed", whoami, 400, closedIndex, elastic.Outage},
		{"whoami: no user", whoami, 200, `{}`, elastic.Outage},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := scripted(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, tc.status, tc.body) })
			err := tc.ask(t.Context(), s.client(t))
			if got := elastic.ClassOf(err); got != tc.want {
				t.Errorf("HTTP %d %s\ngot %s, want %s (%v)", tc.status, tc.body, got, tc.want, err)
			}
			if n := s.requests.Load(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestClassifyBearer(t *testing.T) {
	t.Parallel()
	invalid := `Bearer realm="security", error="invalid_token", error_description="The access token expired"`
	list := []string{`Basic realm="security", charset="UTF-8"`, `Bearer realm="security"`, `ApiKey`}
	for _, tc := range []struct {
		name      string
		status    int
		challenge []string
		body      string
		want      elastic.Class
	}{
		{"a good answer", 200, nil, `{}`, elastic.OK},
		{"a missing privilege is not about the token", 403, nil, denied, elastic.OK},
		{"a missing index", 404, nil, `{"error":{"type":"index_not_found_exception","reason":"x"},"status":404}`, elastic.OK},
		{"expired", 401, []string{invalid}, tokenExpired, elastic.Dead},
		{"expired, without body (HEAD)", 401, []string{invalid}, "", elastic.Dead},
		{"expired, by the body alone", 401, nil, tokenExpired, elastic.Dead},
		{"unknown", 401, list, tokenUnknown, elastic.Mute},
		{"unknown, without body (HEAD)", 401, list, "", elastic.Mute},
		{"unknown, from a plain-HTTP node of 8.14", 401, []string{`Basic realm="security" charset="UTF-8"`, `ApiKey`}, "", elastic.Mute},
		{"unknown, and the body is cut off", 401, list, tokenUnknown[:60], elastic.Mute},
		{"it broke inside", 401, list, brokeInside, elastic.Mute},
		{"the person's own proof was refused", 401, list, refusedPerson, elastic.OK},
		{"the same, and the body is cut off behind it", 401, list, refusedPerson[:len(refusedPerson)-4], elastic.OK},
		{"the bearer did not arrive", 401, list, noCredentials, elastic.SetUp},
		{"a path that looks like another refusal", 401, list, `{"error":{"type":"security_exception","reason":"missing authentication credentials for REST request [/x?] for action [y]"}}`, elastic.SetUp},
		{"a proxy in between", 401, []string{`Basic realm="proxy"`}, html, elastic.OK},
		{"an application", 401, []string{`Bearer`}, `{"error":"unauthenticated"}`, elastic.OK},
		{"busy", 429, nil, busy, elastic.Outage},
		{"down", 503, nil, "", elastic.Outage},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{"Www-Authenticate": tc.challenge}
			if got := elastic.ClassifyBearer(tc.status, h, []byte(tc.body)); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			if _, err := z.Write([]byte(tc.body)); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			h.Set("Content-Encoding", "gzip")
			if got := elastic.ClassifyBearer(tc.status, h, packed.Bytes()); got != tc.want {
				t.Errorf("compressed: got %s, want %s", got, tc.want)
			}
		})
	}
}

// TestAHintIsAboutWhoWasRefused: whoever follows a hint must not look at the wrong end.
func TestAHintIsAboutWhoWasRefused(t *testing.T) {
	t.Parallel()
	client := func(ctx context.Context, c *elastic.Client) error {
		_, err := c.ClientCredentials(ctx, secret.Of("Basic YTpi"))
		return err
	}
	for name, tc := range map[string]struct {
		status    int
		body      string
		class     elastic.Class
		want, not string
	}{
		"a client's account that may make no tokens": {403, denied, elastic.AccountRefused, "manage_token", "gateway's own account"},
		"a client's licence":                         {403, unlicensed, elastic.SetUp, "licence", "gateway's own account"},
		"Elasticsearch broke on a client's header":   {401, brokeInside, elastic.Outage, "failed while it authenticated", "proxy"},
		"a proxy in between":                         {401, html, elastic.Outage, "proxy", "failed while"},
	} {
		s := scripted(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, tc.status, tc.body) })
		err := client(t.Context(), s.client(t))
		e, _ := errors.AsType[*elastic.Error](err)
		if e == nil || e.Class != tc.class || !strings.Contains(e.Hint, tc.want) || strings.Contains(e.Hint, tc.not) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
