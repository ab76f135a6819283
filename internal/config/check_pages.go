package config

import (
	"log/slog"
	"net/url"

	"github.com/esgateway/esgateway/internal/returnto"
	"github.com/esgateway/esgateway/internal/web"
)

// pages lets the renderer try prefix and brand. Its messages begin with the key.
func (p *proof) pages() {
	p.ready.Prefix, p.ready.Brand = p.cfg.Prefix, p.cfg.Brand
	_, err := web.New(web.Config{Prefix: p.cfg.Prefix, HTTPS: p.ready.Secure, Brand: p.cfg.Brand}, slog.New(slog.DiscardHandler))
	p.lines("", err)
}

// landing proves where people land who came from nowhere, once all hosts are known.
func (p *proof) landing() {
	public, landing := p.ready.Public, p.cfg.Landing
	if public == nil {
		return
	}
	p.ready.Returns = returnto.Policy{Public: public, Hosts: p.ready.Hosts[1:], Prefix: p.cfg.Prefix}
	if landing == "" {
		return
	}
	if _, err := p.ready.Returns.Parse(landing); err != nil {
		example := (&url.URL{Scheme: public.Scheme, Host: public.Host, Path: "/app"}).String()
		p.wrong("landing", "is no place to go to after a sign-in", "write a path of the public host, for example /app, or an address of a route, for example "+example)
	}
	p.ready.Landing = landing
}
