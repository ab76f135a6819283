package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/plugins"
	"github.com/esgateway/esgateway/internal/secret"
	"github.com/esgateway/esgateway/internal/session"
)

const gatewayConfig = `public_url: SCHEME://localhost:PORT
listen: {address: "ADDRESS"TLS}
operations: {address: "OPERATIONS", pprof: true}
elasticsearch: {urls: ["ELASTIC"], username: bench, password_file: password}
sessions: {keys_file: keys, store: {type: embedded, path: sessions.db}}
methods:
  - {name: corp, type: saml, realm: saml1, title: Bench}
METHODroutes:
  - {to: ["http://UPSTREAM"]}
`

// setting is what differs from one gateway to another.
type setting struct {
	sessions int    // live ones
	tls      string // more keys of listen
	elastic  string // its address; empty: it is away
	method   string // one more line of methods
	client   client // who comes, without the cookies
}

// accountPassword is that of the gateway's account in Elasticsearch.
const accountPassword = "bench-password"

// maxCookies is how many sessions take turns.
const maxCookies = 1000

// startGateway starts the gateway with so many live sessions and returns the
// cookies of some of them.
func (b *bench) startGateway(ctx context.Context, sessions int) (*process, []string, error) {
	p, c, err := b.startGatewayWith(ctx, setting{sessions: sessions})
	return p, c.cookies, err
}

// startGatewayWith starts a gateway, and returns who may load it: the setting's
// client with cookies of the sessions, if there are any.
func (b *bench) startGatewayWith(ctx context.Context, s setting) (*process, client, error) {
	address, err := free()
	if err != nil {
		return nil, client{}, err
	}
	operations, err := free()
	if err != nil {
		return nil, client{}, err
	}
	dir, err := os.MkdirTemp(b.dir, "gateway-")
	if err != nil {
		return nil, client{}, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, client{}, err
	}
	text := strings.NewReplacer("SCHEME", s.client.scheme(), "PORT", port, "ADDRESS", address, "TLS", s.tls, "OPERATIONS", operations,
		"ELASTIC", cmp.Or(s.elastic, "http://127.0.0.1:1"), "METHOD", s.method, "UPSTREAM", b.upstream).Replace(gatewayConfig)
	file := filepath.Join(dir, "gateway.yaml")
	err = errors.Join(os.WriteFile(file, []byte(text), 0o600), os.WriteFile(filepath.Join(dir, "password"), []byte(accountPassword), 0o600),
		os.WriteFile(filepath.Join(dir, "keys"), []byte(session.NewKey()+"\n"), 0o600))
	if err != nil {
		return nil, client{}, err
	}
	who := s.client
	if s.sessions > 0 {
		if who.cookies, err = signIn(ctx, file, s.sessions); err != nil {
			return nil, client{}, err
		}
	}
	p, err := start(ctx, address, who, b.gateway, "serve", "--config", file)
	if err != nil {
		return nil, client{}, err
	}
	p.operations = operations
	return p, who, nil
}

// signIn writes sessions into the store of a gateway that does not run yet.
func signIn(ctx context.Context, file string, sessions int) ([]string, error) {
	c, err := config.Load(file, nil, plugins.Plugins())
	if err != nil {
		return nil, err
	}
	store, err := c.OpenStore(session.StoreDeps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	es, err := elastic.New(c.Elastic, elastic.Deps{Now: time.Now, Log: slog.New(slog.DiscardHandler), Observe: func(string, elastic.Class, time.Duration) {}})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	manager := session.NewManager(c.Sessions, session.Deps{
		Vault: session.NewVault(store, c.Keys), Elastic: es, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	jar := session.NewCookies(c.Keys, c.Cookies)
	ids := make(chan session.ID, sessions)
	failed := make(chan error, sessions)
	var all sync.WaitGroup
	turn := make(chan struct{}, 256) // as many writes share a sync
	for i := range sessions {
		turn <- struct{}{}
		all.Go(func() {
			defer func() { <-turn }()
			begun, err := manager.Begin(ctx, person(i))
			if err != nil {
				failed <- err
				return
			}
			ids <- begun.ID
		})
	}
	all.Wait()
	close(ids)
	if err := store.Close(); err != nil {
		return nil, err
	}
	if len(failed) > 0 {
		return nil, <-failed
	}
	var cookies []string
	for id := range ids {
		if len(cookies) == maxCookies {
			break
		}
		w := httptest.NewRecorder()
		if err := jar.SetID(w, "localhost", id); err != nil {
			return nil, err
		}
		cookie, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
		cookies = append(cookies, cookie)
	}
	return cookies, nil
}

// person is somebody who has just signed in. The tokens are as long as real ones.
func person(i int) session.Start {
	name := fmt.Sprintf("user%d", i)
	token := strings.Repeat("a", 350) + name
	return session.Start{
		Grant: elastic.Grant{
			Pair: elastic.TokenPair{Access: secret.Of(token), Refresh: secret.Of("refresh" + name), ExpiresIn: 4 * time.Hour, SentAt: time.Now()},
			Identity: elastic.Identity{
				Username: name, Roles: []string{"analyst", "kibana_user"}, FullName: "Some Body " + name, Email: name + "@example.com",
				Realm: elastic.Realm{Name: "saml1", Type: "saml"}, Enabled: true,
			},
		},
		Method: "corp", Realm: "saml1", Browser: name,
	}
}
