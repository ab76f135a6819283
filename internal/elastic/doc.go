// Package elastic is the gateway's only door to Elasticsearch's security API: a
// typed client, and the only place that says what an answer of Elasticsearch means.
//
//	session, login, saml, ...  ->  Client.Method  ->  send: which node, which password, once more?
//	                                                  exchange: one request to one node, bounded in time and size
//	                           <-  a value, or *Error with a Class from verdict.go
//
// It owns the choice of nodes, time limits, bounds of bodies, the gateway's own
// password and the meaning of statuses. It leaves to others when to refresh, how
// often to repeat that, and what a Class means for a session.
//
// A request is repeated in two cases only, because repeating anything that may have
// arrived can burn a refresh token or leave tokens behind that nobody knows: the
// connection was never made (then the next node gets it), or Elasticsearch refused
// our own password before it read the request and the password file holds another.
// (net/http itself repeats a GET whose kept connection turns out to be closed; our
// GETs only ask.)
//
// The transport is Elastic's own, one for each node, with its repeating switched off
// and its pool reduced to that node: a pool of several marks nodes dead for any error,
// also for a caller who went away, and revives them by the wall clock.
//
// Everybody above the doors may import it.
package elastic
