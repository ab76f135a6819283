package pki_test

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/pki"
)

// fuzz gives anything to a format, seeded with its table. The first value goes into
// the format's first header, and so on; a line break begins another line.
func fuzz(f *testing.F, name string) {
	reader := format(f, name)
	w := certificates(f)
	for _, tc := range rows(w)[name] {
		h := headers(tc.lines...)
		value := func(i int) string {
			if i >= len(reader.Headers) {
				return ""
			}
			return strings.Join(h.Values(reader.Headers[i]), "\n")
		}
		f.Add(value(0), value(1), value(2))
	}
	f.Fuzz(func(t *testing.T, first, second, third string) {
		h := http.Header{}
		for i, value := range []string{first, second, third} {
			if i < len(reader.Headers) && value != "" {
				h[reader.Headers[i]] = strings.Split(value, "\n")
			}
		}
		p, err := reader.Read(h)
		again, errAgain := reader.Read(h)
		if !reflect.DeepEqual(p, again) || (err == nil) != (errAgain == nil) {
			t.Fatal("read twice, two results")
		}
		if err != nil {
			refused(t, err, first, second, third)
			return
		}
		if p.State != pki.Unknown && p.State != pki.None && p.State != pki.Verified {
			t.Fatalf("state %q", p.State)
		}
		if (p.State == pki.None && len(p.Chain) > 0) || (p.State == pki.Verified && len(p.Chain) == 0) || len(p.Chain) > 10 {
			t.Fatalf("%s with %d certificates", p.State, len(p.Chain))
		}
		for _, c := range p.Chain {
			if c == nil || len(c.Raw) == 0 {
				t.Fatal("a certificate that is none")
			}
		}
	})
}

// refused checks that an error says why, and nothing of what came.
func refused(t *testing.T, err error, values ...string) {
	t.Helper()
	refusal, is := errors.AsType[*pki.Refusal](err)
	if !is || refusal.Reason == "" || refusal.Header == "" || refusal.Detail == "" {
		t.Fatalf("not a whole refusal: %#v", err)
	}
	for _, value := range values {
		if len(value) > 40 && strings.Contains(err.Error(), value) {
			t.Fatalf("the error repeats the value: %v", err)
		}
	}
}

func FuzzRFC9440(f *testing.F) { fuzz(f, "rfc9440") }
func FuzzEnvoy(f *testing.F)   { fuzz(f, "envoy") }
func FuzzNginx(f *testing.F)   { fuzz(f, "nginx") }
func FuzzHAProxy(f *testing.F) { fuzz(f, "haproxy") }
func FuzzApache(f *testing.F)  { fuzz(f, "apache") }
func FuzzCaddy(f *testing.F)   { fuzz(f, "caddy") }
func FuzzTraefik(f *testing.F) { fuzz(f, "traefik") }
func FuzzALB(f *testing.F)     { fuzz(f, "alb") }
