package config

import (
	"fmt"
	"io"
	"strings"

	"github.com/esgateway/esgateway/internal/session"
)

// newKey is how to get a key ring.
const newKey = "make one: (umask 077; gateway keys new > keys)"

// sessions proves the deadlines and the cookies.
func (p *proof) sessions() {
	s := p.cfg.Sessions
	p.each("sessions", s.Check())
	p.ready.Sessions = s.Config
	p.ready.Cookies = session.CookieConfig{Secure: p.ready.Secure, Domain: s.CookieDomain}
	const key = "sessions.cookie_domain"
	switch d := s.CookieDomain; {
	case d == "" || p.ready.Public == nil:
	case strings.HasPrefix(d, "."):
		p.wrong(key, "begins with a dot", "write "+strings.TrimLeft(d, "."))
	case !validHost(d) || !strings.Contains(d, "."):
		p.wrong(key, fmt.Sprintf("%q is no domain that browsers accept", d), "write it in lower case and ASCII with at least one dot, for example example.com")
	case !covers(d, p.ready.Public.Hostname()):
		p.wrong(key, fmt.Sprintf("does not cover the public host %s", p.ready.Public.Hostname()), "write a domain above it")
	}
}

// covers reports whether a cookie of the domain reaches the host.
func covers(domain, host string) bool {
	return domain != "" && (host == domain || strings.HasSuffix(host, "."+domain))
}

// keys reads the key ring.
func (p *proof) keys() {
	s := p.cfg.Sessions
	key, text := "sessions.keys_file", ""
	switch {
	case s.KeysFile == "" && s.Keys.Empty():
		p.missing(key, "it holds the keys that seal cookies and sessions; "+newKey)
		return
	case s.KeysFile != "" && !s.Keys.Empty():
		p.wrong(key, "contradicts sessions.keys", "leave out one of them")
		return
	case s.KeysFile != "":
		var ok bool
		if text, ok = p.keyFile(key, s.KeysFile); !ok {
			return
		}
	default:
		key, text = "sessions.keys", strings.ReplaceAll(s.Keys.Reveal(), ",", "\n")
		p.inline(key)
	}
	p.ring(key, strings.NewReader(text))
}

func (p *proof) ring(key string, text io.Reader) {
	ring, err := session.ParseKeyring(text)
	if err != nil {
		p.wrong(key, err.Error(), "")
		return
	}
	p.ready.Keys = ring
}

// keyFile reads a file that nobody else may read: who has the keys can sign in
// as anybody.
func (p *proof) keyFile(key, name string) (string, bool) {
	text, err := readBounded(name, maxFile)
	if err != nil {
		p.wrong(key, cause(err), newKey)
		return "", false
	}
	if mode, bad := exposed(name); bad {
		p.wrong(key, fmt.Sprintf("%s can be read or changed by others (mode %04o), who could then sign in as anybody", name, mode), "chmod 600 "+name)
		return "", false
	}
	return string(text), true
}

// store finds the kind of store and lets it read its section.
func (p *proof) store() {
	s := p.cfg.Sessions.Store
	var types []string
	for _, kind := range p.plugins.Stores {
		types = append(types, kind.Type)
		if kind.Type != s.Type {
			continue
		}
		if s.key == "" {
			s.key = "sessions.store"
		}
		open, err := kind.Parse(plugin{reader: p.reader, Section: s, ours: []string{"type"}})
		if err != nil {
			p.section(s.key, err)
		}
		p.ready.OpenStore = open
		return
	}
	p.wrong("sessions.store.type", fmt.Sprintf("%q is no type of store", s.Type), knownTypes(s.Type, types))
}
