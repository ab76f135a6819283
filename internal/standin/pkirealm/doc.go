// Package pkirealm is the certificate realm inside Elasticsearch: what a realm of
// type pki does with a chain that somebody else has received (delegated PKI),
// without the HTTP API around it.
//
//	remembered for this chain? -> delegation.enabled -> trusted by the realm's own
//	  authorities -> user name cut from the subject -> roles -> remembered
//
// Chains are real and are verified for real. As with the real thing nobody asks
// whether the caller's client has the key, nobody looks at revocation, and a chain
// that was accepted is accepted again for 20 minutes whatever has become of it: all
// of that is left to the caller.
//
// A Realm reads no clock; each operation is given the time. Tokens, privileges,
// licences and the JSON of an error belong to the stand-in for Elasticsearch, which
// is the only importer besides tests.
package pkirealm
