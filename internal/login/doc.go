// Package login turns a proof into a session, and a session back into nothing.
//
// It owns the pages and addresses of signing in and out (/login, /login/{method},
// the methods' callbacks, /logout, /logged-out, /session), the attempts, the
// browser key, the return URL, the challenge of somebody who is not signed in,
// and the order in which all of that happens. What is proven, and how, is the
// business of the methods: one package each, which return Steps.
//
//	GET /login            page; sets the browser key; goes on by itself
//	  /login/{method}     browser key came back? --> Method.Start --> Redirect
//	                      --> attempt sealed in the store --> 303 identity provider
//	  callback            Method's Route: Attempts.Take --> ES --> Done
//	                      not there, used, another browser's --> lost.go: the wanted
//	                      page, what the first answer got, one new start, or a page
//	  finish              name? roles? --> session.Begin --> audit --> cookie
//	                      --> another user was here: page --> 303 next
//	GET /logout           page with one button
//	POST /logout          audit, end in the store, clear cookie, tell ES, go to
//	                      the identity provider --> /logged-out
//	  callback            the identity provider signs somebody out: ProviderSignOut
//
// Tokens, cookies' cryptography and deadlines belong to package session; who a
// request is belongs to package gate.
package login
