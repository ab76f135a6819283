package standin

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/pkirealm"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// A cluster is the state that nodes share.
type cluster struct {
	config  Config
	release release
	uuid    string
	roles   map[string]Role // with the builtin ones; never changes
	saml    []*samlrealm.Realm
	oidc    []*oidcrealm.Realm
	pki     []*pkirealm.Realm

	mu           sync.Mutex // guards everything below, and the maps of the nodes
	nodes        int
	users        map[string]User
	roleMappings []RoleMapping
	tokens       map[string]*tokenDocument // by document id
	tokensIndex  bool                      // the index exists once a token was made
	keys         map[string]*apiKey
	profiles     map[string]object // by uid, once they were activated
	indices      map[string]*index
	contexts     map[string]*searchContext
	counters     Counters
}

func newCluster(cfg Config) (*cluster, error) {
	version, err := parseRelease(cfg.Version)
	if err != nil {
		return nil, err
	}
	c := &cluster{
		config: cfg, release: version, uuid: randomID(16),
		roles:  map[string]Role{"superuser": superuser()},
		users:  map[string]User{},
		tokens: map[string]*tokenDocument{},
		keys:   map[string]*apiKey{}, profiles: map[string]object{}, indices: map[string]*index{}, contexts: map[string]*searchContext{},
	}
	maps.Copy(c.roles, cfg.Roles)
	c.roleMappings = slices.Clone(cfg.RoleMappings)
	for _, u := range cfg.Users {
		if _, twice := c.users[u.Name]; twice {
			return nil, fmt.Errorf("standin: user %q is there twice", u.Name)
		}
		c.users[u.Name] = u
	}
	if err := c.addRealms(cfg); err != nil {
		return nil, err
	}
	return c, c.addIndices(cfg.Indices)
}

func (c *cluster) addRealms(all Config) error {
	for _, cfg := range all.SAML {
		realm, err := samlrealm.New(cfg)
		if err != nil {
			return fmt.Errorf("standin: SAML realm %q: %w", cfg.Name, err)
		}
		c.saml = append(c.saml, realm)
	}
	for _, cfg := range all.OIDC {
		realm, err := oidcrealm.New(cfg)
		if err != nil {
			return fmt.Errorf("standin: OpenID Connect realm %q: %w", cfg.Name, err)
		}
		c.oidc = append(c.oidc, realm)
	}
	for _, cfg := range all.PKI {
		realm, err := pkirealm.New(cfg)
		if err != nil {
			return fmt.Errorf("standin: PKI realm %q: %w", cfg.Name, err)
		}
		c.pki = append(c.pki, realm)
	}
	return nil
}

func (c *cluster) newNode() *Elasticsearch {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes++
	es := &Elasticsearch{cluster: c, id: randomID(16), name: c.config.NodeName, calls: map[string]int{}, routes: routes()}
	if c.nodes > 1 {
		es.name = fmt.Sprintf("%s-%d", c.config.NodeName, c.nodes)
	}
	es.faults.Store(&Faults{})
	es.started = c.config.Now()
	es.lastCleanup = es.started
	return es
}

// randomID is a random name in Elasticsearch's fashion: base64url, no padding.
func randomID(size int) string {
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// SetUser adds or replaces a user of the file realm.
func (es *Elasticsearch) SetUser(u User) {
	es.cluster.mu.Lock()
	defer es.cluster.mu.Unlock()
	es.cluster.users[u.Name] = u
}

// DeleteUser removes a user of the file realm. Tokens stay, as they do there.
func (es *Elasticsearch) DeleteUser(name string) {
	es.cluster.mu.Lock()
	defer es.cluster.mu.Unlock()
	delete(es.cluster.users, name)
}

// SetRoleMappings replaces the role mappings; they are read at sign-in only. PKI
// realms forget whom they remember.
func (es *Elasticsearch) SetRoleMappings(mappings ...RoleMapping) {
	es.cluster.mu.Lock()
	defer es.cluster.mu.Unlock()
	es.cluster.roleMappings = slices.Clone(mappings)
	for _, r := range es.cluster.pki {
		r.Forget()
	}
}

func (c *cluster) user(name string) (User, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u, known := c.users[name]
	return u, known
}
