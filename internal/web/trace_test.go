package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/web"
)

func TestAValidTraceParentIsPassedOn(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
		"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-later",
	} {
		h := http.Header{"Traceparent": {value}, "Tracestate": {"a=1"}}
		if id := web.TraceParent(h); id != "4bf92f3577b34da6a3ce929d0e0e4736" || h.Get("Traceparent") != value || h.Get("Tracestate") != "a=1" {
			t.Errorf("%s: id %s, headers %v", value, id, h)
		}
	}
}

func TestAnythingElseBecomesANewTraceThatIsNotSampled(t *testing.T) {
	t.Parallel()
	const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for name, values := range map[string][]string{
		"none":          nil,
		"empty":         {""},
		"two":           {good, good},
		"upper case":    {strings.ToUpper(good)},
		"no trace id":   {"00-00000000000000000000000000000000-00f067aa0ba902b7-01"},
		"no parent id":  {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"},
		"version ff":    {"ff" + good[2:]},
		"too much":      {good + "-more"},
		"too short":     {good[:54]},
		"not hex":       {strings.Replace(good, "4bf9", "xyzw", 1)},
		"a line's end":  {good + "\r\nX: y"},
		"something odd": {"----"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{"Traceparent": values, "Tracestate": {"a=1"}}
			id := web.TraceParent(h)
			made := h.Get("Traceparent")
			if len(h["Traceparent"]) != 1 || !strings.HasPrefix(made, "00-"+id+"-") || !strings.HasSuffix(made, "-00") || h.Get("Tracestate") != "" {
				t.Errorf("id %s, headers %v", id, h)
			}
			if again := web.TraceParent(h); again != id {
				t.Errorf("what was made is not valid: %s", made)
			}
		})
	}
}
