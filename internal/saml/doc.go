// Package saml signs people in through a SAML realm of Elasticsearch.
//
//	Start  --> ES saml/prepare (realm) --> Redirect to the identity provider
//	acs    POST SAMLResponse --> read issuer and InResponseTo, unproven
//	           none       --> Restart: an ordinary sign-in begins (bounce)
//	           an attempt --> take it --> ES saml/authenticate --> Done
//	slo    GET --> back from the identity provider after a sign-out
//	metadata GET --> ES saml/metadata, for a minute
//	Leave  --> ES saml/logout --> the identity provider's address, if it has one
//
// Elasticsearch judges the message: signature, issuer, audience, times. This
// package reads only which attempt it claims to answer, and hands it on byte
// for byte. That it answers an attempt of this very browser is checked here and
// in package login, since ES accepts a response without InResponseTo and
// remembers nothing.
//
// For operators it compares the realm with the gateway's addresses (Diagnose), and
// writes a realm from the identity provider's metadata (`gateway realm saml`).
package saml
