// Package returnto holds addresses that are proven to be ours. Whoever redirects a
// browser to an address that came from outside (next, rd, RelayState, logout) has it
// proven here first, or the gateway would lend its name to a phisher.
//
// The parser to agree with is the browser's (WHATWG URL), not Go's: a browser takes a
// backslash for a slash, drops tabs and line feeds, and reads "https:host" and
// "//host" as another host. Where the two could differ, the address is refused;
// nothing is repaired.
//
// The package holds values only. Everybody may import it.
package returnto
