// Package saml signs people in through a SAML realm of Elasticsearch.
//
//	Start  --> ES saml/prepare (realm) --> Redirect to the identity provider
//	acs    POST SAMLResponse --> read issuer and InResponseTo, unproven
//	           none       --> idp_initiated: Restart (bounce), taken once, or refused
//	           an attempt --> take it --> ES saml/authenticate --> Done
//	                                         refused --> explain: a cause for the person
//	slo    GET, POST LogoutRequest  --> ES saml/invalidate --> its sessions end --> answer
//	       GET, POST LogoutResponse --> ES saml/complete_logout --> the page after a sign-out
//	metadata GET --> ES saml/metadata, for a minute
//	Leave  --> ES saml/logout --> the identity provider's address, if it has one
//
// Elasticsearch judges the message: signature, issuer, audience, times. This
// package hands it on byte for byte. Before, it reads which attempt it claims to answer;
// what it reads besides (name, session, limits) counts once ES has accepted it. That it answers an attempt of this very browser is checked here and
// in package login, since ES accepts a response without InResponseTo and
// remembers nothing.
//
// Why ES has refused a message is its own word where it has one (9.3 and later), else
// what a comparison of the message with the realm's settings shows. That decides
// nothing; `gateway explain saml` does the same for a captured message.
//
// For operators it compares the realm with the gateway's addresses (Diagnose), and
// writes a realm from the identity provider's metadata (`gateway realm saml`).
package saml
