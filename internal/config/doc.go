// Package config is the configuration file: the whole tree on one screen, read
// strictly, completed from the environment, and proven before anything starts.
//
//	file -> YAML nodes <- environment          (document.go, environment.go)
//	     -> Config: unknown keys, types        (decode.go, keys.go, nearest.go)
//	     -> Ready: parsed, read, compared      (ready.go, check_*.go)
//
// All mistakes are shown at once, each with its line, what is wrong and what
// would be right; the YAML nodes are kept beside the values, so that a check
// that compares two keys still knows where they stand. Loading reads files and
// has no other effect.
//
// A section belongs to the package that acts on it, with its defaults and its
// check; this package composes them. It knows no plug-in: methods and stores
// come in as Plugins and read their own sections through it, as strictly.
//
// Nobody below the roof may import it.
package config
