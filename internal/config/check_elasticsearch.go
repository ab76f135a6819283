package config

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"strings"
)

// elasticsearch proves the cluster's section: what the client finds in it by
// itself, what only the files can tell, and what is a matter of the house.
func (p *proof) elasticsearch() {
	const section = "elasticsearch"
	e := p.cfg.Elasticsearch
	p.ready.Elastic = e
	if e.APIKey != "" { // that the account is missing is the same mistake
		p.blamed[section+".username"], p.blamed[section+".password_file"] = true, true
	}
	p.lines(section, e.Check())
	for i, raw := range e.URLs {
		u, err := url.Parse(raw)
		if err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
			p.wrong(fmt.Sprintf("%s.urls[%d]", section, i), "is plain http: passwords and everybody's tokens would be readable on the way", "write https; http is for this machine alone")
		}
	}
	p.authorities(section+".ca", e.CA)
	if e.PasswordFile != "" {
		p.passwordFile(section+".password_file", e.PasswordFile)
	} else if !e.Password.Empty() {
		p.inline(section + ".password")
	}
}

func (p *proof) passwordFile(key, name string) {
	const limit = 64 << 10
	text, err := readBounded(name, limit)
	switch {
	case err != nil:
		p.wrong(key, cause(err), "it holds the password and nothing else")
	case strings.TrimSpace(string(text)) == "":
		p.wrong(key, name+" is empty", "it holds the password and nothing else")
	default:
		p.private(key, name)
	}
}

// inline warns of a secret in a configuration file that others can read.
func (p *proof) inline(key string) {
	if p.spotOf(key).variable == "" {
		p.private(key, p.file)
	}
}

// authorities proves a file of certificates, if there is one.
func (p *proof) authorities(key, name string) {
	if name == "" {
		return
	}
	text, err := readBounded(name, maxFile)
	if err != nil {
		p.wrong(key, cause(err), "it is a PEM file with the certificates of authorities")
		return
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		p.wrong(key, "there is no certificate in "+name, "it is a PEM file with the certificates of authorities")
	}
}
