package server_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin"
)

const metadataPath = prefix + "/saml/" + gatewaytest.Method + "/metadata"

// asked is how often Elasticsearch was asked for the metadata.
func asked(g *gatewaytest.Gateway) int {
	return g.ES.Counters().Calls["GET /_security/saml/metadata/{realm}"]
}

func TestTheRealmsMetadataIsForIdentityProvidersToRead(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	got := g.Browser().API(http.MethodGet, metadataPath, "", "Origin", "")
	if got.Status != http.StatusOK || got.Header.Get("Content-Type") != "application/samlmetadata+xml" {
		t.Fatalf("got %d %s: %s", got.Status, got.Header.Get("Content-Type"), got.Body)
	}
	base := g.URL.String() + prefix + "/saml/" + gatewaytest.Method
	for _, want := range []string{`<?xml version="1.0" encoding="UTF-8"?>`, `entityID="urn:test:sp"`, `Location="` + base + `/acs"`, `Location="` + base + `/slo"`} {
		if !strings.Contains(got.Body, want) {
			t.Errorf("no %s in %s", want, got.Body)
		}
	}
	if got.Header.Get("X-Content-Type-Options") != "nosniff" || len(got.Header["Set-Cookie"]) > 0 {
		t.Errorf("headers %v", got.Header)
	}
	if post := g.Browser().API(http.MethodPost, metadataPath, "x"); post.Status != http.StatusMethodNotAllowed {
		t.Errorf("POST got %d", post.Status)
	}
}

// TestReadersOfMetadataDoNotReachElasticsearch: anybody may ask, so what they cost
// has a bound, also while nothing good comes back.
func TestReadersOfMetadataDoNotReachElasticsearch(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	read := func(want int) {
		t.Helper()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if got := g.Browser().API(http.MethodGet, metadataPath, ""); got.Status != want {
					t.Errorf("got %d, want %d: %s", got.Status, want, got.Body)
				}
			})
		}
		all.Wait()
	}
	read(http.StatusOK)
	g.Clock.Advance(59 * time.Second)
	read(http.StatusOK)
	if n := asked(g); n != 1 {
		t.Errorf("Elasticsearch was asked %d times in a minute", n)
	}
	g.Clock.Advance(time.Second)
	read(http.StatusOK)
	if n := asked(g); n != 2 {
		t.Errorf("Elasticsearch was asked %d times after a minute", n)
	}

	g.Clock.Advance(time.Minute)
	g.ES.SetFaults(standin.Faults{Status: http.StatusServiceUnavailable})
	read(http.StatusServiceUnavailable)
	if n := asked(g); n > 3 {
		t.Errorf("Elasticsearch was asked %d times while it is out", n)
	}
	g.ES.SetFaults(standin.Faults{})
	read(http.StatusServiceUnavailable)
	g.Clock.Advance(5 * time.Second)
	read(http.StatusOK)
}

// TestAFailureToReadMetadataIsNobodysSignIn: it must not look like one in the
// audit log.
func TestAFailureToReadMetadataIsNobodysSignIn(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	g.ES.SetFaults(standin.Faults{Down: true})
	got := g.Browser().API(http.MethodGet, metadataPath, "")
	if got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" || got.Header.Get("X-Gateway-Response") != "elasticsearch_unavailable" {
		t.Errorf("got %d %v", got.Status, got.Header)
	}
	if strings.Contains(g.Log.String(), "sign-in") {
		t.Errorf("the log speaks of a sign-in:\n%s", g.Log)
	}
}

// TestAReaderWhoLeavesDoesNotEndTheQuestion: others wait for the same answer.
func TestAReaderWhoLeavesDoesNotEndTheQuestion(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	release := make(chan struct{})
	g.ES.SetFaults(standin.Faults{Delay: func(*http.Request) <-chan struct{} { return release }})
	impatient := g.Browser()
	impatient.Timeout = 100 * time.Millisecond
	if _, err := impatient.Try(http.MethodGet, metadataPath, ""); err == nil {
		t.Fatal("an answer came without Elasticsearch")
	}
	answers := make(chan int)
	go func() { answers <- g.Browser().API(http.MethodGet, metadataPath, "").Status }()
	close(release)
	if status := <-answers; status != http.StatusOK {
		t.Errorf("the second reader got %d", status)
	}
	if n := asked(g); n != 1 {
		t.Errorf("Elasticsearch was asked %d times", n)
	}
}
