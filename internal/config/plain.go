package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"time"
)

// leadingZero finds numbers that YAML reads as octal: 010 would be 8.
var leadingZero = regexp.MustCompile(`^[-+]?0[0-9oO_]`)

// plain reads a single value. YAML 1.1 would also take yes, 0640 and 1_000;
// people who write those mean different things by them, so they are refused.
func (r *reader) plain(key, text string, into reflect.Value) {
	switch {
	case into.Type() == reflect.TypeFor[time.Duration]():
		d, err := time.ParseDuration(text)
		if err != nil {
			r.wrong(key, fmt.Sprintf("%q is no duration", text), "write a number with a unit (ms, s, m, h), for example 90s or 8h")
			return
		}
		into.SetInt(int64(d))
	case into.Kind() == reflect.String:
		into.SetString(text)
	case into.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			r.wrong(key, fmt.Sprintf("%q is neither true nor false", text), "write one of these")
			return
		}
		into.SetBool(text == "true")
	case into.CanInt():
		n, ok := r.number(key, text)
		if ok && into.OverflowInt(n) {
			r.wrong(key, text+" is too large", "")
		} else if ok {
			into.SetInt(n)
		}
	default:
		r.wrong(key, "cannot be configured", "this is a mistake in the gateway: a field of type "+into.Type().String())
	}
}

func (r *reader) number(key, text string) (int64, bool) {
	if leadingZero.MatchString(text) {
		r.wrong(key, fmt.Sprintf("%q begins with a zero, which makes it octal for some readers and decimal for others", text), "leave the zero out")
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		r.wrong(key, fmt.Sprintf("%q is no whole number", text), "write one in digits")
		return 0, false
	}
	return n, true
}
