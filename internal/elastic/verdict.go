package elastic

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

// Class is what an answer of Elasticsearch means for the gateway. The words stand in
// logs and metrics.
type Class string

// The classes. Only Outage counts against a node; only Dead and the Refresh classes
// are verdicts on tokens, and what they mean for a session is the table "When is a
// session over".
const (
	// OK: done.
	OK Class = "ok"
	// Outage: no answer, or one that decides nothing (5xx, 429, time-out, a proxy).
	Outage Class = "outage"
	// PersonRefused: the person's proof was judged and refused.
	PersonRefused Class = "person_refused"
	// AccountRefused: the gateway's own account was refused, or lacks a privilege.
	AccountRefused Class = "account_refused"
	// SetUp: Elasticsearch or the gateway is set up wrongly; see Error.Hint.
	SetUp Class = "set_up"
	// Dead: the bearer is known to Elasticsearch and over, by expiry or by revocation.
	Dead Class = "dead"
	// Mute: an unknown token, or the tokens index is out; the answer is the same.
	Mute Class = "mute"
	// RefreshExpired: the pair is older than 24 h (row 2 of contract tokens 3.1).
	RefreshExpired Class = "refresh_expired"
	// RefreshInvalidated: somebody ended the refresh token (row 3).
	RefreshInvalidated Class = "refresh_invalidated"
	// RefreshForeign: another account of Elasticsearch made the pair (row 4).
	RefreshForeign Class = "refresh_foreign"
	// RefreshUsed: refreshed more than 30 s ago, and the answer is lost (row 5).
	RefreshUsed Class = "refresh_used"
	// RefreshSkew: the clocks of Elasticsearch's nodes differ (row 6).
	RefreshSkew Class = "refresh_skew"
	// BadInput: what was to be judged could not even be decoded.
	BadInput Class = "bad_input"
	// Cancelled: the caller's own context ended first. It decides nothing.
	Cancelled Class = "cancelled"
)

const (
	typeSecurity   = "security_exception"
	typeFeatureOff = "feature_not_enabled_exception"
	typeArgument   = "illegal_argument_exception"
	typeClosed     = "index_closed_exception"
	// expired is the reason of a bearer that is known and over.
	expired = "token expired"
	// internalError is the reason when Elasticsearch broke while authenticating.
	internalError = "error attempting to authenticate request"
	// notEnded is the reason where the tokens index is missing or closed while a token is
	// to be ended, with status 400 (contract tokens 4.2 and 5, oidc 3).
	notEnded = "failed to invalidate token"
	// unknownToken is what saml/logout says, with status 500 in all versions.
	unknownToken = "supplied token is not valid"
)

var (
	// forOurselves: the headers were refused, so the body was not read. It stands at the
	// start only: SAML reasons repeat what a stranger wrote.
	forOurselves = regexp.MustCompile(`^(unable to authenticate user \[.*\]|missing authentication (credentials|token)) for REST request \[`)
	// forAction: what the body proves was refused.
	forAction = regexp.MustCompile(`^unable to authenticate user \[.*\] for action \[`)
	// challenged: it was Elasticsearch who refused, also when there is no body (HEAD).
	challenged = regexp.MustCompile(`(?i)\brealm="security"`)
	// setUp are the reasons of prepare, logout and metadata that are about the realm: status 500
	// in older versions, 401 in newer ones (contract saml 2 and 10).
	setUp = regexp.MustCompile(`^(Cannot find any matching realm for |Found multiple matching realms |Cannot get role descriptors |Cannot find |Found multiple locations |Cannot construct SAML redirect|Authenticating realm |Authentication .* has no effective realm|Access token does not have SAML metadata |In access token, SAML metadata )`)
)

// afterInvalidation are the reasons of saml/invalidate where the request was accepted
// and carried out, and only the answer to the identity provider cannot be made.
var afterInvalidation = regexp.MustCompile(`^(Cannot send LogoutResponse because the IDP |Cannot construct SAML redirect)`)

// ClassifyBearer says what Elasticsearch's answer to a proxied request means for the
// bearer that we put on it: Dead, Mute, SetUp (the bearer did not arrive), Outage, or
// OK for every answer that says nothing about the bearer, whatever its status. body
// may be cut off or compressed; a 403 is never about the token (contract tokens 4).
func ClassifyBearer(status int, header http.Header, body []byte) Class {
	switch {
	case status == http.StatusTooManyRequests, status >= 500:
		return Outage
	case status != http.StatusUnauthorized:
		return OK
	}
	challenge := strings.Join(header.Values("Www-Authenticate"), ", ")
	body = plain(header, body)
	f := parseFailure(body)
	switch {
	case strings.Contains(challenge, `error="invalid_token"`), f.kind == typeSecurity && f.reason == expired:
		return Dead
	case forAction.MatchString(f.reason), !f.known && bytes.Contains(body, []byte("] for action [")):
		return OK // what the person's own request proved, not our bearer
	case forOurselves.MatchString(f.reason):
		return SetUp
	case f.kind == typeSecurity, !f.known && challenged.MatchString(challenge):
		return Mute
	}
	return OK // not Elasticsearch: a proxy in between
}

