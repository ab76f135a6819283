package standin

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// A keyUpdate is what an owner may change; also the snapshot of his rights is
// taken anew.
type keyUpdate struct {
	expiration            *string
	descriptors, metadata json.RawMessage
}

func (u *keyUpdate) fields() []field {
	return []field{
		text("expiration", &u.expiration), raw("role_descriptors", &u.descriptors), raw("metadata", &u.metadata),
	}
}

// apiKeyUpdateRoute is PUT /_security/api_key/{id}.
func apiKeyUpdateRoute(c *call) (action, error) {
	var u keyUpdate
	if len(c.body) > 0 {
		if err := c.parse("update_api_key_request_payload", u.fields()...); err != nil {
			return nil, err
		}
	}
	return func() (*answer, error) {
		if err := c.mayUpdateKeys(security + "api_key/update"); err != nil {
			return nil, err
		}
		changed, err := c.updateKey(c.params["id"], u)
		if err != nil {
			return nil, err
		}
		return ok(obj("updated", changed))
	}, nil
}

// apiKeyBulkUpdateRoute is POST /_security/api_key/_bulk_update.
func apiKeyBulkUpdateRoute(c *call) (action, error) {
	var u keyUpdate
	var ids []string
	if err := c.parse("bulk_update_api_key_request", append(u.fields(), texts("ids", &ids))...); err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		var v validation
		v.require(len(ids) > 0, "Field [ids] cannot be empty")
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := c.mayUpdateKeys(security + "api_key/bulk_update"); err != nil {
			return nil, err
		}
		return c.updateKeys(ids, u)
	}, nil
}

func (c *call) updateKeys(ids []string, u keyUpdate) (*answer, error) {
	updated, noops, details := []string{}, []string{}, object{}
	for _, id := range ids {
		changed, err := c.updateKey(id, u)
		e, failed := errors.AsType[*exception](err)
		switch {
		case failed:
			details = details.with(id, e.object(true, false))
		case changed:
			updated = append(updated, id)
		default:
			noops = append(noops, id)
		}
	}
	o := obj("updated", updated, "noops", noops)
	if len(details) > 0 {
		o = o.with("errors", obj("count", len(details), "details", details))
	}
	return ok(o)
}

func (c *call) mayUpdateKeys(action string) error {
	if err := c.authorize(action); err != nil {
		return err
	}
	if c.caller.ownedByKey() {
		return illegalArgument("authentication via API key not supported: only the owner user can update an API key")
	}
	return nil
}

// updateKey tells whether anything changed; only the owner finds the key.
func (c *call) updateKey(id string, u keyUpdate) (bool, error) {
	roles, err := parseRoles(u.descriptors)
	if err != nil {
		return false, err
	}
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	k := c.cluster.keys[id]
	switch {
	case k == nil || !owns(k, c.caller):
		reason := "no API key owned by requesting user found for ID [" + id + "]"
		return false, &exception{status: http.StatusNotFound, kind: "resource_not_found_exception", reason: reason}
	case k.dead:
		return false, illegalArgument("cannot update invalidated API key [" + id + "]")
	case !k.expires.IsZero() && !c.now.Before(k.expires):
		return false, illegalArgument("cannot update expired API key [" + id + "]")
	}
	next := *k
	changed := false
	if u.descriptors != nil {
		changed = changed || !bytes.Equal(u.descriptors, k.descriptors)
		next.own, next.descriptors = union(roles), u.descriptors
	}
	if u.metadata != nil {
		changed = changed || !bytes.Equal(u.metadata, k.metadata)
		next.metadata = u.metadata
	}
	if u.expiration != nil {
		life, err := timeValue("expiration", *u.expiration)
		if err != nil {
			return false, err
		}
		if life <= 0 {
			return false, illegalArgument("API key expiration must be in the future")
		}
		next.expires, changed = c.now.Add(life.Truncate(time.Second)), true
	}
	next.owner = c.caller.user
	next.limitedBy = c.cluster.permissionsOf(c.caller.user)
	c.cluster.keys[id] = &next
	return changed, nil
}
