package saml

// cause is why a response was refused, in a word. The words are public: they stand on
// the page, in JSON, in the log, in the audit log and in metrics.
type cause string

// The causes, in the order in which Elasticsearch comes to them (contract saml 1.2).
const (
	causeMalformed     cause = "malformed"
	causeDuplicateID   cause = "duplicate_id"
	causeSignature     cause = "signature"
	causeInResponseTo  cause = "in_response_to"
	causeStatus        cause = "idp_status"
	causeIssuer        cause = "issuer"
	causeDestination   cause = "destination"
	causeSeveral       cause = "several_assertions"
	causeNoAssertion   cause = "no_assertion"
	causeEncrypted     cause = "encrypted"
	causeNotSigned     cause = "not_signed"
	causeAudience      cause = "audience"
	causeNotYetValid   cause = "not_yet_valid"
	causeExpired       cause = "expired"
	causeSubject       cause = "subject"
	causeRecipient     cause = "recipient"
	causeStatement     cause = "authn_statement"
	causeAuthnContext  cause = "authn_context"
	causeAttribute     cause = "attribute_missing"
	causeSeveralValues cause = "several_values"
	// causeUnsolicited and the next three are refused by the gateway: an answer that
	// nobody asked for, one that was used, and two that cannot be remembered.
	causeUnsolicited cause = "unsolicited"
	causeReplayed    cause = "replayed"
	causeEndless     cause = "endless"
	causeSealed      cause = "sealed"
	// causeUnreadable: the gateway has not even asked.
	causeUnreadable cause = "unreadable"
	// causeUntold: Elasticsearch has given a reason that is not in our table.
	causeUntold cause = "elasticsearch"
)

// remedy is what a cause means and what can be done about it.
type remedy struct {
	// text and hint are for the person who signs in.
	text, hint string
	// advice is for the operator.
	advice string
}

const (
	askHint   = "Trying again will not help. Give your administrator the details below."
	againHint = "Try again. If it happens again, give your administrator the details below."
)

var remedies = map[cause]remedy{
	causeMalformed: {
		"The answer of your identity provider has a form that is not allowed.", askHint,
		"the response breaks the SAML schema; look at the identity provider's own log, or at whatever rewrites messages on the way",
	},
	causeDuplicateID: {
		"The answer of your identity provider names two of its parts alike, so it is not clear which one is meant.", askHint,
		"an ID stands twice in the response; that is either a mistake of the identity provider or somebody who moves signed parts",
	},
	causeSignature: {
		"The signature of your identity provider could not be confirmed.", askHint,
		"nothing else is wrong as far as the message can tell: probably the identity provider signs with a new certificate; load its metadata anew (idp.metadata.path). " +
			"It may also be that attributes.principal names an attribute that did not come, or that Elasticsearch cannot load the metadata",
	},
	causeInResponseTo: {
		"The answer of your identity provider belongs to another sign-in.", againHint,
		"InResponseTo is not the id of the request; look for an identity provider, or a page of it, that answers an old request",
	},
	causeStatus: {
		"Your identity provider did not sign you in.", againHint,
		"the identity provider refused; its own log has the reason",
	},
	causeIssuer: {
		"The answer came from another identity provider than the one that was asked.", askHint,
		"idp.entity_id of the realm must equal the identity provider's entity id, letter by letter",
	},
	causeDestination: {
		"The answer of your identity provider was meant for another address.", askHint,
		"the address of the assertion consumer service at the identity provider must equal sp.acs of the realm, letter by letter: scheme, host, port, slash",
	},
	causeSeveral: {
		"The answer of your identity provider speaks of more than one person.", askHint,
		"a response must have exactly one assertion; more are a mistake of the identity provider or somebody who adds one",
	},
	causeNoAssertion: {
		"The answer of your identity provider does not say who you are.", askHint,
		"the response has the status success and no assertion; look at the identity provider's log",
	},
	causeEncrypted: {
		"The answer of your identity provider is encrypted, so what is wrong inside of it cannot be seen here.", askHint,
		"an encrypted assertion can be explained only at the level of the response; the cause stands in Elasticsearch's log. " +
			"If it cannot be opened: does the identity provider encrypt for the certificate of the realm's encryption.* settings?",
	},
	causeNotSigned: {
		"The answer of your identity provider is not signed.", askHint,
		"let the identity provider sign the response or the assertion; a signature somewhere else in the message does not count",
	},
	causeAudience: {
		"The answer of your identity provider was meant for another application.", askHint,
		"the audience at the identity provider must equal sp.entity_id of the realm, letter by letter",
	},
	causeNotYetValid: {
		"The answer of your identity provider is not valid yet: its clock is ahead.", "Wait some minutes, then try again. If it happens again, give your administrator the details below.",
		"compare the clocks of the identity provider and of Elasticsearch's nodes; the realm's allowed_clock_skew covers small differences only",
	},
	causeExpired: {
		"The answer of your identity provider is no longer valid.", againHint,
		"compare the clocks of the identity provider and of Elasticsearch's nodes; if they agree, the answer was on its way for too long, or its lifetime is too short",
	},
	causeSubject: {
		"The answer of your identity provider does not say of whom it speaks.", askHint,
		"the assertion needs a Subject with exactly one SubjectConfirmation of method bearer and its data",
	},
	causeRecipient: {
		"The answer of your identity provider was meant for another address.", askHint,
		"the recipient at the identity provider must equal sp.acs of the realm, letter by letter: scheme, host, port, slash",
	},
	causeStatement: {
		"The answer of your identity provider does not say how you have signed in.", askHint,
		"the assertion needs exactly one AuthnStatement",
	},
	causeAuthnContext: {
		"You have signed in at your identity provider in a way that is not enough here.", "Sign out at your identity provider, then sign in again with what your organization asks for, such as a second factor.",
		"the AuthnContextClassRef is none of the realm's req_authn_context_class_ref",
	},
	causeAttribute: {
		"The answer of your identity provider lacks your user name.", askHint,
		"attributes.principal of the realm names an attribute that did not come; let the identity provider send it, or name another one",
	},
	causeSeveralValues: {
		"The answer of your identity provider has a list where one value is expected.", askHint,
		"attribute_delimiters.groups splits one value, and several came",
	},
	causeEndless: {
		"The answer of your identity provider does not end soon enough to be taken unasked.", "Start at the application that you want to use.",
		"with idp_initiated: accept each assertion needs an ID and an end within 24 hours, so that it can be remembered until then",
	},
	causeSealed: {
		"The answer of your identity provider is encrypted, and cannot be taken unasked.", "Start at the application that you want to use.",
		"with idp_initiated: accept encrypted assertions need decryption_key, so that each is taken once",
	},
	causeUntold: {
		"Elasticsearch did not accept the answer of your identity provider.", againHint,
		"Elasticsearch's reason is in the log",
	},
}

