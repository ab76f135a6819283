package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/secret"
)

func TestTextIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const planted = "hunter2-planted"
	type holder struct{ Password secret.Text }
	h := holder{secret.Of(planted)}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb, h)
		fmt.Fprintf(&out, verb, h.Password)
		fmt.Fprintf(&out, verb, &h)
	}
	encoded, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "h", h, "p", h.Password)

	for _, form := range []string{planted, fmt.Sprintf("%x", planted)} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret was printed:\n%s", out.String())
		}
	}
	if h.Password.Reveal() != planted {
		t.Error("Reveal does not return the secret")
	}
}
