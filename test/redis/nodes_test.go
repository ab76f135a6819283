package redis_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/test/parts"
)

// three starts three nodes that share a Redis.
func three(t *testing.T, o gatewaytest.Options) []*gatewaytest.Gateway {
	t.Helper()
	o.Store = fmt.Sprintf("{type: redis, addresses: [%q], timeout: 20s}", parts.StartRedis(t).Address())
	g := gatewaytest.Start(t, o)
	return []*gatewaytest.Gateway{g, g.Twin(), g.Twin()}
}

// browsers are one browser of a person who is signed in, once for each node: a
// balancer sends each request elsewhere.
func browsers(t *testing.T, nodes []*gatewaytest.Gateway, person string) []*gatewaytest.Browser {
	t.Helper()
	first := nodes[0].Browser()
	first.SignIn("/", person)
	all := []*gatewaytest.Browser{first}
	for _, node := range nodes[1:] {
		b := nodes[0].Browser()
		b.Jar = first.Jar
		b.Use(node)
		all = append(all, b)
	}
	return all
}

// everywhere sends requests of one person to all nodes at once and counts answers
// by status.
func everywhere(all []*gatewaytest.Browser, requests int, path string) map[int]int {
	var mu sync.Mutex
	got := map[int]int{}
	var work sync.WaitGroup
	start := make(chan struct{})
	for i := range requests {
		work.Go(func() {
			<-start
			status := all[i%len(all)].API(http.MethodGet, path, "").Status
			mu.Lock()
			defer mu.Unlock()
			got[status]++
		})
	}
	close(start)
	work.Wait()
	return got
}

func TestASignInHoldsOnEveryNodeAndSoDoesASignOut(t *testing.T) {
	t.Parallel()
	nodes := three(t, gatewaytest.Options{})
	all := browsers(t, nodes, "alice")
	for i, b := range all {
		if got := b.API(http.MethodGet, "/_search", ""); got.Status != http.StatusOK {
			t.Errorf("node %d: %d", i, got.Status)
		}
	}
	all[1].SignOut()
	for i, b := range all {
		gatewaytest.Eventually(t, fmt.Sprintf("node %d knows of the sign-out", i), func() bool {
			return b.API(http.MethodGet, "/x", "").Status == http.StatusUnauthorized
		})
	}
}

// A sign-in may begin on one node and come back to another one.
func TestASignInMayComeBackToAnotherNode(t *testing.T) {
	t.Parallel()
	nodes := three(t, gatewaytest.Options{})
	b := nodes[0].Browser()
	request := b.Begin("/wanted")
	b.Use(nodes[1])
	got := b.Answer(request, "alice", idp.Answer{})
	if got.Location != nodes[0].URL.String()+"/wanted" {
		t.Fatalf("%d %s %s", got.Status, got.Location, got.Body)
	}
	b.Use(nodes[2])
	if got := b.Get("/wanted"); got.Status != http.StatusOK {
		t.Errorf("%d", got.Status)
	}
}

func TestThreeNodesMakeOneRefreshForAThousandRequests(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"the token has ended": 21 * time.Minute, "the token ends soon": 19*time.Minute + 30*time.Second} {
		t.Run(name, func(t *testing.T) {
			nodes := three(t, gatewaytest.Options{})
			all := browsers(t, nodes, "alice")
			nodes[0].Clock.Advance(after)
			// To the application: a thousand handshakes with Elasticsearch would test the machine.
			if got := everywhere(all, 1000, "/x"); got[http.StatusOK] != 1000 {
				t.Errorf("answers: %v", got)
			}
			gatewaytest.Eventually(t, "the refresh is done", func() bool {
				// Where a busy machine has kept Redis from answering whoever took it up, the
				// others wait for the time after which they may.
				nodes[0].Clock.Advance(20 * time.Millisecond)
				return nodes[0].ES.Counters().RefreshedPairs >= 1
			})
			if n := nodes[0].ES.Counters().Refreshes; n != 1 {
				t.Errorf("%d refreshes, want 1", n)
			}
		})
	}
}

