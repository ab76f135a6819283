//go:build long

package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin"
)

// quiet is how long people work in peace between two faults; then nothing may fail.
const quiet = 3 * time.Second

// Three nodes behind HAProxy, with a Redis Cluster of three primaries and their
// replicas and one Elasticsearch. Nodes and primaries are killed and Elasticsearch
// is cut off, while people sign in, work, renew their tokens and sign out.
//
//   - no answer is for another person
//   - no session that was ended comes back
//   - nobody is signed out who should not be
//   - outside of the faults nothing fails
func TestChaos(t *testing.T) {
	w := newWorld(t)
	long := duration(t)
	var work sync.WaitGroup
	stop := make(chan struct{})
	for _, p := range w.people {
		work.Go(func() { p.live(stop) })
	}
	for end := time.Now().Add(long); time.Now().Before(end); {
		w.peace(quiet)
		w.tally.disturbed(true)
		w.es.Clock.Advance(21 * time.Minute) // all access tokens end at Elasticsearch, and proofs that are on their way
		w.tally.disturbed(false)
		w.peace(quiet)
		w.fault()
	}
	w.peace(quiet)
	close(stop)
	work.Wait()
	w.tally.report(t)
}

func duration(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("CHAOS")
	if text == "" {
		return time.Minute
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// fault breaks something at random, mends it, and waits until all is well again.
func (w *world) fault() {
	what := []func() string{w.killNode, w.killPrimary, w.cutElasticsearch}[rand.IntN(3)]
	w.tally.disturbed(true)
	name := what()
	w.recovered()
	w.tally.disturbed(false)
	w.t.Logf("%s; all is well again", name)
}

func (w *world) killNode() string {
	n := w.nodes[rand.IntN(len(w.nodes))]
	n.Kill()
	w.wait(time.Second)
	n.start()
	return "a node was killed and started again"
}

func (w *world) killPrimary() string {
	primaries := w.cluster.Primaries(w.t.Context())
	r := primaries[rand.IntN(len(primaries))]
	r.Kill()
	parts.Eventually(w.t, "a replica takes over", func(ctx context.Context) error {
		if now := len(w.cluster.Primaries(ctx)); now < len(primaries) {
			return fmt.Errorf("%d of %d primaries answer", now, len(primaries))
		}
		return nil
	})
	r.Restart(w.t)
	return "a primary of Redis was killed and started again, empty"
}

func (w *world) cutElasticsearch() string {
	w.es.ES.SetFaults(standin.Faults{Down: true})
	w.wait(2 * time.Second)
	w.es.ES.SetFaults(standin.Faults{})
	return "Elasticsearch was cut off"
}

// tally counts what people have met.
type tally struct {
	mu       sync.RWMutex
	disturb  bool
	until    time.Time // errors that began before it are of the last fault
	counts   map[string]int
	failures []string
}

// disturbed says that a fault begins or has ended.
func (y *tally) disturbed(now bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.disturb, y.until = now, time.Now()
}

// excused reports whether something that was begun then may have failed for a fault.
func (y *tally) excused(begun time.Time) bool {
	y.mu.RLock()
	defer y.mu.RUnlock()
	return y.disturb || begun.Before(y.until)
}

func (y *tally) count(what string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.counts[what]++
}

func (y *tally) fail(format string, args ...any) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.failures = append(y.failures, fmt.Sprintf(format, args...))
}

func (y *tally) report(t *testing.T) {
	t.Helper()
	t.Logf("measured: %v", y.counts)
	for _, what := range []string{"answers", "sign-ins", "sign-outs", "ended sessions asked for"} {
		if y.counts[what] == 0 {
			t.Errorf("there were no %s", what)
		}
	}
	for _, f := range y.failures[:min(len(y.failures), 30)] {
		t.Error(f)
	}
}
