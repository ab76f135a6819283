package saml

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// reason is a text of Elasticsearch and what it means (contract saml 1.2).
type reason struct {
	begins, has string
	// causes has the one that the text stands for at its end; those before it are
	// nearer ones that only our own look at the message can tell.
	causes []cause
}

// reasons are the texts of newer versions. What a stranger wrote stands behind the
// beginnings only.
var reasons = []reason{
	{begins: "Failed to parse SAML message", causes: []cause{causeDuplicateID, causeMalformed}},
	{begins: "SAML content [", causes: []cause{causeMalformed}},
	{begins: "SAML object [", causes: []cause{causeMalformed}},
	{begins: "SAML Signature [", causes: []cause{causeSignature}},
	{begins: "SAML content is in-response-to [", causes: []cause{causeInResponseTo}},
	{begins: "SAML Response has no status code", causes: []cause{causeStatus}},
	{begins: "SAML Response is not a 'success' response: ", causes: []cause{causeStatus}},
	{begins: "Element ", has: " has no issuer, but expected [", causes: []cause{causeIssuer}},
	{begins: "SAML Issuer [", causes: []cause{causeIssuer}},
	{begins: "SAML response ", has: " is for destination ", causes: []cause{causeDestination}},
	{begins: "Expecting only 1 assertion", causes: []cause{causeSeveral}},
	{begins: "No assertions found in SAML response", causes: []cause{causeNoAssertion}},
	{begins: "SAML assertion [", has: "is encrypted, but no decryption key is available", causes: []cause{causeEncrypted}},
	{begins: "Failed to decrypt SAML ", causes: []cause{causeEncrypted}},
	{begins: "Assertion [", has: "] is not signed, but a signature is required", causes: []cause{causeNotSigned}},
	{begins: "Conditions [", causes: []cause{causeAudience}},
	{begins: "Rejecting SAML assertion because [", has: "] is before [", causes: []cause{causeNotYetValid}},
	{begins: "Rejecting SAML assertion because [", has: "] is on/after [", causes: []cause{causeExpired}},
	{begins: "SAML Assertion (", causes: []cause{causeSubject}},
	{begins: "SAML Assertion subject contains [", has: "] bearer SubjectConfirmation", causes: []cause{causeSubject}},
	{begins: "SAML Assertion subject contains [", has: "] Authn Statements", causes: []cause{causeStatement}},
	{begins: "SAML Assertion SubjectConfirmationData Recipient [", causes: []cause{causeRecipient}},
	{begins: "SAML Assertion SubjectConfirmationData is in-response-to [", causes: []cause{causeInResponseTo}},
	{begins: "Rejecting SAML assertion's Authentication Statement because [", causes: []cause{causeExpired}},
	{begins: "Rejecting SAML assertion as the AuthnContextClassRef [", causes: []cause{causeAuthnContext}},
	{begins: "Could not process any SAML attributes in ", causes: []cause{causeAttribute}},
	{begins: "Expected single string value for attribute: [", causes: []cause{causeSeveralValues}},
}

// causesOf are what a text of Elasticsearch stands for. Nil: it is not in the table.
func causesOf(text string) []cause {
	for _, r := range reasons {
		if strings.HasPrefix(text, r.begins) && strings.Contains(text, r.has) {
			return r.causes
		}
	}
	return nil
}

// silent: older versions give every failure the same text, and newer ones do where the
// user could not be found, or the realm not be used (contract saml 1.5).
func silent(text string) bool {
	return text == "" || strings.HasPrefix(text, "unable to authenticate user [") && strings.Contains(text, "] for action [")
}

// judged is the finding that Elasticsearch's reason points to: its own cause with our
// values, or without any where we see nothing. An unknown reason is a cause by itself.
func judged(text string, findings []finding) finding {
	if silent(text) {
		return likely(findings)
	}
	causes := causesOf(text)
	if causes == nil {
		return found(causeUntold, "", "")
	}
	if i := slices.IndexFunc(findings, func(f finding) bool { return slices.Contains(causes, f.cause) }); i >= 0 {
		return findings[i]
	}
	return found(causes[len(causes)-1], "", "")
}

// clockRead finds Elasticsearch's time in a reason, moved by the skew that it allows.
var clockRead = regexp.MustCompile(`^Rejecting SAML assertion(?:'s Authentication Statement)? because \[([0-9T:.Z-]{1,40})\] is (before|on/after) \[`)

// clockOf is the time at Elasticsearch, which nothing else tells: its answers have no
// Date header (contract http 8). It is right where the realm's skew is the usual one.
func clockOf(text string) (time.Time, bool) {
	m := clockRead.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	at := instant(m[1])
	if m[2] == "before" {
		return at.Add(-usualSkew), !at.IsZero()
	}
	return at.Add(usualSkew), !at.IsZero()
}
