package fault_test

import (
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/fault"
)

func TestATextOfOthersIsBoundedAndPlain(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                     "plain",
		"  around  ":                "around",
		"two\nlines\x00":            "two\uFFFDlines\uFFFD",
		"turned\u202eround":         "turned\uFFFDround",
		strings.Repeat("ä", 300):    strings.Repeat("ä", 200) + "...",
		strings.Repeat("x", 200):    strings.Repeat("x", 200),
		"<b>not escaped, by design": "<b>not escaped, by design",
		"broken \xff byte":          "broken \uFFFD byte",
		"":                          "",
	} {
		if got := fault.Shown(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}
