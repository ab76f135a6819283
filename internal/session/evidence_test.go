package session

import (
	"testing"
	"time"
)

func TestEvidenceIsKeptUnderAnyNumberOfRequests(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	young := start.Add(-time.Minute)
	var e evidence
	for i := range 60_000 { // a minute, a thousand requests a second
		e.accept(start.Add(time.Duration(i)*time.Millisecond), young)
	}
	if len(e.events) > maxEvidence {
		t.Fatalf("%d events are kept, at most %d should be", len(e.events), maxEvidence)
	}
	for _, tc := range []struct {
		name               string
		since, asked, made time.Time
		want               bool
	}{
		{"a younger pair was accepted meanwhile", start.Add(10 * time.Second), start.Add(13 * time.Second), start.Add(-time.Hour), true},
		{"up to a moment ago", start.Add(50 * time.Second), start.Add(60 * time.Second), start.Add(-time.Hour), true},
		{"the pair accepted is no younger", start.Add(10 * time.Second), start.Add(13 * time.Second), young, false},
		{"nothing was accepted since", start.Add(2 * time.Minute), start.Add(3 * time.Minute), start.Add(-time.Hour), false},
		{"nothing was accepted before ES was asked", start.Add(-2 * time.Minute), start.Add(-time.Minute), start.Add(-time.Hour), false},
	} {
		if got := e.between(tc.since, tc.asked, tc.made); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}