// judgeBearer rules on our own call with a person's bearer.
func judgeBearer(r reply) ruling {
	if r.status != http.StatusUnauthorized {
		return judgeOwn(r)
	}
	switch class := ClassifyBearer(r.status, r.header, r.body); class {
	case OK:
		return ruling{Outage, hintProxy}
	case SetUp:
		return ruling{SetUp, hintProxy}
	default:
		return ruling{class, ""}
	}
}

// judgeClient rules on our own call with a client's own Authorization header.
func judgeClient(r reply) ruling {
	f := parseFailure(r.body)
	switch {
	case r.status == http.StatusUnauthorized && f.kind == typeSecurity && f.reason != internalError,
		r.status == http.StatusUnauthorized && !f.known && challenged.MatchString(strings.Join(r.header.Values("Www-Authenticate"), ", ")):
		return ruling{PersonRefused, ""}
	case r.status == http.StatusUnauthorized && f.kind == typeSecurity:
		return ruling{Outage, hintInternal}
	case r.status == http.StatusUnauthorized:
		return ruling{Outage, hintProxy}
	case r.status == http.StatusBadRequest && f.kind == typeArgument:
		return ruling{BadInput, ""} // a header that cannot be decoded
	}
	rule := judgeOwn(r)
	if rule.class == AccountRefused {
		rule.hint = hintClient // it is not our account that was looked at
	}
	return rule
}

// judgeOwn rules on a call with our own account, for all that is the same everywhere
// (contract http 2.2 to 2.6 and 6.1).
func judgeOwn(r reply) ruling {
	f := parseFailure(r.body)
	switch {
	case r.status >= 200 && r.status < 300:
		return judgeProduct(r.header)
	case r.status >= 300 && r.status < 400:
		return ruling{Outage, hintRedirect}
	case r.status == http.StatusTooManyRequests, r.status >= 500:
		return ruling{Outage, ""}
	case !f.known, !f.exception() && (r.status == http.StatusUnauthorized || r.status == http.StatusForbidden):
		return ruling{Outage, hintProxy}
	case r.status == http.StatusUnauthorized:
		return judge401(f)
	case r.status == http.StatusForbidden && (f.licence != "" || strings.HasPrefix(f.reason, "current license is non-compliant")):
		return ruling{SetUp, hintLicence}
	case r.status == http.StatusForbidden:
		return ruling{AccountRefused, hintPrivilege}
	case f.kind == typeFeatureOff, f.disabled != "":
		return ruling{SetUp, hintTokensOff}
	case f.kind == typeClosed, f.kind == typeSecurity && f.reason == notEnded:
		return ruling{Outage, hintTokens}
	case f.kind == "": // a bare text: no handler found, wrong method, wrong media type
		return ruling{SetUp, hintNoSecurity}
	}
	return ruling{SetUp, hintRequest}
}

func judge401(f failure) ruling {
	switch {
	case forOurselves.MatchString(f.reason):
		return ruling{AccountRefused, hintPassword}
	case f.kind == typeSecurity && f.reason == internalError:
		return ruling{Outage, hintInternal}
	}
	return ruling{AccountRefused, hintPassword}
}

// judgeProduct: Elasticsearch signs its good answers, so that nobody's else is taken
// for one.
func judgeProduct(header http.Header) ruling {
	if header.Get("X-Elastic-Product") != "Elasticsearch" {
		return ruling{Outage, hintProxy}
	}
	return ruling{class: OK}
}

// judgeSAML rules on saml/prepare, saml/logout and saml/metadata. Realms that cannot be used are
// told by their reason, whatever the status: it is 500 or 401, by version.
func judgeSAML(r reply) ruling {
	f := parseFailure(r.body)
	switch {
	case r.status == http.StatusInternalServerError && f.reason == unknownToken:
		return ruling{Mute, ""}
	case r.status == http.StatusInternalServerError && f.known && setUp.MatchString(f.reason),
		r.status == http.StatusUnauthorized && f.exception() && !forOurselves.MatchString(f.reason) && f.reason != internalError:
		return ruling{SetUp, hintRealm}
	}
	return judgeOwn(r)
}

