package config

import (
	"log/slog"
	"net/url"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/peer"
	"github.com/esgateway/esgateway/internal/proxy"
	"github.com/esgateway/esgateway/internal/returnto"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// Plugins are the types of methods and stores that a configuration may name.
type Plugins struct {
	Methods []login.Kind
	Stores  []session.StoreKind
}

// Ready is a configuration that is proven: parsed, read and compared, with
// nothing started. It is not changed after Load. File names in it are absolute
// or relative to the working directory.
type Ready struct {
	// File is the configuration file.
	File string
	// Warnings are what is allowed and still worth a line in the log.
	Warnings []string

	// Public is the public URL: scheme and host, without a path.
	Public *url.URL
	// Secure tells whether people reach us by https, which is what Public says.
	Secure bool
	// Prefix begins with a slash and does not end with one.
	Prefix string
	// Landing is empty or lies on one of Hosts.
	Landing    string
	Listen     Listen
	Trusted    peer.Trusted
	Operations Operations
	Elastic    elastic.Config
	Keys       *session.Keyring
	Sessions   session.Config
	Cookies    session.CookieConfig
	// OpenStore opens the store of sessions; the caller closes it.
	OpenStore func(session.StoreDeps) (session.Store, error) `json:"-"`
	Methods   []Method
	Routes    []proxy.RouteConfig
	Brand     web.Brand
	LogLevel  slog.Level
	Returns   returnto.Policy
	// Hosts are the hosts that we answer for, in lower case and without port, the
	// public one first.
	Hosts []string
}

// Method is a way to sign in that is ready to be built.
type Method struct {
	Name, Type   string
	Title        string // what people read on the button
	login.Parsed `json:"-"`
}
