package server_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"testing"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/metrics"
	"github.com/esgateway/esgateway/internal/server"
	"github.com/esgateway/esgateway/internal/session"
)

// lent is a store that whoever was lent it does not close.
type lent struct{ session.Store }

func (lent) Close() error { return nil }

// TestASilentElasticsearchTakesNoNodeOut: a network that swallows everything lets the
// probe of Elasticsearch run into its limit, and that says nothing of the store.
func TestASilentElasticsearchTakesNoNodeOut(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	silent, err := net.Listen("tcp", "127.0.0.1:0") // connects, and never says a word
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() }) // nothing was written to it
	ready := *g.Ready
	ready.Listen.Address, ready.Operations.Address = "127.0.0.1:0", "127.0.0.1:0"
	ready.Elastic.URLs = []string{"https://" + silent.Addr().String()}
	ready.OpenStore = func(session.StoreDeps) (session.Store, error) { return lent{g.Store}, nil }
	ctx, stop := context.WithCancel(t.Context())
	addresses, ended := make(chan server.Addresses, 1), make(chan error, 1)
	log := slog.New(slog.DiscardHandler)
	go func() {
		ended <- server.Run(ctx, &ready, server.Lasting{Metrics: metrics.New(), Audit: audit.New(log), Log: log, Now: g.Clock.Now}, func(a server.Addresses) { addresses <- a })
	}()
	at := <-addresses
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+at.Operations+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var said struct{ Status, Store, Elasticsearch string }
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || said.Status != "degraded" || said.Store != "ok" || said.Elasticsearch != "no answer" {
		t.Errorf("%d %+v", resp.StatusCode, said)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
