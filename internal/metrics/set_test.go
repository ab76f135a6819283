package metrics_test

import (
	"flag"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/esgateway/esgateway/internal/metrics"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// exercised returns a set in which everything has been counted.
func exercised() *metrics.Set {
	s := metrics.New()
	exercise(s)
	return s
}

func exercise(s *metrics.Set) {
	s.Request("app", 200, 3*time.Millisecond)
	s.Request("app", 200, 20*time.Second)
	s.SignIn("corp", "ok")
	s.SignInRefused("corp", "audience")
	s.Refresh("ok")
	s.SessionEnded("idle")
	s.ElasticsearchCall("saml/prepare", "ok", 30*time.Millisecond)
	s.OpenStreams(3)
	s.OpenStreams(-1)
	s.Alarm("account_changed")
	s.LiveSessions(func() float64 { return 7 })
	s.Attempts(func() float64 { return 5 })
	s.RevocationLists(func() float64 { return 7 }, func() float64 { return 1 })
	s.Owed(func() float64 { return 2 })
	s.AuditLost(func() float64 { return 1 })
}

func page(t *testing.T, s *metrics.Set) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("the page answers %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestNamesAreAsPublished(t *testing.T) {
	t.Parallel()
	var ours strings.Builder
	build := regexp.MustCompile(`(version|revision|goversion)="[^"]*"`)
	for line := range strings.Lines(page(t, exercised())) {
		if strings.Contains(line, "esgateway_") {
			ours.WriteString(build.ReplaceAllString(line, `$1="..."`))
		}
	}
	if *update {
		if err := os.WriteFile("testdata/names.golden", []byte(ours.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/names.golden")
	if err != nil {
		t.Fatal(err)
	}
	if ours.String() != string(want) {
		t.Errorf("names, help or labels have changed; they are public (-update rewrites)\ngot:\n%s\nwant:\n%s", &ours, want)
	}
}

func TestNamesFollowTheRulesOfPrometheus(t *testing.T) {
	t.Parallel()
	problems, err := promlint.New(strings.NewReader(page(t, exercised()))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	// The collectors of the runtime are not ours to judge.
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "esgateway_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestRuntimeAndProcessAreOnThePage(t *testing.T) {
	t.Parallel()
	got := page(t, metrics.New())
	for _, name := range []string{"go_goroutines", "process_start_time_seconds", "esgateway_build_info"} {
		if !strings.Contains(got, name) {
			t.Errorf("%s is missing", name)
		}
	}
	if strings.Contains(got, "esgateway_sessions_live") {
		t.Error("a gauge that nobody tells is on the page")
	}
}

func TestSilentSetCountsAndServesNothing(t *testing.T) {
	t.Parallel()
	s := metrics.Silent()
	exercise(s)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("a silent set answers %d, want 404", w.Code)
	}
}

func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	s := metrics.New()
	for i := range 10_000 {
		s.Request(fmt.Sprintf("/path/%d", i), i, time.Millisecond)
		s.Alarm(fmt.Sprint(i))
	}
	series := strings.Count(page(t, s), "esgateway_http_requests_total{")
	if series > 1000 {
		t.Errorf("10,000 paths made %d series", series)
	}
	if got := page(t, s); !strings.Contains(got, `esgateway_alarms_total{kind="other"} 9800`) {
		t.Error(`values beyond the bound are not counted as "other"`)
	}
}

func TestHostileLabelIsNoPanic(t *testing.T) {
	t.Parallel()
	s := metrics.New()
	s.SignIn("\xff\xfe\n\"", "\x00")
	s.SignIn("\xff\xfe\n\"", "\x00")
	if got := page(t, s); !strings.Contains(got, `esgateway_sign_ins_total{method="?\n\"",outcome="`+"\x00"+`"} 2`) {
		t.Errorf("got:\n%s", got)
	}
}

func TestLaterTellerTakesThePlace(t *testing.T) {
	t.Parallel()
	s := metrics.New()
	s.LiveSessions(func() float64 { return 1 })
	s.LiveSessions(func() float64 { return 2 })
	if got := page(t, s); !strings.Contains(got, "esgateway_sessions_live 2\n") {
		t.Errorf("got:\n%s", got)
	}
}

func TestWhatIsNotKnownIsNotShown(t *testing.T) {
	t.Parallel()
	s := metrics.New()
	s.LiveSessions(math.NaN)
	if got := page(t, s); strings.Contains(got, "esgateway_sessions_live ") {
		t.Errorf("got:\n%s", got)
	}
}

func TestCountingIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	s := metrics.New()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for range 50 {
				s.Request(fmt.Sprint("route", i), 200, time.Millisecond)
				s.Owed(func() float64 { return 1 })
			}
			_ = s.Handler()
		})
	}
	wg.Go(func() { _ = page(t, s) })
	wg.Wait()
}
