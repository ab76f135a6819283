// Package standin is an honest stand-in for the security HTTP API of
// Elasticsearch, held in memory, for tests and for the demo.
//
// It keeps the contract of the real thing to the letter: paths, fields and
// their order, the order of checks, statuses, error bodies and headers, and the
// token service's rules (whole-second expiry, single-use refresh with a reuse
// window of 30 s, refresh by the creating client only, independent halves,
// cleanup on invalidation alone). It judges real passwords, real cluster and
// index privileges and, through samlrealm, oidcrealm and pkirealm, real SAML messages,
// real ID tokens and real certificate chains. It can also misbehave on purpose: see
// Faults.
//
// The way of one request, in Elasticsearch's own order:
//
//	sizes -> doubled headers -> authentication -> body size -> media types, query
//	  -> route -> content type -> secondary user -> licence -> body -> parameters
//	  -> validation -> privileges -> action
//
// A node is an *Elasticsearch; nodes made by Node share one cluster. The clock
// is injected and nothing here reads another one. The package knows nothing of
// the gateway and imports none of it, so that the gateway cannot be tested
// against its own mistakes; tests and cmd/demo may import it.
//
// It is larger than its neighbours because it stands for a large thing: one
// file is one concept, and a table of the contract names the file's tests.
package standin
