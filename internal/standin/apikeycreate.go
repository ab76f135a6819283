package standin

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// A keyRequest is the body of POST /_security/api_key.
type keyRequest struct {
	name, expiration      *string
	descriptors, metadata json.RawMessage
}

// A roleDescriptor is a role as API-key requests spell it.
type roleDescriptor struct {
	Cluster []string          `json:"cluster"`
	Index   []indexDescriptor `json:"index"`
	Indices []indexDescriptor `json:"indices"`
	RunAs   []string          `json:"run_as"`
}

type indexDescriptor struct {
	Names      oneOrList `json:"names"`
	Privileges oneOrList `json:"privileges"`
}

// oneOrList is a list of strings that may be written as one.
type oneOrList []string

// UnmarshalJSON takes a string or an array of strings.
func (l *oneOrList) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = oneOrList{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(l))
}

func (d roleDescriptor) role() Role {
	r := Role{Cluster: d.Cluster, RunAs: d.RunAs}
	for _, i := range append(d.Index, d.Indices...) {
		r.Indices = append(r.Indices, IndexPrivileges{Names: i.Names, Privileges: i.Privileges})
	}
	return r
}

func (d roleDescriptor) empty() bool {
	return len(d.Cluster)+len(d.Index)+len(d.Indices)+len(d.RunAs) == 0
}

// apiKeyCreateRoute is POST and PUT /_security/api_key.
func apiKeyCreateRoute(c *call) (action, error) {
	if len(c.body) == 0 {
		return nil, parseException("request body is required")
	}
	r, roles, err := parseKeyRequest(c.body)
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		if err := r.faults().err(); err != nil {
			return nil, err
		}
		if err := c.authorize(security + "api_key/create"); err != nil {
			return nil, err
		}
		return c.createKey(r, roles, c.caller)
	}, nil
}

func parseKeyRequest(body []byte) (keyRequest, map[string]roleDescriptor, error) {
	var r keyRequest
	err := parseObject("api_key_request", body, []field{
		text("name", &r.name), text("expiration", &r.expiration),
		raw("role_descriptors", &r.descriptors), raw("metadata", &r.metadata),
	})
	if err != nil {
		return r, nil, err
	}
	roles, err := parseRoles(r.descriptors)
	return r, roles, err
}

// parseRoles reads role descriptors; absent ones are none.
func parseRoles(descriptors json.RawMessage) (map[string]roleDescriptor, error) {
	roles := map[string]roleDescriptor{}
	if descriptors == nil {
		return roles, nil
	}
	if err := json.Unmarshal(descriptors, &roles); err != nil {
		return nil, parseException("failed to parse role descriptors: " + err.Error())
	}
	return roles, nil
}

func union(roles map[string]roleDescriptor) permission {
	var p permission
	for _, d := range roles {
		p = append(p, d.role())
	}
	return p
}

const maxKeyName = 256

func (r keyRequest) faults() validation {
	var v validation
	name := value(r.name)
	if name == "" {
		v.require(false, "api key name is required")
	} else {
		v.require(len(name) <= maxKeyName, "api key name may not be more than 256 characters long")
		v.require(name == strings.TrimSpace(name), "api key name may not begin or end with whitespace")
		v.require(!strings.HasPrefix(name, "_"), "api key name may not begin with an underscore")
	}
	metadata := map[string]any{}
	_ = json.Unmarshal(r.metadata, &metadata) // it was read as an object already, or is absent
	for key := range metadata {
		v.require(!strings.HasPrefix(key, "_"), "API key metadata keys may not start with [_]")
	}
	return v
}

// createKey makes a key for somebody. It refuses derived keys that are not empty: a key that could make keys
// would outlive its own revocation.
func (c *call) createKey(r keyRequest, roles map[string]roleDescriptor, who *authentication) (*answer, error) {
	empty := len(roles) > 0
	for _, d := range roles {
		empty = empty && d.empty()
	}
	if who.ownedByKey() && !empty {
		return nil, illegalArgument("creating derived api keys requires an explicit role descriptor that is empty (has no privileges)")
	}
	owner := who.user
	if who.ownedByKey() {
		owner = who.key.owner
	}
	k := &apiKey{
		id: randomID(15), secret: randomID(16), name: *r.name, created: c.now, owner: owner,
		own: union(roles), limitedBy: who.permissions(c.cluster), metadata: orEmpty(r.metadata), descriptors: orEmpty(r.descriptors),
	}
	o := obj("id", k.id, "name", k.name)
	if r.expiration != nil {
		life, err := timeValue("expiration", *r.expiration)
		if err != nil {
			return nil, err
		}
		k.expires = c.now.Add(life.Truncate(time.Second)) // cut to whole seconds, as there
		o = o.with("expiration", k.expires.UnixMilli())
	}
	c.cluster.mu.Lock()
	c.cluster.keys[k.id] = k
	c.cluster.mu.Unlock()
	encoded := base64.StdEncoding.EncodeToString([]byte(k.id + ":" + k.secret))
	return ok(append(o, obj("api_key", k.secret, "encoded", encoded)...))
}

func orEmpty(text json.RawMessage) json.RawMessage {
	if text == nil {
		return json.RawMessage("{}")
	}
	return text
}
