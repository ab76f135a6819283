package saml

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"text/template"

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
	name, metadata, entityID, ca string
	public, config, method       string
	order                        int
	sign, signSaid, encrypt      bool
}

// realmName is what can stand in a setting's key, in a file name and in an address.
var realmName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

func readOptions(c login.Call) (realmOptions, error) {
	var o realmOptions
	flags := flag.NewFlagSet("gateway realm saml", flag.ContinueOnError)
	flags.StringVar(&o.name, "name", "", "the `realm`'s name at Elasticsearch, for example saml1")
	flags.StringVar(&o.metadata, "idp-metadata", "", "a `file` or https address with the identity provider's metadata")
	flags.StringVar(&o.entityID, "idp-entity-id", "", "the identity provider's `id`, where the metadata holds several")
	flags.StringVar(&o.ca, "idp-ca", "", "a PEM `file` with the authority of that https address, if it is your own")
	flags.StringVar(&o.public, "public-url", "", "the `address` that people will use, for example https://sso.example.com")
	flags.StringVar(&o.config, "config", "", "the configuration `file`, in the place of --public-url")
	flags.StringVar(&o.method, "method", "", "the method's `name` in the gateway's configuration (default corp)")
	flags.IntVar(&o.order, "order", 2, "the realm's place among Elasticsearch's realms, which no other may have")
	flags.BoolVar(&o.sign, "sign", false, "let the realm sign what it sends (default: if the metadata asks for it)")
	flags.BoolVar(&o.encrypt, "encrypt", false, "let the realm open encrypted assertions")
	if err := c.Parse(flags); err != nil {
		return o, err
	}
	flags.Visit(func(f *flag.Flag) { o.signSaid = o.signSaid || f.Name == "sign" })
	switch {
	case flags.NArg() > 0:
		return o, login.Misused("nothing is expected after the flags, got %q", flags.Arg(0))
	case o.name == "":
		return o, login.Misused("--name is missing; it is the realm's name at Elasticsearch, for example saml1")
	case !realmName.MatchString(o.name):
		return o, login.Misused("--name %q is no name of a realm; write at most 64 letters, digits, - and _, for example saml1", o.name)
	case o.metadata == "":
		return o, login.Misused("--idp-metadata is missing; it is the file or the https address that your identity provider publishes")
	case o.ca != "" && !isAddress(o.metadata):
		return o, login.Misused("--idp-ca is for an https address, and --idp-metadata is a file")
	case (o.public == "") == (o.config == ""):
		return o, login.Misused("say where people will reach the gateway: --public-url https://sso.example.com, or --config FILE")
	}
	return o, nil
}

func printRealm(ctx context.Context, c login.Call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	t := realmText{Name: o.name, Order: o.order, Encrypt: o.encrypt}
	if err := t.place(c, o); err != nil {
		return err
	}
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
	return t.write(c.Out)
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

// place says where the method will answer.
func (t *realmText) place(c login.Call, o realmOptions) error {
	if o.config == "" {
		t.Method = cmp.Or(o.method, "corp")
		base, err := c.Address(o.public, t.Method)
		if err != nil {
			return login.Misused("--public-url %s, --method %s: %s", o.public, t.Method, err)
		}
		t.addresses(base)
		return nil
	}
	site, err := c.Load(o.config)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(site.Methods, func(m login.SiteMethod) bool {
		return m.Realm == o.name && (o.method == "" || o.method == m.Name)
	})
	if i < 0 {
		name := cmp.Or(o.method, "corp")
		return login.Misused("%s has no such method; write there, below methods: - {name: %s, type: saml, realm: %s}", o.config, name, o.name)
	}
	t.Method = site.Methods[i].Name
	t.addresses(site.Methods[i].Base)
	return nil
}

func (t *realmText) addresses(base *url.URL) {
	t.ACS, t.SLO, t.Own = base.String()+"/acs", base.String()+"/slo", base.String()+"/metadata"
	t.SP = (&url.URL{Scheme: base.Scheme, Host: base.Host, Path: "/"}).String()
}

// source says where Elasticsearch will find the metadata.
func (t *realmText) source(o realmOptions) {
	if isAddress(o.metadata) {
		t.Metadata = o.metadata
		if o.ca != "" {
			t.CA, t.CopiedCA = "saml/"+o.name+"-idp-ca.crt", filepath.Base(o.ca)
		}
		return
	}
	t.Metadata, t.Copied = "saml/"+o.name+"-idp.xml", filepath.Base(o.metadata)
}

func (t *realmText) provider(e entity) {
	t.IdP, t.Formats, t.guess = e.ID, e.IdP.NameFormats, guessFor(e)
}

//go:embed realm.tmpl
var realmTemplate string

func (t *realmText) write(w io.Writer) error {
	page, err := template.New("realm").Funcs(template.FuncMap{"quote": strconv.Quote}).Parse(realmTemplate)
	if err != nil {
		return err
	}
	return page.Execute(w, t)
}

// choose finds the one identity provider that is meant.
func choose(all []entity, wanted string) (entity, error) {
	var providers []entity
	for _, e := range all {
		if e.IdP == nil {
			continue
		}
		if wanted == e.ID {
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
