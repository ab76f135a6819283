// Package oidc signs people in through an OpenID Connect realm of Elasticsearch.
//
//	Start     --> ES oidc/prepare (realm) --> Redirect to the provider
//	callback  GET  code, or an error  --> answer
//	          GET  neither            --> Fragment: a page of ours posts it
//	          POST fragment, or form  --> answer
//	answer    state --> the attempt, taken --> iss? error? --> ES oidc/authenticate
//	          --> a second look at the ID token --> Done
//	initiate  another site wants somebody to sign in here --> Begin
//	backchannel-logout   POST logout_token of the provider --> its sessions end
//	frontchannel-logout  GET iss, sid, in a frame          --> its session ends
//	logged-out           back from the provider after a sign-out
//	Leave     --> ES oidc/logout --> the provider's address, if it has one
//
// Elasticsearch exchanges the code and judges the ID token, and remembers nothing: that
// an answer belongs to an attempt of this browser, and is used once, is checked here
// and in package login. What Elasticsearch leaves open is looked at here: it takes ID
// tokens that ended hours ago, and it knows no back-channel logout.
package oidc
