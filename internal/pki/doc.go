// Package pki takes client certificates: as the proof of each request of a program,
// without page, session and cookie, and as what a browser's session is bound to.
//
//	our own TLS          r.TLS.PeerCertificates: the handshake has proven the key
//	a trusted front      http.Header -> Format.Read -> Presented (chain, leaf first; what
//	                     the front says of it) or *Refusal (why; never what)
//	then                 certs.Verifier: trusted? ended? revoked? --> login.Proof, which
//	                     package gate trades for a token of Elasticsearch, once for all
//
// Of a session it is asked two things: does its chain still stand (Stands), and what
// does this request show beside it (Compare), where "none" is somebody's explicit word
// and silence is no answer.
//
// There is one file for the format of each front. A reader proves the form and nothing
// else. That the peer may send these headers at all is asked of listen.trusted_proxies;
// that nobody else's go upstream is the proxy's business (Claims).
//
// Elasticsearch takes our word that the client has the key, asks no revocation list and
// remembers a chain for 20 minutes, so end and revocation are looked at here, at every
// request. Nothing is ever derived from the text of a name in a certificate.
package pki
