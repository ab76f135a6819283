package web

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
)

// TraceParent makes sure that a request belongs to one trace and returns the
// trace's id. A valid traceparent (W3C Trace Context, version 00) is passed on as
// it is, since the gateway records no span of its own; anything else is replaced
// by a new trace, which is not sampled, and its tracestate goes.
func TraceParent(h http.Header) string {
	if said := h["Traceparent"]; len(said) == 1 {
		if id, ok := traceOf(said[0]); ok {
			return id
		}
	}
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	id := hex.EncodeToString(b[:16])
	h["Traceparent"] = []string{"00-" + id + "-" + hex.EncodeToString(b[16:]) + "-00"}
	delete(h, "Tracestate")
	return id
}

// traceOf reads version-trace-parent-flags. A higher version may have more behind
// the flags; ff is none.
func traceOf(value string) (string, bool) {
	parts := strings.Split(value, "-")
	if len(parts) < 4 || (parts[0] == "00" && len(parts) != 4) || parts[0] == "ff" {
		return "", false
	}
	for i, length := range [...]int{2, 32, 16, 2} {
		if len(parts[i]) != length || strings.Trim(parts[i], "0123456789abcdef") != "" {
			return "", false
		}
	}
	if strings.Trim(parts[1], "0") == "" || strings.Trim(parts[2], "0") == "" {
		return "", false
	}
	return parts[1], true
}
