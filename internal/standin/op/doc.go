// Package op is a small OpenID provider for the demo and for tests.
//
// It speaks OpenID Connect as products do: discovery, a key set whose keys can be
// changed, the code flow with or without PKCE, the implicit flow, userinfo, logout
// by the client and back to it (back-channel and front-channel). Its people, their
// passwords, its codes and its keys live in memory; its clock is injected.
//
//	GET /authorize?.. -> login page -> POST /authorize?.. -> GET /authorize?.. -> the client
//	POST /token, GET /userinfo, GET /end_session
//
// Respond answers an authorization request without a browser and, on purpose, as
// wrongly as a test wants; LogoutToken does the same for back-channel logout. The
// pages show everybody's password: this is no provider for anything real.
//
// It is our own, on go-jose, because a provider made of a library would have to be
// bent from the outside: libraries refuse to do most of what tests need.
//
// It imports nothing of the gateway. cmd/demo and tests may import it.
package op
