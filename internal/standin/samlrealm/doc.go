// Package samlrealm is the SAML service provider inside Elasticsearch: what a
// realm of type saml does with messages, without the HTTP API around it.
//
// It keeps Elasticsearch's own order of checks and the exact text of each
// refusal, over real XML signatures, real encryption and real redirects:
//
//	parse (no DTD, comments dropped) -> root -> Response signature -> InResponseTo
//	  -> status -> issuer -> destination -> one assertion -> decryption
//	  -> assertion signature -> conditions -> issuer -> subject -> authn statement
//	  -> attributes -> user
//
// After a signature has been verified only the octets that it covers are read
// again, so that an element which was moved, doubled or wrapped is not seen.
//
// A Realm remembers nothing: ids of requests are kept by the caller, and the
// same Response can be posted twice, as with the real thing. It reads no clock;
// each operation is given the time. Tokens, users' roles, licences, privileges
// and the JSON of an error belong to the stand-in for Elasticsearch, which is
// the only importer besides tests.
package samlrealm
