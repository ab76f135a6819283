// Package chaos kills and restarts what the gateway stands on, at random, while
// people work: see chaos_test.go. It takes a minute (CHAOS=10m for longer) and is
// run by make long.
package chaos
