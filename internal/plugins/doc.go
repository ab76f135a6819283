// Package plugins is the one place that knows which plug-ins there are. Whoever
// adds a method or a store adds a package and one element here.
//
// It owns the list and nothing else. Commands and tests import it.
package plugins
