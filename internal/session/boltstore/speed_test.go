package boltstore_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/session/boltstore"
)

// typical is a record of the size that sessions have.
func typical() session.Record {
	rec := recordOf("x", 1)
	rec.Sealed = bytes.Repeat([]byte{7}, 700) // as measured with Elasticsearch's tokens of 40 characters
	return rec
}

func BenchmarkSave(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(callers, "-callers"), func(b *testing.B) {
			s := mustOpen(b, filepath.Join(b.TempDir(), "sessions.db"))
			var next atomic.Int64
			b.ResetTimer()
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if _, err := s.Save(b.Context(), keyOf(fmt.Sprint(i)), typical()); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	s := mustOpen(b, filepath.Join(b.TempDir(), "sessions.db"))
	many(b, s, 10_000)
	b.RunParallel(func(p *testing.PB) {
		k := keyOf("77")
		for p.Next() {
			if _, err := s.Load(b.Context(), k); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkOpen100000(b *testing.B) {
	path := filepath.Join(b.TempDir(), "sessions.db")
	s := mustOpen(b, path)
	many(b, s, 100_000)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	before := heap()
	for b.Loop() {
		s, err := boltstore.Open(boltstore.Config{Path: path}, session.StoreDeps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(heap()-before)/(1<<20), "MiB")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// heap is the memory in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// many saves n typical records, many at a time.
func many(b *testing.B, s *boltstore.Store, n int) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 256 {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if _, err := s.Save(context.Background(), keyOf(fmt.Sprint(i)), typical()); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
