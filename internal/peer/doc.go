// Package peer says which socket peers are trusted to speak for others, and which
// client a request comes from. Headers of anybody else count for nothing: an address
// in them would let a client choose whom it is taken for (contract security 1.3).
//
// The package holds values only. Everybody may import it.
package peer
