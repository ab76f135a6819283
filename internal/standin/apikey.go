package standin

import (
	"crypto/subtle"
	"encoding/json"
	"strings"
	"time"
)

// An apiKey is immutable but for its invalidation, which the cluster's mutex
// guards; an update puts another value in its place.
type apiKey struct {
	id, name, secret string
	created          time.Time
	expires          time.Time // zero: never
	owner            identity
	own              permission  // nil: inherits its owner's
	limitedBy        permissions // the owner's at the time
	metadata         json.RawMessage
	descriptors      json.RawMessage
	dead             bool
	died             time.Time
}

func (k *apiKey) permissions() permissions {
	if k.own == nil {
		return k.limitedBy
	}
	return append(permissions{k.own}, k.limitedBy...)
}

func (k *apiKey) reference(r release) object {
	o := obj("id", k.id, "name", k.name)
	if r.apiKeyManagedBy() {
		o = o.with("managed_by", "elasticsearch")
	}
	return o
}

func keyRealm() realmRef { return realmRef{"_es_api_key", "_es_api_key"} }

// apiKey authenticates a key. The secret is checked before the expiry, so that
// a guesser does not learn that a key has expired.
func (c *call) apiKey(encoded string) (*authentication, error) {
	text, err := decodeBase64(encoded)
	if err != nil {
		return nil, c.nobodyTook("API key: " + err.Error())
	}
	id, secret, colon := strings.Cut(string(text), ":")
	if !colon || id == "" {
		return nil, c.nobodyTook("API key: invalid ApiKey value")
	}
	if c.faults.SecurityIndexDown {
		return nil, c.nobodyTook("API key: apikey authentication for id " + id + " encountered a failure")
	}
	k, reason := c.cluster.checkKey(id, secret, c.now)
	if reason != "" {
		return nil, c.nobodyTook("API key: " + reason)
	}
	who := k.owner
	who.roles, who.realm = []string{}, keyRealm()
	return &authentication{kind: "api_key", caller: who, user: who, key: k}, nil
}

func (c *cluster) checkKey(id, secret string, now time.Time) (*apiKey, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.keys[id]
	switch {
	case k == nil:
		return nil, "unable to find apikey with id " + id
	case k.dead:
		return nil, "api key [" + id + "] has been invalidated"
	case subtle.ConstantTimeCompare([]byte(k.secret), []byte(secret)) != 1:
		return nil, "invalid credentials for API key [" + id + "]"
	case !k.expires.IsZero() && !now.Before(k.expires):
		return nil, "api key is expired"
	}
	return k, ""
}
