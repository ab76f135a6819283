// Package access decides whether a signed-in person may use a route: what the
// route requires, against the identity that Elasticsearch reported. Which
// indices and actions are allowed is Elasticsearch's own decision.
package access
