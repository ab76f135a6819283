package standin

import (
	"net/http"
	"strings"
)

// A validation collects what is wrong with a request that could be parsed.
type validation []string

func (v *validation) require(fine bool, text string) {
	if !fine {
		*v = append(*v, text)
	}
}

func (v validation) String() string {
	var b strings.Builder
	b.WriteString("Validation Failed: ")
	for i, text := range v {
		b.WriteString(itoa(i+1) + ": " + text + ";")
	}
	return b.String()
}

// err is the ES shape; nil when nothing is wrong.
func (v validation) err() error {
	if len(v) == 0 {
		return nil
	}
	return &exception{
		status: http.StatusBadRequest, kind: "action_request_validation_exception",
		reason: v.String(), java: true,
	}
}
