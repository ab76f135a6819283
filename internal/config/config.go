package config

import (
	"time"

	"github.com/esgateway/esgateway/internal/certs"
	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/proxy"
	"github.com/esgateway/esgateway/internal/secret"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// Config is the configuration file as it is written. Nothing in it is proven;
// the gateway runs on what Load makes of it, Ready.
type Config struct {
	// PublicURL is the address that people use, for example
	// https://sso.example.com. Sign-ins end here, whatever the application: its
	// host is the one that identity providers know. http is for localhost alone.
	PublicURL string `yaml:"public_url"`
	// Prefix is the path below which the gateway's own pages live, on every host.
	Prefix string `yaml:"prefix"`
	// Landing is where people land who signed in from nowhere in particular: a
	// path of the public host or an address of a route. Empty: a page that lists
	// the routes.
	Landing string `yaml:"landing"`
	// Listen is where requests come in.
	Listen Listen `yaml:"listen"`
	// Operations is where the operators' probes and metrics are.
	Operations Operations `yaml:"operations"`
	// Elasticsearch is the cluster that signs people in, and the gateway's own
	// account there.
	Elasticsearch elastic.Config `yaml:"elasticsearch"`
	// Sessions are the signed-in people: how long, under which keys, and where
	// they are kept.
	Sessions Sessions `yaml:"sessions"`
	// Methods are the ways to sign in, in the order in which people see them.
	Methods []MethodSection `yaml:"methods"`
	// Routes are the applications behind the gateway.
	Routes []proxy.RouteConfig `yaml:"routes"`
	// Brand makes the gateway's pages look like yours.
	Brand web.Brand `yaml:"brand"`
	// Log is what the gateway writes down.
	Log Log `yaml:"log"`
}

// BehindTLS is the word in Listen.Plain that says who ends TLS.
const BehindTLS = "behind_tls"

// Listen is the section "listen".
type Listen struct {
	// Address is host and port; without a host, every address of the machine.
	Address string `yaml:"address"`
	// Cert is a PEM file with the certificate and what leads to its authority.
	Cert string `yaml:"cert"`
	// Key is the PEM file with the certificate's private key.
	Key string `yaml:"key"`
	// ClientCertificates asks clients for a certificate: request (whoever has one may
	// show it) or require (nobody comes in without). Which ones count is said by a method
	// of type pki. Empty: nobody is asked.
	ClientCertificates string `yaml:"client_certificates"`
	// Plain is behind_tls where a proxy in front ends TLS and the gateway listens
	// without. Whoever reaches such a listener past the proxy reads everything.
	Plain string `yaml:"plain"`
	// TrustedProxies are addresses and networks of proxies whose X-Forwarded-For
	// is believed.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// TrustedCertificates are the proxies' own certificates. With them an address of
	// trusted_proxies is not enough: the proxy must show one of them as well, so it needs
	// client_certificates.
	TrustedCertificates certs.HolderConfig `yaml:"trusted_certificates"`
	// ProxyProtocol reads a PROXY header (version 1 or 2) in front of what trusted_proxies
	// send, for the client's address. The headers of the request are then that client's own.
	ProxyProtocol bool `yaml:"proxy_protocol"`
	// ShutdownTime is how long requests under way may take to end at a shutdown.
	ShutdownTime time.Duration `yaml:"shutdown_time"`
	// ClientLimits are the bounds on clients' connections.
	ClientLimits `yaml:",inline"`
}

// ClientLimits bound what one client can hold. There is no limit on a request's
// whole time: what makes progress may go on.
type ClientLimits struct {
	// HeaderLimit is the size of a request's head in bytes; more is answered 431.
	HeaderLimit int `yaml:"header_limit"`
	// HeaderTime is how long a TLS handshake and how long a request's head may take.
	HeaderTime time.Duration `yaml:"header_time"`
	// ProgressTime is how long a client may go without sending a byte of a body
	// that it has begun, or without taking a byte of an answer.
	ProgressTime time.Duration `yaml:"progress_time"`
	// IdleTime is how long a connection without a request is kept.
	IdleTime time.Duration `yaml:"idle_time"`
	// MaxConnections is how many connections are open at once; further ones wait
	// in the system's queue.
	MaxConnections int `yaml:"max_connections"`
	// MaxStreams is how many requests an HTTP/2 connection carries at once.
	MaxStreams int `yaml:"max_streams"`
}

// DefaultLimits are the bounds that hold where nothing is said.
func DefaultLimits() ClientLimits {
	return ClientLimits{
		HeaderLimit: 64 << 10, HeaderTime: 10 * time.Second, ProgressTime: time.Minute, IdleTime: 2 * time.Minute,
		MaxConnections: 10_000, MaxStreams: 100,
	}
}

// Operations is the section "operations".
type Operations struct {
	// Address of /livez, /readyz and /metrics. Anybody who reaches it may read
	// them. Empty: off.
	Address string `yaml:"address"`
	// Pprof adds /debug/pprof/, which shows memory to whoever asks.
	Pprof bool `yaml:"pprof"`
}

// Sessions is the section "sessions".
type Sessions struct {
	// KeysFile holds the keys that seal cookies and records, one a line, the
	// writing key first. `gateway keys new` makes a key.
	KeysFile string `yaml:"keys_file"`
	// Keys are the keys themselves instead, separated by commas or lines.
	Keys secret.Text `yaml:"keys"`
	// CookieDomain lets all hosts of a domain share the session cookie, for
	// example example.com. Without it each host has a cookie of its own, and a
	// sign-in on one goes on to the others by one-use tickets. It costs the prefix __Host-: any host of that domain
	// can then plant cookies.
	CookieDomain string `yaml:"cookie_domain"`
	// Config are the deadlines.
	session.Config `yaml:",inline"`
	// Store is where sessions are kept.
	Store Section `yaml:"store"`
}

// Log is the section "log".
type Log struct {
	// Level is debug, info, warn or error.
	Level string `yaml:"level"`
}

// Default is what holds where the file says nothing.
func Default() Config {
	return Config{
		Prefix:        web.Default().Prefix,
		Listen:        Listen{Address: ":8443", ShutdownTime: 30 * time.Second, ClientLimits: DefaultLimits()},
		Operations:    Operations{Address: "127.0.0.1:8444"},
		Elasticsearch: elastic.Default(),
		Sessions:      Sessions{Config: session.Default(), Store: Section{Type: "embedded"}},
		Brand:         web.Default().Brand,
		Log:           Log{Level: "info"},
	}
}
