package gate

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/secret"
)

// AccountConfig is an account at Elasticsearch that a route has of its own: its
// upstream gets this account's credentials in the place of the person's, so what it may
// see is the same for everybody whom the route lets in. The gateway's own account is
// never one.
type AccountConfig struct {
	// Username is a user of Elasticsearch, for whom a token is made
	// (client_credentials). Its role needs the cluster privilege
	// cluster:admin/xpack/security/token/create, and nothing else that is about security.
	Username string `yaml:"username"`
	// PasswordFile is a file with that user's password. It is read each time a token is
	// made.
	PasswordFile string `yaml:"password_file" file:"true"`
	// APIKeyFile is a file with an API key, as Elasticsearch gives it as "encoded".
	APIKeyFile string `yaml:"api_key_file" file:"true"`
}

// None reports whether there is no such account.
func (c AccountConfig) None() bool { return c == AccountConfig{} }

// Check returns what is wrong, by yaml key.
func (c AccountConfig) Check() map[string]error {
	bad := map[string]error{}
	switch {
	case c.None():
	case c.APIKeyFile != "" && c.Username+c.PasswordFile != "":
		bad["api_key_file"] = errors.New("and a user at the same time: which one is it?")
	case c.APIKeyFile == "" && c.Username == "":
		bad["username"] = errors.New("is missing; or name an api_key_file")
	case c.APIKeyFile == "" && c.PasswordFile == "":
		bad["password_file"] = errors.New("is missing")
	}
	return bad
}

// maxCredential bounds what is read of such a file.
const maxCredential = 4 << 10

// Header is the account as an Authorization header: the API key, or name and password.
func (c AccountConfig) Header() (secret.Text, error) {
	name := c.APIKeyFile
	if name == "" {
		name = c.PasswordFile
	}
	f, err := os.Open(name)
	if err != nil {
		return secret.Text{}, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxCredential))
	if err != nil {
		return secret.Text{}, fmt.Errorf("%s: %w", name, err)
	}
	text := strings.TrimRight(string(raw), "\r\n")
	switch {
	case text == "":
		return secret.Text{}, fmt.Errorf("%s is empty", name)
	case c.APIKeyFile != "":
		return secret.Of("ApiKey " + text), nil
	}
	return secret.Of("Basic " + base64.StdEncoding.EncodeToString([]byte(c.Username+":"+text))), nil
}

// keyLife is how long an API key is used before its file is read again.
const keyLife = time.Minute

// account puts the route's own account into the place of the visitor's credentials.
func (g *Gate) account(ctx context.Context, v Visitor, c AccountConfig) (Visitor, error) {
	p := hashOf("account", c.Username+"\x00"+c.PasswordFile+"\x00"+c.APIKeyFile)
	ask := func(ctx context.Context) (grant, error) { return g.enter(ctx, c) }
	got, err := g.grants.get(ctx, p, ask)
	if err != nil {
		return Visitor{}, err
	}
	v.OwnAuthorization, v.authorization = false, got.authorization
	v.again = func(ctx context.Context) (Visitor, error) {
		g.grants.drop(p, got.authorization)
		return g.account(ctx, v, c)
	}
	return v, nil
}

// enter makes the account's credentials.
func (g *Gate) enter(ctx context.Context, c AccountConfig) (grant, error) {
	header, err := c.Header()
	if err != nil {
		return grant{}, fault.Because(fault.Misconfigured, err)
	}
	now := g.now()
	if c.APIKeyFile != "" {
		return grant{authorization: header, until: now.Add(keyLife), renew: now.Add(keyLife)}, nil
	}
	made, err := g.es.ClientCredentials(ctx, header)
	switch elastic.ClassOf(err) {
	case elastic.OK:
	case elastic.PersonRefused, elastic.AccountRefused, elastic.SetUp, elastic.BadInput:
		return grant{}, fault.Because(fault.Misconfigured, fmt.Errorf("the route's account %s: %w", c.Username, err))
	case elastic.Cancelled:
		return grant{}, err
	default:
		return grant{}, fault.Because(fault.ElasticsearchUnavailable, err)
	}
	life := made.Pair.ExpiresIn
	return grant{
		identity: made.Identity, authorization: secret.Of("Bearer " + made.Pair.Access.Reveal()),
		until: made.Pair.SentAt.Add(life), renew: made.Pair.SentAt.Add(life - renewBefore(life)),
	}, nil
}