// judgeSAMLAuthenticate: every 401 that is not about our own account is about the
// response that was sent along; newer versions give each check its own reason.
func judgeSAMLAuthenticate(r reply) ruling {
	f := parseFailure(r.body)
	switch {
	case r.status == http.StatusUnauthorized && f.exception() && !forOurselves.MatchString(f.reason) && f.reason != internalError:
		hint := ""
		if forAction.MatchString(f.reason) {
			hint = hintPerson
		}
		return ruling{PersonRefused, hint}
	case r.status == http.StatusBadRequest && f.kind == typeArgument:
		return ruling{BadInput, ""} // Java's base64 decoder, before any realm is asked
	}
	return judgeOwn(r)
}

// judgeSAMLMessage rules on saml/invalidate and saml/complete_logout: what is not
// about the realm or our own account is about the message, with status 500 in older
// versions and 401 in newer ones (contract saml 2 and 3).
func judgeSAMLMessage(r reply) ruling {
	f := parseFailure(r.body)
	switch {
	case !f.known, forOurselves.MatchString(f.reason), f.reason == internalError:
		return judgeOwn(r)
	case (r.status == http.StatusInternalServerError || r.status == http.StatusUnauthorized) && setUp.MatchString(f.reason):
		return ruling{SetUp, hintRealm}
	case (r.status == http.StatusInternalServerError || r.status == http.StatusUnauthorized) && f.kind == typeSecurity:
		return ruling{PersonRefused, ""}
	case r.status == http.StatusBadRequest && f.kind == typeArgument:
		return ruling{BadInput, ""}
	}
	return judgeOwn(r)
}

// setUpOIDC are the reasons of oidc/prepare and oidc/logout that are about the realm,
// with status 500, or 400 for a token of another kind of realm (contract oidc 1 and 3).
var setUpOIDC = regexp.MustCompile(`^(Cannot find OpenID Connect realm |Found multiple OpenID Connect realm |Access token is not valid for an OpenID Connect realm|Authentication did not contain metadata|Authenticating realm |Authentication token does not have OpenID Connect metadata|Token Metadata did not contain a valid IdToken)`)

// judgeOIDC rules on oidc/prepare and oidc/logout.
func judgeOIDC(r reply) ruling {
	f := parseFailure(r.body)
	switch {
	case r.status == http.StatusInternalServerError && f.reason == unknownToken:
		return ruling{Mute, ""}
	case (r.status == http.StatusInternalServerError || r.status == http.StatusBadRequest) && setUpOIDC.MatchString(f.reason):
		return ruling{SetUp, hintOIDCRealm}
	}
	return judgeOwn(r)
}

// judgeOIDCAuthenticate: every 401 that is not about our own account is about the
// answer that was sent along. Elasticsearch also calls it an error while
// authenticating if the provider's token endpoint does not answer in JSON.
func judgeOIDCAuthenticate(r reply) ruling {
	f := parseFailure(r.body)
	if r.status == http.StatusUnauthorized && f.exception() && !forOurselves.MatchString(f.reason) {
		return ruling{PersonRefused, hintOIDCPerson}
	}
	return judgeOwn(r)
}

// judgeRefresh tells the rows of contract tokens 3.1 by their texts, which are all
// that differs. A text that nobody knows decides nothing.
func judgeRefresh(r reply) ruling {
	f := parseFailure(r.body)
	if r.status != http.StatusBadRequest || !f.oauth {
		return judgeOwn(r)
	}
	if f.kind != "invalid_grant" {
		return ruling{SetUp, hintRequest}
	}
	switch f.reason {
	case "could not refresh the requested token":
		return ruling{Mute, ""}
	case "token document has expired":
		return ruling{RefreshExpired, ""}
	case "token has been invalidated":
		return ruling{RefreshInvalidated, ""}
	case "tokens must be refreshed by the creating client":
		return ruling{RefreshForeign, hintOwner}
	case "token has already been refreshed more than 30 seconds in the past":
		return ruling{RefreshUsed, ""}
	case "token has been refreshed more than 30 seconds in the future, clock skew too great":
		return ruling{RefreshSkew, hintSkew}
	}
	return ruling{Outage, hintRequest}
}

// judgeInvalidate: an unknown token is a dead token, and a 200 is not proof
// (contract tokens 5).
func judgeInvalidate(r reply) ruling {
	var counts struct {
		Invalidated *int `json:"invalidated_tokens"`
		Errors      int  `json:"error_count"`
	}
	_ = json.Unmarshal(r.body, &counts) // what is not this form has no counts
	switch {
	case r.status == http.StatusNotFound && counts.Invalidated != nil:
		return ruling{class: OK}
	case r.status == http.StatusOK && counts.Invalidated == nil:
		return ruling{Outage, hintProxy}
	case r.status == http.StatusOK && counts.Errors > 0:
		return ruling{Outage, hintPartial}
	}
	return judgeOwn(r)
}
