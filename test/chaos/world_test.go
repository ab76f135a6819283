//go:build long

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/test/parts"
)

// people is how many work at once.
const people = 12

// world is everything there is.
type world struct {
	t *testing.T
	// es is where identity provider and Elasticsearch are. Its own node is not
	// used; it has written the configuration of the others.
	es      *gatewaytest.Gateway
	front   *gatewaytest.Gateway // HAProxy, as a node
	cluster *parts.Cluster
	nodes   []*node
	people  []*person
	tally   *tally
}

// node is a gateway in a process of its own.
type node struct {
	*parts.Process
	w       *world
	address string
	program string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, cluster: parts.StartCluster(t), tally: &tally{counts: map[string]int{}}}
	var list []string
	var who []idp.Person
	for _, a := range w.cluster.Addresses {
		list = append(list, fmt.Sprintf("%q", a))
	}
	for i := range people {
		name := fmt.Sprintf("person%d", i)
		who = append(who, idp.Person{Username: name, Password: name + "-password", Groups: []string{"analysts"}})
	}
	w.es = gatewaytest.Start(t, gatewaytest.Options{People: who, Store: "{type: redis, addresses: [" + strings.Join(list, ", ") + "], prefix: 'chaos:'}"})
	program := parts.Build(t, "./cmd/gateway")
	for range 3 {
		n := &node{w: w, address: parts.Loopback(parts.FreePort(t)), program: program}
		n.start()
		w.nodes = append(w.nodes, n)
	}
	w.front = w.es.At(w.haproxy())
	for _, p := range who {
		b := w.es.Browser()
		b.Use(w.front)
		w.people = append(w.people, &person{w: w, name: p.Username, browser: b})
	}
	w.recovered()
	return w
}

// start starts the node with the configuration of all, at its own address.
func (n *node) start() {
	n.w.t.Helper()
	cmd := exec.CommandContext(context.Background(), n.program, "serve", "--config", n.w.es.Ready.File)
	cmd.Env = append(cmd.Environ(), "ESGATEWAY_LISTEN_ADDRESS="+n.address)
	n.Process = parts.Start(n.w.t, "node", cmd)
	n.Ready(n.w.t, func(ctx context.Context) error { return n.w.answers(ctx, n.address) })
}

// answers asks for a page that needs neither session nor upstream.
func (w *world) answers(ctx context.Context, address string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+gatewaytest.Prefix+"/logged-out", nil)
	if err != nil {
		return err
	}
	r.Host = w.es.URL.Host
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

// haproxy stands before the nodes. It sends a request to another node only if it
// could not connect to the first.
func (w *world) haproxy() string {
	w.t.Helper()
	port := parts.FreePort(w.t)
	var servers strings.Builder
	for i, n := range w.nodes {
		fmt.Fprintf(&servers, "  server node%d %s check inter 200ms fall 1 rise 1\n", i, n.address)
	}
	file := filepath.Join(w.t.TempDir(), "haproxy.cfg")
	parts.Write(w.t, file, []byte(fmt.Sprintf(`defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  retries 3
  option redispatch 1
  retry-on conn-failure
frontend in
  bind 127.0.0.1:%d
  default_backend nodes
backend nodes
  balance roundrobin
%s`, port, servers.String())))
	p := parts.Start(w.t, "haproxy", exec.CommandContext(context.Background(), parts.Find(w.t, "haproxy"), "-f", file, "-db"))
	address := parts.Loopback(port)
	p.Ready(w.t, func(ctx context.Context) error { return w.answers(ctx, address) })
	return address
}

// recovered waits until somebody can sign in, ask and sign out at every node.
func (w *world) recovered() {
	w.t.Helper()
	for i, n := range w.nodes {
		probe := &person{w: w, name: "alice"}
		parts.Eventually(w.t, fmt.Sprintf("all is well at node %d", i), func(context.Context) error {
			probe.browser = w.es.Browser()
			probe.browser.Use(w.es.At(n.address))
			if err := probe.trySignIn(); err != nil {
				return err
			}
			if status, user := probe.who(probe.browser); status != http.StatusOK || user != "alice" {
				return fmt.Errorf("%d %s", status, user)
			}
			if got, err := probe.trySignOut(); err != nil || got.Status != http.StatusSeeOther {
				return fmt.Errorf("no sign-out: %d %w", got.Status, err)
			}
			return nil
		})
	}
	parts.Eventually(w.t, "every primary of Redis has a replica", func(ctx context.Context) error { return w.cluster.Whole(ctx) })
}

func (w *world) peace(d time.Duration) { w.wait(d) }

func (w *world) wait(d time.Duration) { <-time.After(d) }
