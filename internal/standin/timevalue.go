package standin

import (
	"strconv"
	"strings"
	"time"
)

// timeValue parses a duration as Elasticsearch writes it: "1d", "30m", "500ms".
func timeValue(setting, s string) (time.Duration, error) {
	trimmed := strings.ToLower(strings.TrimSpace(s))
	for _, unit := range []struct {
		suffix string
		size   time.Duration
	}{
		{"nanos", time.Nanosecond},
		{"micros", time.Microsecond},
		{"ms", time.Millisecond},
		{"s", time.Second},
		{"m", time.Minute},
		{"h", time.Hour},
		{"d", 24 * time.Hour},
	} {
		number, has := strings.CutSuffix(trimmed, unit.suffix)
		if !has {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, illegalArgument("failed to parse [" + s + "]")
		}
		return time.Duration(n) * unit.size, nil
	}
	return 0, illegalArgument("failed to parse setting [" + setting + "] with value [" + s +
		"] as a time value: unit is missing or unrecognized") //nolint:misspell // the wire's spelling
}
