// Package gatewaytest starts a whole gateway for tests: the stand-in for
// Elasticsearch over TLS, a SAML identity provider, an application, and a
// gateway built by package server from a configuration file, all in one process
// on one clock. Browser is a client with a cookie jar that signs in as a person
// does.
//
// It is imported by tests only.
package gatewaytest
