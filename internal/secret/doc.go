// Package secret holds text that refuses to be printed: tokens, passwords and
// keys. Whatever prints, logs or encodes a Text gets "[secret]"; Reveal is the
// only way out and easy to search for.
//
// The package holds values only. Everybody may import it.
package secret
