// Package sessiontest is the contract of session.Store as tests. Whoever writes
// a store calls Run from its tests:
//
//	func TestContract(t *testing.T) {
//		sessiontest.Run(t, func(t *testing.T, now func() time.Time) session.Store {
//			...
//		}, sessiontest.Restarts(...))
//	}
//
// It owns what every store must do. What one store does beyond it (its errors,
// its file, its server) that store's own tests check.
//
// It is workshop: only tests import it.
package sessiontest
