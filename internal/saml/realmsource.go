package saml

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/login"
)

// fetchTime bounds the download of metadata.
const fetchTime = 30 * time.Second

// maxHops is how many redirects are followed to metadata.
const maxHops = 5

func isAddress(source string) bool { return strings.Contains(source, "://") }

// fetchMetadata reads metadata from a file or an https address. ca is a file with
// the address's authority, or "".
func fetchMetadata(ctx context.Context, source, ca string) ([]byte, error) {
	switch scheme, _, _ := strings.Cut(source, "://"); {
	case !isAddress(source):
		file, err := os.Open(source)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return readAll(source, file)
	case strings.EqualFold(scheme, "http"):
		return nil, login.Misused("Elasticsearch takes no metadata over http, and neither does this: whoever is on the way could put a signing key of their own into it " +
			"and sign in as anybody; give the https address, or a file that came in a way you trust")
	case !strings.EqualFold(scheme, "https"):
		return nil, login.Misused("--idp-metadata is a file or an https address, not %s://", scheme)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	return download(ctx, source, ca)
}

func download(ctx context.Context, source, ca string) ([]byte, error) {
	roots, err := authorities(ca)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Scheme != "https" {
			return errors.New("it leads to an address that is not https")
		}
		if len(via) > maxHops {
			return errors.New("it leads from one address to the next")
		}
		return nil
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", source, resp.Status)
	}
	return readAll(source, resp.Body)
}

// authorities reads a PEM file; nil stands for those of the system.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // what tls.Config takes for the system's
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return pool, nil
}

func readAll(source string, r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxMetadata+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxMetadata {
		return nil, fmt.Errorf("%s has more than %d bytes", source, maxMetadata)
	}
	return raw, nil
}

// nearEnd is when an end that comes is worth a word.
const nearEnd = 30 * 24 * time.Hour

// examine says what Elasticsearch will not be able to do with this metadata
// (contract saml 3, 5, 7 and 8.1).
func examine(e entity, now time.Time) []string {
	var warnings []string
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	switch len(at(redirectBinding, e.IdP.SignOn)) {
	case 0:
		warn("the metadata has no SingleSignOnService of HTTP-Redirect, the only binding by which Elasticsearch sends sign-in requests: nobody will be able to sign in")
	case 1:
	default:
		warn("the metadata has several SingleSignOnServices of HTTP-Redirect, and Elasticsearch refuses to choose: nobody will be able to sign in; leave one in the file")
	}
	switch len(at(redirectBinding, e.IdP.SignOut)) {
	case 0:
		warn("the metadata has no SingleLogoutService of HTTP-Redirect: a sign-out ends the session here and at Elasticsearch, but people stay signed in at the identity provider, " +
			"and a sign-out that begins there cannot be answered")
	case 1:
	default:
		warn("the metadata has several SingleLogoutServices of HTTP-Redirect, and Elasticsearch refuses to choose: sign-out will fail; leave one in the file")
	}
	return append(append(warnings, ends(e, now)...), examineKeys(e.IdP.Keys, now)...)
}

// ends looks at how long the metadata counts.
func ends(e entity, now time.Time) []string {
	var warnings []string
	for _, text := range append(e.until, e.ValidUntil, e.IdP.ValidUntil) {
		until, err := time.Parse(time.RFC3339, text)
		switch {
		case text == "":
		case err != nil:
			warnings = append(warnings, fmt.Sprintf("the metadata's validUntil %q is no time", text))
		case !now.Before(until):
			warnings = append(warnings, fmt.Sprintf("the metadata is over since %s, and Elasticsearch will not use it; get it anew", until.UTC().Format(time.DateOnly)))
		case until.Sub(now) < nearEnd:
			warnings = append(warnings, fmt.Sprintf("the metadata is over on %s, and then nobody can sign in: better give Elasticsearch the https address, so that it reads it anew", until.UTC().Format(time.DateOnly)))
		}
	}
	return warnings
}

// examineKeys looks at the certificates by which Elasticsearch will know the
// identity provider. It takes their keys whatever their dates are; the dates say
// when the provider will change them.
func examineKeys(keys []keyRole, now time.Time) []string {
	var warnings []string
	good := 0
	for _, k := range keys {
		if k.Use == "encryption" {
			continue
		}
		for _, text := range k.Certificates {
			c, err := certificate(text)
			if err != nil {
				warnings = append(warnings, fmt.Sprintf("a signing certificate in the metadata cannot be read: %s", err))
				continue
			}
			good++
			day := c.NotAfter.UTC().Format(time.DateOnly)
			if c.NotAfter.Before(now) {
				warnings = append(warnings, fmt.Sprintf("a signing certificate in the metadata has ended on %s; is this the provider's present metadata?", day))
			} else if c.NotAfter.Sub(now) < nearEnd {
				warnings = append(warnings, fmt.Sprintf("a signing certificate in the metadata ends on %s; when the provider changes it, Elasticsearch needs the new metadata", day))
			}
		}
	}
	if good == 0 {
		warnings = append(warnings, "the metadata has no signing certificate: Elasticsearch will refuse every sign-in")
	}
	return warnings
}

func certificate(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
