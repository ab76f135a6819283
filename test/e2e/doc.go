// Package e2e signs real people in: SimpleSAMLphp is the identity provider, or a client
// certificate is there, headless Chromium the person, the gateway a process of its own,
// over https and under two registrable names. Only Elasticsearch is a stand-in. Everything here is a test.
package e2e
