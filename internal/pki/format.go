package pki

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// A Format is one way in which a front hands a certificate on. It is safe for
// concurrent use.
type Format struct {
	Name string
	// Headers are all that belong to the format, in canonical form, whether Read
	// looks at them or not: nobody else may send them, and they never go upstream.
	Headers []string
	// Verdict is true where the front says of each certificate whether it was verified.
	Verdict bool
	// Read reads them. Its errors are of type *Refusal.
	Read func(http.Header) (Presented, error)
}

// Names are the header names of a format. Empty: the format's own.
type Names struct {
	Cert   string // the certificate
	Chain  string // its issuers; for apache the beginning of the names, which end in 0, 1, ...
	Verify string // NONE, SUCCESS or FAILED
}

// A maker knows the default names of a format and makes its reader.
type maker struct {
	names Names
	make  func(Names) Format
}

func makers() map[string]maker {
	verify := "X-Ssl-Client-Verify"
	return map[string]maker{
		"rfc9440": {Names{Cert: "Client-Cert", Chain: "Client-Cert-Chain"}, rfc9440},
		"envoy":   {Names{Cert: "X-Forwarded-Client-Cert"}, envoy},
		"nginx":   {Names{Cert: "X-Ssl-Client-Cert", Verify: verify}, nginx},
		"haproxy": {Names{Cert: "X-Ssl-Client-Cert", Chain: "X-Ssl-Client-Chain", Verify: verify}, haproxy},
		"apache":  {Names{Cert: "X-Ssl-Client-Cert", Chain: "X-Ssl-Client-Chain-", Verify: verify}, apache},
		"traefik": {Names{Cert: "X-Forwarded-Tls-Client-Cert"}, traefik},
		"alb":     {Names{Cert: "X-Amzn-Mtls-Clientcert-Leaf"}, alb},
		"caddy":   {Names{Cert: "X-Ssl-Client-Cert", Verify: verify}, caddy},
	}
}

// Formats are the names that New knows, sorted.
func Formats() []string { return slices.Sorted(maps.Keys(makers())) }

// New makes the format of that name. Header names may be written in any case.
func New(format string, names Names) (Format, error) {
	m, known := makers()[format]
	if !known {
		return Format{}, fmt.Errorf("no certificate header format %q; there are %s", format, strings.Join(Formats(), ", "))
	}
	var errs []error
	choose := func(key, own, wanted string) string {
		if wanted == "" {
			return own
		}
		if own == "" {
			errs = append(errs, fmt.Errorf("the format %s has no header for %s", format, key))
			return ""
		}
		if err := checkName(wanted); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
		return textproto.CanonicalMIMEHeaderKey(wanted)
	}
	chosen := Names{
		Cert:   choose("cert", m.names.Cert, names.Cert),
		Chain:  choose("chain", m.names.Chain, names.Chain),
		Verify: choose("verify", m.names.Verify, names.Verify),
	}
	f := m.make(chosen)
	f.Name = format
	if sorted := slices.Sorted(slices.Values(f.Headers)); len(slices.Compact(sorted)) != len(f.Headers) {
		errs = append(errs, errors.New("two headers have the same name"))
	}
	return f, errors.Join(errs...)
}

// checkName refuses what is no header name, and headers that mean something else: a
// value of theirs would be read as a certificate, and they would be stripped.
func checkName(name string) error {
	const others = "-!#$%&'*+.^_`|~"
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(others, c) {
			return fmt.Errorf("%q is no header name", name)
		}
	}
	switch strings.ToLower(name) {
	case "authorization", "connection", "content-length", "content-type", "cookie", "host", "transfer-encoding", "upgrade":
		return fmt.Errorf("%s has another meaning", name)
	}
	return nil
}
