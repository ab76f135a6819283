// Package clients runs Elasticsearch's own clients for JavaScript, Python and Go
// through the gateway, as somebody who is signed in: what they are used for goes
// through, and what is refused (by Elasticsearch or by the gateway) raises their
// ordinary errors. Everything here is a test.
package clients
