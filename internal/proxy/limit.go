package proxy

import (
	"fmt"
	"time"
)

// Limit is a length of time in the configuration. Left out it is the setting's
// default; the word off takes the limit away.
type Limit time.Duration

// Off is no limit.
const Off Limit = -1

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Limit) UnmarshalText(text []byte) error {
	if string(text) == "off" {
		*l = Off
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is no limit; write a number with a unit (ms, s, m, h), for example 90s, or off", text)
	}
	*l = Limit(d)
	return nil
}

// String is how the limit is written; empty for the default.
func (l Limit) String() string {
	switch l {
	case 0:
		return ""
	case Off:
		return "off"
	}
	return time.Duration(l).String()
}

// or is the limit as net/http takes it, where 0 is none.
func (l Limit) or(byDefault time.Duration) time.Duration {
	switch l {
	case 0:
		return byDefault
	case Off:
		return 0
	}
	return time.Duration(l)
}
