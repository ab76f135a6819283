package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The configurations: what their manuals recommend for a proxy with connections
// that are kept, without access log.
const (
	nginxCommon = `daemon off; worker_processes auto; pid DIR/NAME.pid; error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000;
  client_body_temp_path DIR/NAME-body; proxy_temp_path DIR/NAME-temp;
  fastcgi_temp_path DIR/NAME-f; uwsgi_temp_path DIR/NAME-u; scgi_temp_path DIR/NAME-s;
`
	nginxUpstream = nginxCommon + `
  server { listen ADDRESS backlog=4096; default_type application/json; location / { return 200 '{"padding":"PADDING"}'; } }
}`
	nginxProxy = nginxCommon + `
  upstream up { server UPSTREAM; keepalive 256; keepalive_requests 100000000; }
  server {
    listen ADDRESS backlog=4096;
    location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; }
  }
}`
	haproxy = `global
  maxconn 8192
  stats socket DIR/haproxy.sock
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend front
  bind ADDRESS backlog 4096
  default_backend back
backend back
  server up UPSTREAM
`
)

// padding makes the upstream's answer 1 KiB.
const padding = 1024 - len(`{"padding":""}`)

// write writes a configuration for a program that will listen at address.
func (b *bench) write(name, text, address string) (string, error) {
	text = strings.NewReplacer("DIR", b.dir, "NAME", name, "ADDRESS", address, "UPSTREAM", b.upstream,
		"PADDING", strings.Repeat("x", padding)).Replace(text)
	file := filepath.Join(b.dir, name+".conf")
	return file, os.WriteFile(file, []byte(text), 0o600)
}

func (b *bench) startNginx(ctx context.Context, name, text string) (*process, error) {
	address, err := free()
	if err != nil {
		return nil, err
	}
	file, err := b.write(name, text, address)
	if err != nil {
		return nil, err
	}
	return start(ctx, address, client{}, "nginx", "-p", b.dir, "-e", "stderr", "-c", file)
}

func (b *bench) startHAProxy(ctx context.Context) (*process, client, error) {
	address, err := free()
	if err != nil {
		return nil, client{}, err
	}
	file, err := b.write("haproxy", haproxy, address)
	if err != nil {
		return nil, client{}, err
	}
	p, err := start(ctx, address, client{}, "haproxy", "-q", "-f", file)
	return p, client{}, err
}

func (b *bench) startBare(ctx context.Context) (*process, client, error) {
	p, err := b.startBareFor(ctx, client{})
	return p, client{}, err
}

// startBareFor starts the bare reverse proxy for that client.
func (b *bench) startBareFor(ctx context.Context, who client, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := free()
	if err != nil {
		return nil, err
	}
	return start(ctx, address, who, self, append([]string{"-bare", address, "-to", "http://" + b.upstream}, args...)...)
}

// serveBare is a reverse proxy with nothing but the standard library, its
// transport set up as well as ours. With files it speaks TLS, with clients alone whose
// certificates it has verified.
func serveBare(ctx context.Context, address, to, files string) error {
	upstream, err := url.Parse(to)
	if err != nil {
		return err
	}
	s := &http.Server{Addr: address, ReadHeaderTimeout: 10 * time.Second, Handler: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 256, IdleConnTimeout: 55 * time.Second, DisableCompression: true,
		},
	}}
	go func() {
		<-ctx.Done()
		_ = s.Close()
	}()
	serve := s.ListenAndServe
	if files != "" {
		at := papersIn(files)
		pool, err := at.pool()
		if err != nil {
			return err
		}
		s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
		serve = func() error { return s.ListenAndServeTLS(at.cert, at.key) }
	}
	if err := serve(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
