// Package pki signs people and services in by their client certificates.
//
// So far it holds the formats in which TLS front ends hand a certificate on, one file
// for each front:
//
//	http.Header -> Format.Read -> Presented (chain, leaf first; what the front says of it)
//	                           -> *Refusal  (why; never what)
//
// A reader proves the form and nothing else. That the peer may send these headers at
// all, that they are stripped of everybody else's requests and of what goes upstream,
// and that the chain is trusted, is for others: peer, proxy, certs. Nothing is ever
// derived from the text of a name in a certificate.
//
// The package keeps no state, reads no clock and knows no other method.
package pki
