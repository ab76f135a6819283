// Package parts starts the real things that the end-to-end tests need: identity
// providers, browsers, the gateway itself as a process, and TLS in front of what
// speaks none. Each takes a free port on 127.0.0.1, keeps its output in the test's
// artifact directory and ends with the test. For tests only.
package parts
