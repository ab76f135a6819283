// Package certs holds what certificates come from and are judged by: files on a disk,
// which others write while we serve.
//
//	files -> Source.Poll -> read whole, checked -> the new value at once, for everybody
//	                     -> something is wrong  -> the last good value stays, and Status says what
//
// A Source is a key pair, a bundle of certificates (authorities, or what stands between
// them and clients) or revocation lists. A Verifier judges the chain of a client by
// them: once in full, and then cheaply at every request, since nobody behind us looks
// at a certificate's end or at its revocation again.
//
// The first reading must succeed: no file is no trust, and never the system's trust.
// Nothing here starts a goroutine or reads a clock of its own; whoever serves polls.
// It is safe for concurrent use, and everybody above the doors may import it.
package certs
