package session_test

import (
	"testing"

	"github.com/esgateway/esgateway/internal/session"
)

// BenchmarkCurrent is what a signed-in request costs besides its cookie: find
// the record, open it, apply the deadlines.
func BenchmarkCurrent(b *testing.B) {
	c := newClock()
	es := startCluster(b, c)
	h := openHouseOn(b, c, es, openStore(b, c), newKeys(b))
	begun, err := h.Begin(b.Context(), session.Start{Grant: es.grant(b, c, "alice"), Method: "corp", Realm: "saml1", Browser: "b"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := h.Current(b.Context(), begun.ID); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkSignIn is the store's part of a sign-in, with its syncs.
func BenchmarkSignIn(b *testing.B) {
	c := newClock()
	es := startCluster(b, c)
	h := openHouseOn(b, c, es, openStore(b, c), newKeys(b))
	grant := es.grant(b, c, "alice")
	for b.Loop() {
		if _, err := h.Begin(b.Context(), session.Start{Grant: grant, Method: "corp", Realm: "saml1", Browser: session.NewKey()}); err != nil {
			b.Fatal(err)
		}
	}
}
