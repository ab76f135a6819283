package pki_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// TestTheSignInPageJudgesASessionToo, and waits for a click where it is asked for again.
func TestTheSignInPageJudgesASessionToo(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	b := f.signedIn(t, robot)
	if got := b.Get(prefix+"/login?next=/"+only, shows(robot)...); got.Status != http.StatusSeeOther {
		t.Errorf("with its certificate: %d", got.Status)
	}
	if got := b.Get(prefix+"/login?next=/&again=1"+only, shows(robot)...); got.Status != http.StatusOK || strings.Contains(got.Body, "data-auto") || !strings.Contains(got.Body, "as robot") {
		t.Errorf("again: %d %s", got.Status, got.Body)
	}
	if got := b.Get(prefix+"/login?next=/"+only, shows(nil)...); got.Status != http.StatusOK {
		t.Errorf("with none: %d %q", got.Status, got.Location)
	}
}

// TestAStreamOfASessionEndsWithItsCertificate, whoever ends the session.
func TestAStreamOfASessionEndsWithItsCertificate(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(b *gatewaytest.Browser){
		"its revocation": nil,
		"it was taken out": func(b *gatewaytest.Browser) {
			b.Get("/", shows(nil)...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gone := make(chan struct{})
			f := before(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/stream" {
					_ = r.Header.Write(w)
					return
				}
				w.Header().Set("Content-Type", "text/event-stream")
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
				close(gone)
			}), ", crl: '{{crl}}'", trustLoopback)
			robot := f.ca.client(t, "robot", f.Clock.Now())
			b := f.signedIn(t, robot)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.URL.String()+"/stream", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			for h := shows(robot); len(h) > 0; h = h[2:] {
				r.Header.Set(h[0], h[1])
			}
			got, err := b.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer got.Body.Close()
			if end == nil {
				f.revoke(t, robot)
			} else {
				end(b)
			}
			select {
			case <-gone:
			case <-time.After(10 * time.Second):
				t.Fatal("the stream goes on")
			}
			_, _ = io.Copy(io.Discard, got.Body)
		})
	}
}
