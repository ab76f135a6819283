// Package idp is a small SAML identity provider for the demo and for tests.
//
// It speaks the web browser profile as products do: AuthnRequests by redirect,
// its own session and login page, signed Responses by POST, single logout by
// redirect in both directions. Its people, their passwords and its keys live in
// memory; its clock is injected. Login page:
//
//	GET /sso?SAMLRequest=.. -> login page -> POST /sso?.. -> GET /sso?.. -> form -> the service provider
//
// Respond answers an AuthnRequest without a browser and, on purpose, as wrongly
// as a test wants. The pages show everybody's password: this is no identity
// provider for anything real.
//
// It imports nothing of the gateway. cmd/demo and tests may import it.
package idp
