package elastic

import (
	"context"
	"errors"
	"net/http"

	"github.com/esgateway/esgateway/internal/secret"
)

// HasPrivileges reports which of these cluster privileges the gateway's own account
// has (contract http 4.1). Names may be actions: "cluster:admin/xpack/security/token/refresh".
func (c *Client) HasPrivileges(ctx context.Context, cluster []string) (map[string]bool, error) {
	var a struct{ Cluster map[string]bool }
	_, err := c.ask(ctx, call{
		endpoint: "has_privileges", method: http.MethodPost, path: "/_security/user/_has_privileges",
		body: map[string][]string{"cluster": cluster}, judge: judgeOwn,
	}, &a)
	return a.Cluster, err
}

// HasPrivilegesAs is HasPrivileges for whoever the Authorization header stands for.
func (c *Client) HasPrivilegesAs(ctx context.Context, header secret.Text, cluster []string) (map[string]bool, error) {
	var a struct{ Cluster map[string]bool }
	_, err := c.ask(ctx, call{
		endpoint: "has_privileges:client", method: http.MethodPost, path: "/_security/user/_has_privileges",
		body: map[string][]string{"cluster": cluster}, header: header, judge: judgeClient,
	}, &a)
	return a.Cluster, err
}

// License is the cluster's licence.
type License struct {
	Type   string // "basic", "trial", "platinum", ...
	Status string // "active", "expired", ...
}

// License asks for the licence. The account needs cluster:monitor/xpack/license/get.
func (c *Client) License(ctx context.Context) (License, error) {
	var a struct{ License License }
	_, err := c.ask(ctx, call{endpoint: "license", method: http.MethodGet, path: "/_license", judge: judgeOwn}, &a)
	return a.License, err
}

// Info is what a node says of itself.
type Info struct {
	Name        string // of the node
	ClusterName string
	Version     string // "9.2.3"
}

// Info asks any node. The account needs cluster:monitor/main.
func (c *Client) Info(ctx context.Context) (Info, error) { return c.info(ctx, nil) }

// InfoOf asks one node, by its place in Nodes, so that a check can say which one is wrong.
func (c *Client) InfoOf(ctx context.Context, node int) (Info, error) {
	if node < 0 || node >= len(c.nodes.list) {
		return Info{}, &Error{Class: BadInput, Endpoint: "info", Err: errors.New("there is no such node")}
	}
	return c.info(ctx, c.nodes.list[node:node+1])
}

func (c *Client) info(ctx context.Context, to []*node) (Info, error) {
	var a struct {
		Name        string
		ClusterName string `json:"cluster_name"`
		Version     struct{ Number string }
	}
	_, err := c.ask(ctx, call{endpoint: "info", method: http.MethodGet, path: "/", judge: judgeOwn, to: to}, &a)
	return Info{Name: a.Name, ClusterName: a.ClusterName, Version: a.Version.Number}, err
}

// TokenService says whether Elasticsearch makes tokens.
type TokenService string

// The states of the token service.
const (
	TokensOn         TokenService = "on"
	TokensOff        TokenService = "off"        // xpack.security.authc.token.enabled, or no TLS
	TokensUnlicensed TokenService = "unlicensed" // a basic licence, up to 9.5
)

// ProbeTokenService finds out by ending a token that cannot exist, which changes
// nothing (contract tokens 2 and 5). The account needs the privilege to invalidate.
func (c *Client) ProbeTokenService(ctx context.Context) (TokenService, error) {
	_, err := c.ask(ctx, call{
		endpoint: "oauth2/token:probe", method: http.MethodDelete, path: "/_security/oauth2/token",
		body: map[string]string{"token": "esgateway-probe"}, judge: judgeInvalidate,
	}, nil)
	e, ok := errors.AsType[*Error](err)
	switch {
	case err == nil:
		return TokensOn, nil
	case ok && e.Class == SetUp && e.Type == typeFeatureOff:
		return TokensOff, nil
	case ok && e.Class == SetUp && e.Status == http.StatusForbidden:
		return TokensUnlicensed, nil
	}
	return "", err
}
