// Package logs writes the gateway's log: one JSON object a line with the names
// of the Elastic Common Schema, so that Elasticsearch takes it as it is.
//
// It owns the names of the fields that every line has, and that a line stays
// one line, of bounded size and without a name twice, whatever it is given.
// What is logged, at which level and under which names is the callers'.
//
// Every package above the words may import it; most need only *slog.Logger.
package logs
