// Package audit writes down who did what: one line for each sign-in, refusal,
// sign-out and end of a session.
//
// It owns the events (a struct each, with a golden line each) and their names
// in the Elastic Common Schema; both are public surface. It leaves to its
// caller where the lines go. An event holds no secret: sessions are named by a
// short hash, tokens and cookies not at all.
//
// Every package above the words may import it.
package audit
