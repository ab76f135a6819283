// Package people are those who can log in at the stand-in's identity providers, and
// the pages that they see there: login, "you are signed in", "you are signed out". The
// providers (idp, op) are its only importers besides tests.
//
// The pages show everybody's password: nothing here is for anything real.
package people
