package saml

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/esgateway/esgateway/internal/login"
)

// realmCommand is `gateway realm saml`: all that an operator writes at
// Elasticsearch, made from the identity provider's metadata.
func realmCommand() login.Command {
	return login.Command{
		Verb:    "realm",
		Usage:   "--name REALM --idp-metadata FILE|https://... (--public-url URL | --config FILE) [--method NAME] [--idp-entity-id ID] [--idp-ca FILE] [--order N] [--sign] [--encrypt]",
		Summary: "print what Elasticsearch needs, from the identity provider's metadata",
		Run:     printRealm,
	}
}

// realmOptions are the flags of `gateway realm saml`.
type realmOptions struct {
	login.RealmFlags
	metadata, entityID, ca  string
	sign, signSaid, encrypt bool
}

func readOptions(c login.Call) (realmOptions, error) {
	o := realmOptions{RealmFlags: login.RealmFlags{Kind: "saml", Usual: "corp"}}
	flags := flag.NewFlagSet("gateway realm saml", flag.ContinueOnError)
	o.Add(flags)
	flags.StringVar(&o.metadata, "idp-metadata", "", "a `file` or https address with the identity provider's metadata")
	flags.StringVar(&o.entityID, "idp-entity-id", "", "the identity provider's `id`, where the metadata holds several")
	flags.StringVar(&o.ca, "idp-ca", "", "a PEM `file` with the authority of that https address, if it is your own")
	flags.BoolVar(&o.sign, "sign", false, "let the realm sign what it sends (default: if the metadata asks for it)")
	flags.BoolVar(&o.encrypt, "encrypt", false, "let the realm open encrypted assertions")
	if err := o.Parse(c, flags); err != nil {
		return o, err
	}
	flags.Visit(func(f *flag.Flag) { o.signSaid = o.signSaid || f.Name == "sign" })
	switch {
	case o.metadata == "":
		return o, login.Misused("--idp-metadata is missing; it is the file or the https address that your identity provider publishes")
	case o.ca != "" && !isAddress(o.metadata):
		return o, login.Misused("--idp-ca is for an https address, and --idp-metadata is a file")
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
	t := realmText{Name: o.Name, Order: o.Order, Encrypt: o.encrypt, Method: method.Name}
	t.addresses(method.Base)
	raw, err := fetchMetadata(ctx, o.metadata, o.ca)
	if err != nil {
		return err
	}
	all, err := readEntities(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", o.metadata, err)
	}
	provider, err := choose(all, o.entityID)
	if err != nil {
		return err
	}
	t.Sign, t.Asked = o.sign || provider.IdP.WantsSigned && !o.signSaid, provider.IdP.WantsSigned
	t.source(o)
	t.provider(provider)
	for _, warning := range examine(provider, c.Now()) {
		fmt.Fprintln(c.Err, "warn", warning)
	}
	return login.PrintRealm(c.Out, realmTemplate, t)
}

// realmText is what the template shows.
type realmText struct {
	Name, Method string
	Order        int
	// Metadata is the value of idp.metadata.path, Copied the file that becomes it.
	Metadata, Copied string
	// CA is the value of ssl.certificate_authorities, CopiedCA the file.
	CA, CopiedCA  string
	IdP, SP       string // entity ids
	ACS, SLO, Own string // addresses
	Sign, Encrypt bool
	Asked         bool // for signatures, by the provider
	Formats       []string
	guess
}

func (t *realmText) addresses(base *url.URL) {
	t.ACS, t.SLO, t.Own = base.String()+"/acs", base.String()+"/slo", base.String()+"/metadata"
	t.SP = login.Origin(base)
}

// source says where Elasticsearch will find the metadata.
func (t *realmText) source(o realmOptions) {
	if isAddress(o.metadata) {
		t.Metadata = o.metadata
		if o.ca != "" {
			t.CA, t.CopiedCA = "saml/"+o.Name+"-idp-ca.crt", filepath.Base(o.ca)
		}
		return
	}
	t.Metadata, t.Copied = "saml/"+o.Name+"-idp.xml", filepath.Base(o.metadata)
}

func (t *realmText) provider(e entity) {
	t.IdP, t.guess = e.ID, guessFor(e)
	for _, format := range e.IdP.NameFormats {
		t.Formats = append(t.Formats, strings.TrimSpace(format))
	}
}

//go:embed realm.tmpl
var realmTemplate string

// choose finds the one identity provider that is meant.
func choose(all []entity, wanted string) (entity, error) {
	var providers []entity
	for _, e := range all {
		if e.IdP == nil {
			continue
		}
		if wanted != "" && wanted == e.ID {
			return e, nil
		}
		providers = append(providers, e)
	}
	switch {
	case len(providers) == 0:
		return entity{}, errors.New("the metadata describes no identity provider (it has no IDPSSODescriptor); is it that of a service provider?")
	case wanted != "":
		return entity{}, login.Misused("the metadata holds no identity provider %q, but %s", wanted, listed(providers))
	case len(providers) > 1:
		return entity{}, login.Misused("the metadata holds several identity providers; say by --idp-entity-id which one: %s", listed(providers))
	}
	return providers[0], nil
}

// maxListed is how many of a federation's parties are shown.
const maxListed = 20

func listed(all []entity) string {
	out := ""
	for i, e := range all {
		if i == maxListed {
			return out + fmt.Sprintf("\n  and %d more", len(all)-i)
		}
		out += "\n  " + strconv.Quote(e.ID)
	}
	return out
}
