package elastic

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/secret"
)

// Config is the section "elasticsearch".
type Config struct {
	// URLs are the nodes: scheme, host, port, and a path if a proxy wants one.
	URLs []string `yaml:"urls"`
	// CA is a PEM file with the authorities that sign the nodes' certificates. Empty:
	// those of the system.
	CA string `yaml:"ca"`
	// Fingerprint is the SHA-256 of the nodes' certificate or of its authority, in hex,
	// as Elasticsearch prints it at its first start. It replaces CA.
	Fingerprint string `yaml:"fingerprint"`
	// Username is the gateway's own account. Keep it: Elasticsearch lets nobody else
	// refresh the tokens that this account made.
	Username string `yaml:"username"`
	// Password of that account.
	Password secret.Text `yaml:"password"`
	// PasswordFile holds the password instead; it is read again when Elasticsearch
	// refuses the account, so a password can be changed without a restart.
	PasswordFile string `yaml:"password_file"`
	// APIKey is refused: a key under another id ends every session's refresh.
	APIKey string `yaml:"api_key"`
	// ConnectTimeout bounds connecting to one node, and again the TLS handshake.
	ConnectTimeout time.Duration `yaml:"connect_timeout"`
	// Timeout bounds one call. A refresh has 8 s, or this if it is less.
	Timeout time.Duration `yaml:"timeout"`
}

// Default is what holds where the file says nothing.
func Default() Config {
	return Config{ConnectTimeout: 3 * time.Second, Timeout: 10 * time.Second}
}

// Check names everything that is wrong, by key, and what would be right. It opens
// nothing.
func (c Config) Check() error {
	_, urlErr := c.nodes()
	return errors.Join(urlErr, c.checkTrust(), c.checkAccount(), c.checkTimes())
}

// nodes parses the URLs.
func (c Config) nodes() ([]*url.URL, error) {
	if len(c.URLs) == 0 {
		return nil, errors.New("urls: missing; list the nodes of Elasticsearch, such as https://es1.example.com:9200")
	}
	var list []*url.URL
	var errs []error
	for i, raw := range c.URLs {
		u, err := nodeURL(raw)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("urls[%d]: %w", i, err))
		case slices.ContainsFunc(list, func(o *url.URL) bool { return o.String() == u.String() }):
			errs = append(errs, fmt.Errorf("urls[%d]: %s is there twice", i, u))
		default:
			list = append(list, u)
		}
	}
	return list, errors.Join(errs...)
}

// nodeURL never repeats what it refuses: there may be a password in it.
func nodeURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("not an address such as https://es1.example.com:9200")
	case u.User != nil:
		return nil, errors.New("has a user name in it; use username and password_file")
	case u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("has a query or a fragment; give scheme, host, port and at most a path")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

func (c Config) checkTrust() error {
	var errs []error
	if c.CA != "" && c.Fingerprint != "" {
		errs = append(errs, errors.New("fingerprint: given beside ca; give one of them"))
	}
	if _, err := c.pin(); err != nil {
		errs = append(errs, err)
	}
	if c.CA+c.Fingerprint != "" && slices.ContainsFunc(c.URLs, func(u string) bool { return strings.HasPrefix(u, "http:") }) {
		errs = append(errs, errors.New("urls: http has no certificate that ca or fingerprint could check; use https"))
	}
	return errors.Join(errs...)
}

// pin is the fingerprint as bytes, nil if there is none. Colons may stand in it.
func (c Config) pin() ([]byte, error) {
	if c.Fingerprint == "" {
		return nil, nil
	}
	sum, err := hex.DecodeString(strings.ReplaceAll(c.Fingerprint, ":", ""))
	if err != nil || len(sum) != 32 {
		return nil, errors.New("fingerprint: not a SHA-256 in hex (64 digits)")
	}
	return sum, nil
}

func (c Config) checkAccount() error {
	var errs []error
	if c.APIKey != "" {
		errs = append(errs, errors.New("api_key: not supported: Elasticsearch lets only the creator refresh a session's tokens, and a key under another id is another creator, so changing the key would end every session; use username and password_file"))
	}
	switch {
	case c.Username == "":
		errs = append(errs, errors.New("username: missing; name the gateway's own user at Elasticsearch"))
	case strings.ContainsAny(c.Username, ":\r\n"):
		errs = append(errs, errors.New("username: has a colon or a line break in it"))
	}
	switch {
	case c.Password.Empty() && c.PasswordFile == "":
		errs = append(errs, errors.New("password_file: missing; name the file with the password of username"))
	case !c.Password.Empty() && c.PasswordFile != "":
		errs = append(errs, errors.New("password: given beside password_file; give one of them"))
	}
	return errors.Join(errs...)
}

func (c Config) checkTimes() error {
	var errs []error
	if c.ConnectTimeout <= 0 {
		errs = append(errs, errors.New("connect_timeout: must be more than 0, such as 3s"))
	}
	if c.Timeout < c.ConnectTimeout || c.Timeout <= 0 {
		errs = append(errs, errors.New("timeout: must be more than 0 and at least connect_timeout, such as 10s"))
	}
	return errors.Join(errs...)
}
