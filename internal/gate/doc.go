// Package gate owns the sentence "who is this request, and with which bearer":
// an Authorization header alone, else the session of the cookie, else nobody.
// The proxy and forward-auth share it.
//
//	Authorization? --> the route's policy, alone; the cookie is left as it is
//	cookie         --> two different: nobody --> Manager.Current --> method still
//	                   configured? --> Manager.Fresh (renewed once for all)
//	access.Rule    --> forbidden
package gate
