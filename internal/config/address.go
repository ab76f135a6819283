package config

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/esgateway/esgateway/internal/login"
)

// MethodAddress is where a method would answer at a public URL, under the usual
// prefix: for setting up what no file describes yet. It refuses what Load would.
func MethodAddress(publicURL, kind, name string) (*url.URL, error) {
	p := proof{reader: newReader(""), cfg: Default(), ready: &Ready{}}
	p.cfg.PublicURL = publicURL
	p.public()
	if !methodName.MatchString(name) {
		p.wrong("name", fmt.Sprintf("%q is no name of a method", name), nameRule)
	}
	for _, e := range p.errors {
		return nil, errors.New(e.Wrong + "; " + e.Right)
	}
	return login.Address(p.ready.Public, p.cfg.Prefix, kind, name), nil
}
