package standin

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// An index is guarded by the cluster's mutex; its documents are immutable.
type index struct {
	name, uuid string
	docs       []*document // in the order of their creation
	sequence   int
}

type document struct {
	index, id         string
	source            json.RawMessage
	fields            map[string]any
	version, sequence int
}

func (c *cluster) addIndices(indices map[string][]Document) error {
	for _, name := range slices.Sorted(maps.Keys(indices)) {
		i := c.addIndex(name)
		for _, d := range indices[name] {
			source, err := encode(d.Source)
			if err != nil {
				return fmt.Errorf("standin: document %q of index %q: %w", d.ID, name, err)
			}
			if _, _, err := i.put(d.ID, source); err != nil {
				return fmt.Errorf("standin: document %q of index %q: %w", d.ID, name, err)
			}
		}
	}
	return nil
}

// addIndex makes an index. The caller holds mu, or is New.
func (c *cluster) addIndex(name string) *index {
	i := &index{name: name, uuid: randomID(16)}
	c.indices[name] = i
	return i
}

func (i *index) find(id string) (*document, int) {
	for at, d := range i.docs {
		if d.id == id {
			return d, at
		}
	}
	return nil, -1
}

// put writes a document and tells whether it is new. An empty id makes one up.
func (i *index) put(id string, source json.RawMessage) (d *document, created bool, err error) {
	fields := map[string]any{}
	if err := json.Unmarshal(source, &fields); err != nil {
		return nil, false, &exception{
			status: http.StatusBadRequest, kind: "document_parsing_exception", reason: "failed to parse: " + err.Error(),
		}
	}
	if id == "" {
		id = randomID(15)
	}
	d = &document{index: i.name, id: id, source: source, fields: fields, version: 1, sequence: i.sequence}
	i.sequence++
	if old, at := i.find(id); old != nil {
		d.version = old.version + 1
		i.docs[at] = d
		return d, false, nil
	}
	i.docs = append(i.docs, d)
	return d, true, nil
}

func (i *index) remove(id string) *document {
	d, at := i.find(id)
	if d != nil {
		i.docs = slices.Delete(i.docs, at, at+1)
		i.sequence++
	}
	return d
}

func indexNotFound(name string) *exception {
	e := &exception{status: http.StatusNotFound, kind: "index_not_found_exception", reason: "no such index [" + name + "]"}
	return e.with("resource.type", "index_or_alias").with("resource.id", name).
		with("index_uuid", "_na_").with("index", name)
}

// resolve turns an expression into names of indices and asks for the action on
// each. What the caller may not see falls out of wildcards without a word; a
// concrete name is refused whether it exists or not, so that nobody learns
// which exist. One authorized but missing is a 404.
func (c *call) resolve(action, expression string) ([]string, error) {
	if err := c.authorizeRunAs(action); err != nil {
		return nil, err
	}
	c.cluster.mu.Lock()
	existing := slices.Sorted(maps.Keys(c.cluster.indices))
	c.cluster.mu.Unlock()
	if expression == "" || expression == "_all" {
		expression = "*"
	}
	if !c.mayIndex(action, "") {
		return nil, c.deniedIndices(action, c.concrete(expression))
	}
	lenient := c.params.flag("ignore_unavailable")
	var chosen, denied, missing []string
	for part := range strings.SplitSeq(expression, ",") {
		if excluded, minus := strings.CutPrefix(part, "-"); minus && len(chosen) > 0 {
			chosen = slices.DeleteFunc(chosen, func(n string) bool { return glob(excluded, n) })
			continue
		}
		if strings.Contains(part, "*") {
			for _, name := range existing {
				if glob(part, name) && c.mayIndex(action, name) {
					chosen = append(chosen, name)
				}
			}
			continue
		}
		switch {
		case !c.mayIndex(action, part):
			denied = append(denied, part)
		case !slices.Contains(existing, part):
			missing = append(missing, part)
		default:
			chosen = append(chosen, part)
		}
	}
	if len(denied) > 0 && !lenient {
		return nil, c.deniedIndices(action, denied)
	}
	if len(missing) > 0 && !lenient {
		return nil, indexNotFound(missing[0])
	}
	slices.Sort(chosen)
	return slices.Compact(chosen), nil
}

// concrete are the names of an expression that a refusal may repeat.
func (c *call) concrete(expression string) []string {
	var names []string
	for part := range strings.SplitSeq(expression, ",") {
		if part != "" && !strings.Contains(part, "*") {
			names = append(names, part)
		}
	}
	return names
}

// one asks for an action on one concrete index that may be missing.
func (c *call) one(action, name string) error {
	if err := c.authorizeRunAs(action); err != nil {
		return err
	}
	if !c.mayIndex(action, name) {
		return c.deniedIndices(action, []string{name})
	}
	return nil
}

// indexRoute is GET, HEAD, PUT and DELETE /{index}.
func indexRoute(c *call) (action, error) {
	name := c.params["index"]
	return func() (*answer, error) {
		switch c.request.Method {
		case http.MethodPut:
			return c.createIndex(name)
		case http.MethodDelete:
			return c.deleteIndex(name)
		}
		names, err := c.resolve("indices:admin/get", name)
		if err != nil {
			return nil, err
		}
		o := object{}
		c.cluster.mu.Lock()
		defer c.cluster.mu.Unlock()
		for _, n := range names {
			if i := c.cluster.indices[n]; i != nil {
				settings := obj("index", obj("number_of_shards", "1", "number_of_replicas", "1", "uuid", i.uuid, "provided_name", n))
				o = o.with(n, obj("aliases", object{}, "mappings", object{}, "settings", settings))
			}
		}
		return ok(o)
	}, nil
}

func (c *call) createIndex(name string) (*answer, error) {
	if err := c.one("indices:admin/create", name); err != nil {
		return nil, err
	}
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	if i := c.cluster.indices[name]; i != nil {
		e := &exception{status: http.StatusBadRequest, kind: "resource_already_exists_exception"}
		e.reason = "index [" + name + "/" + i.uuid + "] already exists"
		return nil, e.with("index_uuid", i.uuid).with("index", name)
	}
	c.cluster.addIndex(name)
	return ok(obj("acknowledged", true, "shards_acknowledged", true, "index", name))
}

func (c *call) deleteIndex(name string) (*answer, error) {
	names, err := c.resolve("indices:admin/delete", name)
	if err != nil {
		return nil, err
	}
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	for _, n := range names {
		delete(c.cluster.indices, n)
	}
	return ok(obj("acknowledged", true))
}

// catIndicesRoute is GET /_cat/indices and /_cat/indices/{index}.
func catIndicesRoute(c *call) (action, error) {
	expression := c.params["index"]
	return func() (*answer, error) {
		names, err := c.resolve("indices:monitor/settings/get", expression)
		if err != nil {
			return nil, err
		}
		if err := c.authorize("cluster:monitor/state"); err != nil {
			return nil, err
		}
		var rows [][]string
		c.cluster.mu.Lock()
		for _, n := range names {
			if i := c.cluster.indices[n]; i != nil {
				rows = append(rows, []string{
					"green", "open", n, i.uuid, "1", "0", itoa(len(i.docs)), "0", "227b", "227b", "227b",
				})
			}
		}
		c.cluster.mu.Unlock()
		return c.table([]string{
			"health", "status", "index", "uuid", "pri", "rep", "docs.count", "docs.deleted",
			"store.size", "pri.store.size", "dataset.size",
		}, rows)
	}, nil
}
