// Package metrics is what a scraper sees of the gateway: one struct of handles,
// live or silent, whose names are public surface (testdata/names.golden).
//
// It owns names, help texts, label sets and the bound on their values. It
// leaves to the callers what to count, and to the server where the page is
// served: on the operations listener, never on a public one.
//
// Every package above the words may import it.
package metrics
