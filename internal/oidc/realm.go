package oidc

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/esgateway/esgateway/internal/login"
)

// realmCommand is `gateway realm oidc`: all that an operator writes at Elasticsearch
// and at the provider, made from the provider's discovery document.
func realmCommand() login.Command {
	return login.Command{
		Verb:    "realm",
		Usage:   "--name REALM (--issuer https://... | --discovery FILE) (--public-url URL | --config FILE) [--client-id ID] [--method NAME] [--response-type TYPE] [--idp-ca FILE] [--order N]",
		Summary: "print what Elasticsearch and the provider need, from its discovery document",
		Run:     printRealm,
	}
}

// The response types that ES has (contract oidc 6.1).
const (
	codeFlow     = "code"
	implicitFlow = "id_token token"
	idTokenFlow  = "id_token"
)

// realmOptions are the flags of `gateway realm oidc`.
type realmOptions struct {
	login.RealmFlags
	issuer, discovery, client, kind, ca string
}

func readOptions(c login.Call) (realmOptions, error) {
	o := realmOptions{RealmFlags: login.RealmFlags{Kind: "oidc", Usual: "partners"}}
	flags := flag.NewFlagSet("gateway realm oidc", flag.ContinueOnError)
	o.Add(flags)
	flags.StringVar(&o.issuer, "issuer", "", "the provider's `address`, below which /.well-known/openid-configuration is (default: the method's, with --config)")
	flags.StringVar(&o.discovery, "discovery", "", "a `file` with that document, where the provider cannot be reached from here")
	flags.StringVar(&o.client, "client-id", "", "the `id` that the provider has given")
	flags.StringVar(&o.kind, "response-type", codeFlow, "code, id_token, or \"id_token token\": how the provider's answer comes")
	flags.StringVar(&o.ca, "idp-ca", "", "a PEM `file` with the authority of the provider's certificate, if it is your own")
	if err := o.Parse(c, flags); err != nil {
		return o, err
	}
	if !slices.Contains([]string{codeFlow, implicitFlow, idTokenFlow}, o.kind) {
		return o, login.Misused("--response-type %q is none that Elasticsearch has; write code, id_token or \"id_token token\"", o.kind)
	}
	if o.issuer != "" {
		if wrong := checkIssuer(o.issuer); wrong != "" {
			return o, login.Misused("--issuer %s %s", o.issuer, wrong)
		}
	}
	return o, o.CheckPlace()
}

func printRealm(ctx context.Context, c login.Call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	method, err := o.Place(c)
	if err != nil {
		return err
	}
	if err := o.fromMethod(method); err != nil {
		return err
	}
	if o.issuer == "" && o.discovery == "" {
		return login.Misused("--issuer is missing; it is the provider's address, for example https://idp.example.com")
	}
	found, err := o.read(ctx, c)
	if err != nil {
		return err
	}
	if err := usable(found); err != nil {
		return err
	}
	g := guessFor(found)
	for _, warning := range examine(found, g, o.issuer, o.kind) {
		fmt.Fprintln(c.Err, "warn", warning)
	}
	return login.PrintRealm(c.Out, realmTemplate, textOf(o, method, found, g))
}

// fromMethod takes what the configuration says already.
func (o *realmOptions) fromMethod(m login.SiteMethod) error {
	if m.Build == nil {
		return nil
	}
	built, err := m.Build()
	if err != nil {
		return err
	}
	if own, ok := built.(*Method); ok {
		o.issuer = cmp.Or(o.issuer, own.cfg.Issuer)
		o.client = cmp.Or(o.client, own.cfg.ClientID)
		o.ca = cmp.Or(o.ca, own.cfg.CA)
	}
	return nil
}

// read reads the provider's document, by the very reader that signing in uses.
func (o *realmOptions) read(ctx context.Context, c login.Call) (offer, error) {
	if o.discovery != "" {
		return offerFrom(o.discovery)
	}
	p, err := newProvider(o.issuer, o.ca, c.Now)
	if err != nil {
		return offer{}, err
	}
	return p.offers(ctx)
}

// usable refuses a document of which no realm can be made.
func usable(o offer) error {
	if o.Issuer == "" {
		return errors.New("the document names no issuer; is it a discovery document?")
	}
	u, err := url.Parse(o.Authorization)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("the document's authorization_endpoint %q is no address to send people to", o.Authorization)
	}
	return nil
}

// realmText is what the template shows.
type realmText struct {
	Name, Method, Client string
	Order                int
	Kind, Algorithm      string
	// ClientAuth is rp.client_auth_method, "" for the default.
	ClientAuth string
	Scopes     []string
	// Base is the address below which the method's routes lie.
	Base string
	// CA is the value of ssl.certificate_authorities, CopiedCA the file, OwnCA the gateway's.
	CA, CopiedCA, OwnCA string
	offer
	guess
}

func textOf(o realmOptions, m login.SiteMethod, found offer, g guess) realmText {
	t := realmText{
		Name: o.Name, Method: m.Name, Client: cmp.Or(o.client, "YOUR-CLIENT-ID"), Order: o.Order, Kind: o.kind,
		Algorithm: found.algorithm(), Scopes: g.scopes(found), Base: m.Base.String(), offer: found, guess: g,
	}
	t.ClientAuth, _ = found.clientAuth()
	if o.ca != "" {
		t.CA, t.CopiedCA, t.OwnCA = "oidc/"+o.Name+"-idp-ca.crt", filepath.Base(o.ca), o.ca
	}
	return t
}

// Line is the method in the gateway's configuration. What is its default is left out.
func (t realmText) Line() string {
	line := fmt.Sprintf("{name: %s, type: oidc, realm: %s, issuer: %q, client_id: %q", t.Method, t.Name, t.Issuer, t.Client)
	if t.Algorithm != Default().SignatureAlgorithm {
		line += ", signature_algorithm: " + t.Algorithm
	}
	if t.OwnCA != "" {
		line += fmt.Sprintf(", ca: %q", t.OwnCA)
	}
	return line + "}"
}

// List is the scopes as elasticsearch.yml has them.
func (t realmText) List() string {
	quoted := make([]string, len(t.Scopes))
	for i, scope := range t.Scopes {
		quoted[i] = strconv.Quote(scope)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

//go:embed realm.tmpl
var realmTemplate string
