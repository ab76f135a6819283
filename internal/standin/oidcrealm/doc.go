// Package oidcrealm is the OpenID Connect relying party inside Elasticsearch: what
// a realm of type oidc does with an answer of a provider, without the HTTP API
// around it.
//
// It keeps Elasticsearch's own order of checks and its quirks, over a real code
// exchange and real signatures (contract of OpenID Connect, 2.1 to 2.5):
//
//	redirect_uri -> fragment or query -> error -> state -> kind of response
//	  -> code exchange -> access token -> ID token -> userinfo -> claims -> user
//
// Signature, algorithm, issuer and audience of an ID token are judged by go-oidc,
// everything that is Elasticsearch's own by this package.
//
// A Realm remembers nothing but the provider's keys: state and nonce are kept by
// the caller, and an ID token of the implicit flow can be shown twice, as with the
// real thing. It reads no clock; each operation is given the time. Tokens, roles,
// licences, privileges and the JSON of an error belong to the stand-in for
// Elasticsearch, which is the only importer besides tests.
package oidcrealm
