package server_test

import (
	"net/http"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// TestTheALBsHealthCheckIsAnsweredAsItExpects: it comes by the target's address, and a
// target that answers otherwise is taken out, or replaced for ever.
func TestTheALBsHealthCheckIsAnsweredAsItExpects(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile("../../deploy/examples/alb/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path, want := "/", "200" // the ALB's own defaults
	if found := regexp.MustCompile(`(?m)^ *HealthCheckPath: (\S+)$`).FindSubmatch(template); found != nil {
		path = string(found[1])
	}
	if found := regexp.MustCompile(`(?m)^ *Matcher: {HttpCode: "(\d+)"}$`).FindSubmatch(template); found != nil {
		want = string(found[1])
	}
	g := gatewaytest.Start(t, gatewaytest.Options{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+g.Address()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "10.0.0.7:8443"
	r.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	resp, err := http.DefaultTransport.RoundTrip(r) // follows nothing
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := strconv.Itoa(resp.StatusCode); got != want {
		t.Errorf("GET %s: %s, want %s", path, got, want)
	}
}
