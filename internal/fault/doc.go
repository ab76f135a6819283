// Package fault holds the failures that people and API clients see.
//
// A fault has a kind (a word of the API), a text for the person, a hint that
// the person can act on, and the cause for the operator. The kind becomes an
// HTTP status in one place, package web. Errors that are not faults are
// internal: they are logged, and shown without any detail.
//
// The package holds values only. Everybody may import it.
package fault
