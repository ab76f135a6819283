package config

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// elasticsearch proves the cluster's section.
func (p *proof) elasticsearch() {
	const section = "elasticsearch."
	e := p.cfg.Elasticsearch
	p.ready.Elastic = e
	if len(e.URLs) == 0 {
		p.missing(section+"urls", "it lists the nodes' addresses, for example [https://es1:9200]")
	}
	for i, raw := range e.URLs {
		p.node(fmt.Sprintf("%surls[%d]", section, i), raw)
	}
	if e.CA != "" && e.Fingerprint != "" {
		p.wrong(section+"fingerprint", "contradicts elasticsearch.ca", "leave out one of them")
	}
	if e.Fingerprint != "" && !fingerprint.MatchString(strings.ReplaceAll(e.Fingerprint, ":", "")) {
		p.wrong(section+"fingerprint", "is no SHA-256 in hex", "write the 64 digits that Elasticsearch prints at its first start")
	}
	p.authorities(section+"ca", e.CA)
	if e.ConnectTimeout <= 0 {
		p.wrong(section+"connect_timeout", "must be more than 0", "write for example 3s")
	}
	if e.Timeout <= 0 {
		p.wrong(section+"timeout", "must be more than 0", "write for example 10s")
	}
	p.account()
}

var fingerprint = regexp.MustCompile(`^[0-9A-Fa-f]{64}$`)

// account proves the gateway's own account.
func (p *proof) account() {
	const section = "elasticsearch."
	e := p.cfg.Elasticsearch
	if e.APIKey != "" {
		p.wrong(section+"api_key", "cannot be used: the tokens of all sessions belong to the account that made them, and a key under another id would end every session",
			"write username and password_file")
		p.blamed[section+"username"], p.blamed[section+"password"] = true, true
		return
	}
	if e.Username == "" {
		p.missing(section+"username", "it is the gateway's own account, best in the file realm")
	}
	switch {
	case e.Password.Empty() && e.PasswordFile == "":
		p.missing(section+"password", "write elasticsearch.password_file, or the variable ESGATEWAY_ELASTICSEARCH_PASSWORD")
	case !e.Password.Empty() && e.PasswordFile != "":
		p.wrong(section+"password_file", "contradicts elasticsearch.password", "leave out one of them")
	case e.PasswordFile != "":
		p.passwordFile(section+"password_file", e.PasswordFile)
	default:
		p.inline(section + "password")
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

// node proves the address of an Elasticsearch node.
func (p *proof) node(key, raw string) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		p.wrong(key, "is no http(s) address", "write for example https://es1:9200") // not quoted: people write passwords into these
	case u.User != nil:
		p.wrong(key, "has a user in it", "write elasticsearch.username and elasticsearch.password_file")
	case u.RawQuery != "" || u.Fragment != "":
		p.wrong(key, "has a query or a fragment", "leave it out")
	case !validPort(u.Port()):
		p.wrong(key, "has no valid port", "write for example https://es1:9200")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		p.wrong(key, "is plain http: passwords and everybody's tokens would be readable on the way", "write https; http is for this machine alone")
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
