package certs_test

import "testing"

func BenchmarkVerify(b *testing.B) {
	p := newPKI(b)
	p.lists(b, p.sub.revoke(b, nil), p.root.revoke(b, nil))
	chain, now := plain(p.leaf, p.sub), p.clock.Now()
	for b.Loop() {
		if _, err := p.Verify(chain, now); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStill is what each request of a client with a certificate costs.
func BenchmarkStill(b *testing.B) {
	p := newPKI(b)
	p.lists(b, p.sub.revoke(b, nil), p.root.revoke(b, nil))
	chain, now := plain(p.leaf, p.sub, p.root), p.clock.Now()
	for b.Loop() {
		if err := p.Still(chain, now); err != nil {
			b.Fatal(err)
		}
	}
}