// ofStatus says what a status of the identity provider means. The second code says
// more than the first (SAML core 3.2.2.2).
func ofStatus(codes statusCode) remedy {
	names := []string{localStatus(codes.Value)}
	if codes.Second != nil {
		names = []string{localStatus(codes.Second.Value), names[0]}
	}
	for _, name := range names {
		if r, ok := statusRemedies[name]; ok {
			return r
		}
	}
	return remedies[causeStatus]
}

var statusRemedies = map[string]remedy{
	"AuthnFailed": {
		"Your identity provider could not confirm who you are.", "Try again, and look out for the right name and password.",
		"the identity provider did not accept the person's credentials; its log says why",
	},
	"RequestDenied": {
		"Your identity provider does not let you use this application.", "Ask your administrator to be admitted, and give the details below.",
		"the identity provider's policy denies: is the person assigned to this application there?",
	},
	"NoPassive": {
		"Your identity provider had to ask you something and was not allowed to.", "Sign in at your identity provider first, then try again.",
		"the request was passive and there was no session; Elasticsearch never asks so: look for what rewrites requests",
	},
	"NoAuthnContext": {
		"Your identity provider cannot sign you in as strongly as it was asked to.", "Try again with what your organization asks for, such as a second factor. If it happens again, give your administrator the details below.",
		"the identity provider does not know, or could not reach, the realm's req_authn_context_class_ref",
	},
	"InvalidNameIDPolicy": {
		"Your identity provider cannot name you in the way it was asked to.", askHint,
		"the identity provider does not offer the realm's nameid_format; unset it, or set the one that it has",
	},
	"Requester": {
		"Your identity provider did not understand the question.", askHint,
		"the identity provider refuses the request: unknown entity id or callback, or a signature that it wants (signing.* of the realm); its log says which",
	},
	"Responder": {
		"Your identity provider has a problem of its own.", "Wait some minutes, then try again. If it happens again, give your administrator the details below.",
		"the identity provider failed; its log says why",
	},
	"VersionMismatch": {
		"Your identity provider speaks another version of the protocol.", askHint,
		"the identity provider does not speak SAML 2.0",
	},
}
