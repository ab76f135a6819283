// Package gate owns the sentence "who is this request, and with which credentials for
// the upstream": an Authorization header alone, else the session of the cookie, else a
// client certificate, else nobody. The proxy and forward-auth share it.
//
//	Authorization? --> the route's policy, alone: forward, verify (ES is asked whose it
//	                   is), refuse; the cookie is left as it is
//	cookie         --> two different: nobody --> Manager.Current --> Flow.Judge (method
//	                   still configured? its certificate?) --> Manager.Fresh (renewed
//	                   once for all)
//	certificate    --> of a program, never of a browser --> Prover.Prove, at every
//	                   request --> delegated once for all
//	access.Rule    --> forbidden
//	required?      --> the certificate besides, where the route wants it
//	account?       --> the route's own account in the place of the visitor's credentials
//
// Tokens that belong to no session (certificates, verified headers, accounts) are kept
// in one bounded place, grants.go.
package gate
