package login

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"text/template"
)

// RealmFlags are what every `gateway realm TYPE` asks for, whatever the protocol: how
// the realm is called at Elasticsearch, and where the gateway's method will answer.
type RealmFlags struct {
	// Kind is the type of the method, Usual the name of one that nobody has named.
	Kind, Usual string
	// Name is the realm's name and Order its place among the realms.
	Name  string
	Order int
	// Public or Config say where the gateway is; Method is the method's name, or "".
	Public, Config, Method string
}

// Add declares the flags.
func (f *RealmFlags) Add(flags *flag.FlagSet) {
	flags.StringVar(&f.Name, "name", "", "the `realm`'s name at Elasticsearch, for example "+f.example())
	flags.StringVar(&f.Public, "public-url", "", "the `address` that people will use, for example https://sso.example.com")
	flags.StringVar(&f.Config, "config", "", "the configuration `file`, in the place of --public-url")
	flags.StringVar(&f.Method, "method", "", "the method's `name` in the gateway's configuration (default "+f.Usual+")")
	flags.IntVar(&f.Order, "order", 2, "the realm's place among Elasticsearch's realms, which no other may have")
}

func (f *RealmFlags) example() string { return f.Kind + "1" }

// realmName is what can stand in a setting's key, in a file name and in an address.
var realmName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// Parse reads the flags, and refuses what no realm can be made of. The errors of wrong
// flags are of ErrUsage.
func (f *RealmFlags) Parse(c Call, flags *flag.FlagSet) error {
	if err := c.Parse(flags); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return Misused("nothing is expected after the flags, got %q", flags.Arg(0))
	}
	return f.checkName()
}

// checkName refuses what is no name of a realm. Its errors are of ErrUsage.
func (f *RealmFlags) checkName() error {
	switch {
	case f.Name == "":
		return Misused("--name is missing; it is the realm's name at Elasticsearch, for example %s", f.example())
	case !realmName.MatchString(f.Name):
		return Misused("--name %q is no name of a realm; write at most 64 letters, digits, - and _, for example %s", f.Name, f.example())
	}
	return nil
}

// CheckPlace refuses two places, and none. Its errors are of ErrUsage.
func (f *RealmFlags) CheckPlace() error {
	if (f.Public == "") == (f.Config == "") {
		return Misused("say where people will reach the gateway: --public-url https://sso.example.com, or --config FILE")
	}
	return nil
}

// Place is the method that the realm is for. One that no file describes yet has a name
// and an address, and no Build.
func (f *RealmFlags) Place(c Call) (SiteMethod, error) {
	name := cmp.Or(f.Method, f.Usual)
	if f.Config == "" {
		base, err := c.Address(f.Public, name)
		if err != nil {
			return SiteMethod{}, Misused("--public-url %s, --method %s: %s", f.Public, name, err)
		}
		return SiteMethod{Name: name, Realm: f.Name, Base: base}, nil
	}
	site, err := c.Load(f.Config)
	if err != nil {
		return SiteMethod{}, err
	}
	i := slices.IndexFunc(site.Methods, func(m SiteMethod) bool {
		return m.Realm == f.Name && (f.Method == "" || f.Method == m.Name)
	})
	if i < 0 {
		return SiteMethod{}, Misused("%s has no such method; write there, below methods: - {name: %s, type: %s, realm: %s}", f.Config, name, f.Kind, f.Name)
	}
	return site.Methods[i], nil
}

// Origin is the address of a site with a slash at the end: what it is called where one
// name for all of it is asked for.
func Origin(at *url.URL) string {
	return (&url.URL{Scheme: at.Scheme, Host: at.Host, Path: "/"}).String()
}

// PrintRealm writes what an operator needs for a realm. Beside its own fields a text has
// account, the gateway's account for a privilege, mapping, a first role mapping of a realm,
// and quote.
func PrintRealm(w io.Writer, text string, fields any) error {
	page, err := template.New("realm").Funcs(template.FuncMap{
		"quote": strconv.Quote, "account": accountText, "mapping": mappingText,
	}).Parse(text)
	if err != nil {
		return err
	}
	return page.Execute(w, fields)
}

// accountText are lines for operators: the gateway's own account at Elasticsearch, with
// the least role for methods that need this privilege, and how it is made.
func accountText(privilege string) string {
	return `# In roles.yml; if the role is there already, for another method, add only the line that it has not:
esgateway:
  cluster:
    - ` + privilege + `
    - manage_token
    - cluster:monitor/main
    - cluster:monitor/health
    - cluster:monitor/xpack/license/get
# and, with a long random password that nobody else knows:
bin/elasticsearch-users useradd esgateway -r esgateway`
}

// mappingText are lines for operators: a role mapping to begin with. Nobody gets in
// without a role, so it is part of every realm.
func mappingText(realm string) string {
	return fmt.Sprintf(`# In Kibana's Dev Tools, or with curl
# (curl -u elastic -X PUT -H 'Content-Type: application/json' https://es.example.com:9200/_security/... -d '{...}'):
PUT /_security/role_mapping/%[1]s-first
{
  "enabled": true,
  "roles": ["YOUR-ROLE"],
  "rules": { "all": [ { "field": { "realm.name": "%[1]s" } }, { "field": { "groups": "YOUR-GROUP" } } ] }
}`, realm)
}