// While the old token lives nobody waits: the call that renews is held.
func TestNobodyWaitsWhileTheOldTokenLives(t *testing.T) {
	t.Parallel()
	nodes := three(t, gatewaytest.Options{})
	all := browsers(t, nodes, "alice")
	nodes[0].Clock.Advance(19*time.Minute + 30*time.Second)
	release := make(chan struct{})
	nodes[0].ES.SetFaults(standin.Faults{Delay: func(r *http.Request) <-chan struct{} {
		if r.URL.Path == "/_security/oauth2/token" && r.Method == http.MethodPost {
			return release
		}
		return nil
	}})
	if got := everywhere(all, 300, "/_search"); got[http.StatusOK] != 300 {
		t.Errorf("answers: %v", got)
	}
	close(release)
	gatewaytest.Eventually(t, "the refresh is done", func() bool { return nodes[0].ES.Counters().RefreshedPairs == 1 })
}

// DESIGN's table over three nodes: the tokens index is out under load, past the end
// of the access token. Nobody is signed out, and nobody signs in again.
func TestTokensIndexOutOnThreeNodesLosesNobody(t *testing.T) {
	t.Parallel()
	nodes := three(t, gatewaytest.Options{})
	es, clock := nodes[0].ES, nodes[0].Clock
	people := [][]*gatewaytest.Browser{browsers(t, nodes, "alice"), browsers(t, nodes, "bob")}
	ask := func(when, path string, want ...int) {
		t.Helper()
		for _, all := range people {
			for status, n := range everywhere(all, 30, path) {
				if !slices.Contains(want, status) {
					t.Errorf("%s: %d requests to %s got %d", when, n, path, status)
				}
			}
		}
	}
	ask("before", "/_search", http.StatusOK)
	es.SetFaults(standin.Faults{TokensIndex: standin.IndexPrimaryDown})
	for range 6 { // a minute
		ask("the index is out", "/_search", http.StatusServiceUnavailable)
		ask("the index is out, another upstream, the token lives", "/x", http.StatusOK)
		clock.Advance(10 * time.Second)
	}
	clock.Advance(20 * time.Minute)
	ask("past the token's end", "/_search", http.StatusServiceUnavailable)
	ask("past the token's end, another upstream", "/x", http.StatusServiceUnavailable)
	es.SetFaults(standin.Faults{})
	clock.Advance(10 * time.Second)
	ask("afterwards", "/_search", http.StatusOK)
	ask("afterwards, another upstream", "/x", http.StatusOK)
	if n := es.Counters().Calls["POST /_security/saml/authenticate"]; n != 2 {
		t.Errorf("%d sign-ins, want the 2 from before", n)
	}
}

// After a genuine revocation at Elasticsearch a session ends at its next request to
// it, on any node, and then everywhere.
func TestARevocationEndsTheSessionOnEveryNode(t *testing.T) {
	t.Parallel()
	nodes := three(t, gatewaytest.Options{})
	all := browsers(t, nodes, "alice")
	if got := everywhere(all, 30, "/_search"); got[http.StatusOK] != 30 {
		t.Fatalf("before: %v", got)
	}
	r := httptest.NewRequest(http.MethodDelete, "/_security/oauth2/token", strings.NewReader(`{"username":"alice","realm_name":"`+gatewaytest.Realm+`"}`))
	r.SetBasicAuth(gatewaytest.Account, gatewaytest.AccountPassword)
	r.Header.Set("Content-Type", "application/json")
	revoked := httptest.NewRecorder()
	if nodes[0].ES.ServeHTTP(revoked, r); revoked.Code != http.StatusOK {
		t.Fatalf("%d %s", revoked.Code, revoked.Body)
	}
	if got := all[1].API(http.MethodGet, "/_search", ""); got.Status != http.StatusUnauthorized {
		t.Errorf("the next request to Elasticsearch: %d", got.Status)
	}
	for i, b := range all {
		gatewaytest.Eventually(t, fmt.Sprintf("node %d knows", i), func() bool {
			return b.API(http.MethodGet, "/x", "").Status == http.StatusUnauthorized
		})
	}
}

