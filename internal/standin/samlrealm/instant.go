package samlrealm

import (
	"strings"
	"time"
)

// parseInstant reads an xs:dateTime. Without a zone it is UTC.
func parseInstant(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05", s)
	}
	return t.UTC(), err
}

// printedInstant is a time as java.time.Instant prints it: fractions in groups
// of three digits, none when there is nothing to show.
func printedInstant(t time.Time) string {
	layout := "2006-01-02T15:04:05.000000000Z"
	switch n := t.Nanosecond(); {
	case n == 0:
		layout = "2006-01-02T15:04:05Z"
	case n%1_000_000 == 0:
		layout = "2006-01-02T15:04:05.000Z"
	case n%1_000 == 0:
		layout = "2006-01-02T15:04:05.000000Z"
	}
	return t.UTC().Format(layout)
}

// issued is a time as the realm writes it into its own messages: xs:dateTime
// with milliseconds.
func issued(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
