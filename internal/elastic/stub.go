package elastic

import (
	"context"

	"github.com/esgateway/esgateway/internal/secret"
)

type (
	Prepared     struct{ ID, Realm, Redirect string }
	License      struct{ Type, Status string }
	Info         struct{ Name, ClusterName, Version string }
	TokenService string
)

const (
	TokensOn         TokenService = "on"
	TokensOff        TokenService = "off"
	TokensUnlicensed TokenService = "unlicensed"
)

func (c *Client) SAMLPrepare(ctx context.Context, realm string) (Prepared, error) {
	return Prepared{}, nil
}

func (c *Client) SAMLAuthenticate(ctx context.Context, realm, content string, ids []string) (Grant, error) {
	return Grant{}, nil
}

func (c *Client) SAMLLogout(ctx context.Context, access, refresh secret.Text) (id, redirect string, err error) {
	return "", "", nil
}

func (c *Client) Refresh(ctx context.Context, refresh secret.Text) (Grant, error) {
	return Grant{}, nil
}

func (c *Client) InvalidateAccess(ctx context.Context, token secret.Text) error { return nil }

func (c *Client) InvalidateRefresh(ctx context.Context, token secret.Text) error { return nil }

func (c *Client) Authenticate(ctx context.Context, access secret.Text) (Identity, error) {
	return Identity{}, nil
}

func (c *Client) HasPrivileges(ctx context.Context, cluster []string) (map[string]bool, error) {
	return nil, nil
}

func (c *Client) License(ctx context.Context) (License, error) { return License{}, nil }

func (c *Client) Info(ctx context.Context) (Info, error) { return Info{}, nil }

func (c *Client) InfoOf(ctx context.Context, node int) (Info, error)          { return Info{}, nil }
func (c *Client) Nodes() []string                                             { return nil }
func (c *Client) ProbeTokenService(ctx context.Context) (TokenService, error) { return TokensOn, nil }