// A WebSocket on one node ends when the session is ended on another one.
func TestAnOpenStreamEndsWithTheSessionOnAnotherNode(t *testing.T) {
	t.Parallel()
	nodes := three(t, gatewaytest.Options{App: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ws" {
			_, _ = io.WriteString(w, "hello")
			return
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		_, _, _ = c.Read(r.Context()) // until the other side goes
	})})
	all := browsers(t, nodes, "alice")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	socket, _, err := websocket.Dial(ctx, "ws://"+nodes[0].URL.Host+"/ws", &websocket.DialOptions{
		HTTPClient: &all[0].Client, HTTPHeader: http.Header{"Origin": {nodes[0].URL.String()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.CloseNow() }()
	all[2].SignOut()
	if _, _, err := socket.Read(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("the stream on the first node goes on: %v", err)
	}
}

// While the store does not answer, requests are told to come again and people keep
// their cookie.
func TestAStoreThatIsAwaySignsNobodyOut(t *testing.T) {
	t.Parallel()
	server := parts.StartRedis(t)
	g := gatewaytest.Start(t, gatewaytest.Options{Store: fmt.Sprintf("{type: redis, addresses: [%q], timeout: 300ms}", server.Address())})
	b := g.Browser()
	b.SignIn("/", "alice")
	server.Signal(stop)
	gatewaytest.Eventually(t, "the store is away", func() bool { return b.API(http.MethodGet, "/x", "").Status == http.StatusServiceUnavailable })
	for what, got := range map[string]gatewaytest.Reply{
		"a script": b.API(http.MethodGet, "/x", ""), "a person": b.Get("/x"), "a sign-out": b.SignOut(),
		"a sign-in": g.Browser().Get(gatewaytest.Prefix + "/login/" + gatewaytest.Method),
	} {
		if what == "a sign-in" && got.Status < 400 {
			t.Errorf("%s goes on: %d", what, got.Status)
		}
		if what != "a sign-in" && (got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "") {
			t.Errorf("%s: %d, Retry-After %q", what, got.Status, got.Header.Get("Retry-After"))
		}
		if got.Header.Get("Set-Cookie") != "" && what != "a sign-in" {
			t.Errorf("%s loses the cookie: %q", what, got.Header.Values("Set-Cookie"))
		}
	}
	server.Signal(goOn)
	gatewaytest.Eventually(t, "the session is there again", func() bool { return b.API(http.MethodGet, "/x", "").Status == http.StatusOK })
}

// A gateway starts while its store is away, says that it is not ready, and is
// ready when the store comes.
func TestAGatewayStartsWithoutItsStore(t *testing.T) {
	t.Parallel()
	port, operations := parts.FreePort(t), parts.Loopback(parts.FreePort(t))
	g := gatewaytest.Start(t, gatewaytest.Options{Store: fmt.Sprintf("{type: redis, addresses: [%q], timeout: 300ms}", parts.Loopback(port))})
	node := g.At(parts.Loopback(parts.FreePort(t)))
	cmd := exec.CommandContext(context.Background(), parts.Build(t, "./cmd/gateway"), "serve", "--config", g.Ready.File)
	cmd.Env = append(cmd.Environ(), "ESGATEWAY_LISTEN_ADDRESS="+node.Address(), "ESGATEWAY_OPERATIONS_ADDRESS="+operations)
	p := parts.Start(t, "gateway", cmd)
	probe := func(path string) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+operations+path, nil)
			if err != nil {
				return 0, err
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				return 0, err
			}
			return resp.StatusCode, resp.Body.Close()
		}
	}
	says := func(path string, want int) func(context.Context) error {
		return func(ctx context.Context) error {
			if got, err := probe(path)(ctx); err != nil || got != want {
				return fmt.Errorf("%s: %d, want %d %w", path, got, want, errors.Join(err, errNotYet))
			}
			return nil
		}
	}
	p.Ready(t, says("/livez", http.StatusOK))
	p.Ready(t, says("/readyz", http.StatusServiceUnavailable))
	b := g.Browser()
	b.Use(node)
	if got := b.Get("/x"); got.Status != http.StatusSeeOther {
		t.Errorf("somebody without a session: %d", got.Status)
	}
	parts.StartRedisAt(t, port)
	p.Ready(t, says("/readyz", http.StatusOK))
	if got := b.SignIn("/x", "alice"); got.Status != http.StatusSeeOther {
		t.Errorf("a sign-in: %d %s", got.Status, got.Body)
	}
	if got := b.Get("/x"); got.Status != http.StatusOK {
		t.Errorf("afterwards: %d", got.Status)
	}
}

var errNotYet = errors.New("not yet")
