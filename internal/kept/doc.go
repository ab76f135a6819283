// Package kept holds what was found out once and can be found out again: opened records
// and cookies, verified chains. Whether it still stands is asked of others each time.
//
// Everybody may import it.
package kept
