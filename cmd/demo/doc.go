// Command demo runs the whole of the gateway on one machine, in one process:
// a stand-in for Elasticsearch over TLS, a SAML identity provider with two
// people, a sample application, and the gateway's own server in front, with a
// configuration file that people can play with.
//
// It holds people, documents, ports and words. The protocols are elsewhere:
// internal/standin and internal/standin/idp.
package main
