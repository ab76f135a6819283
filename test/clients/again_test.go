package clients

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// statuses are what the routes answer that give errors only.
func statuses() map[string]int {
	return map[string]int{
		"refusing":  http.StatusUnauthorized,
		"robots":    http.StatusForbidden,
		"busy":      http.StatusTooManyRequests, // Elasticsearch's own
		"forgetful": http.StatusBadGateway,
		"away":      http.StatusServiceUnavailable,
		"starting":  http.StatusServiceUnavailable, // Elasticsearch's own
		"late":      http.StatusGatewayTimeout,
	}
}

// requests are how many the gateway gets of one call of a client that was not told how
// often to try again.
func (p program) requests() map[string]int {
	const often = 1 + 3 // once, and three times again
	all := map[string]int{"refusing": 1, "robots": 1, "busy": 1, "forgetful": often, "away": often, "starting": often, "late": often}
	if p.retries429 {
		all["busy"] = often
	}
	return all
}

// compareRequests compares how many requests of the step "again" have arrived: once for
// each call where trying again is switched off.
func compareRequests(t *testing.T, g *gatewaytest.Gateway, index string, p program) {
	t.Helper()
	once := map[string]int{}
	for way := range statuses() {
		once[way] = 1
	}
	for how, want := range map[string]map[string]int{"default": p.requests(), "off": once} {
		t.Run("requests "+how, func(t *testing.T) {
			// A request is logged when it is over: the last one may be on its way there.
			gatewaytest.Eventually(t, "all requests are logged", func() bool { return total(arrived(t, g, index+"-"+how)) >= total(want) })
			if diff := cmp.Diff(want, arrived(t, g, index+"-"+how)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// arrived counts the searches in an index that the gateway has answered, by route.
func arrived(t *testing.T, g *gatewaytest.Gateway, index string) map[string]int {
	t.Helper()
	count := map[string]int{}
	lines := bufio.NewScanner(strings.NewReader(g.Log.String()))
	for lines.Scan() {
		var line struct {
			Message string `json:"message"`
			Path    string `json:"url.path"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("a line of the log: %v", err)
		}
		if way, is := strings.CutSuffix(line.Path, "/"+index+"/_search"); is && line.Message == "request" {
			count[strings.TrimPrefix(way, "/")]++
		}
	}
	return count
}
