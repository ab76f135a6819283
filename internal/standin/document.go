package standin

import (
	"encoding/json"
	"errors"
	"net/http"
)

const (
	actionGet    = "indices:data/read/get"
	actionIndex  = "indices:data/write/index"
	actionDelete = "indices:data/write/delete"
)

// found is a document as get and mget show it.
func (d *document) found() object {
	return obj("_index", d.index, "_id", d.id, "_version", d.version, "_seq_no", d.sequence, "_primary_term", 1,
		"found", true, "_source", d.source)
}

// written is the answer of a write.
func (d *document) written(result string) object {
	return obj("_index", d.index, "_id", d.id, "_version", d.version, "result", result,
		"_shards", obj("total", 2, "successful", 1, "failed", 0), "_seq_no", d.sequence, "_primary_term", 1)
}

// documentGetRoute is GET and HEAD /{index}/_doc/{id}.
func documentGetRoute(c *call) (action, error) {
	name, id := c.params["index"], c.params["id"]
	return func() (*answer, error) {
		if err := c.one(actionGet, name); err != nil {
			return nil, err
		}
		c.cluster.mu.Lock()
		defer c.cluster.mu.Unlock()
		i := c.cluster.indices[name]
		if i == nil {
			return nil, indexNotFound(name)
		}
		d, _ := i.find(id)
		if d == nil {
			return jsonAnswer(http.StatusNotFound, obj("_index", name, "_id", id, "found", false)), nil
		}
		return ok(d.found())
	}, nil
}

// documentPutRoute is PUT and POST /{index}/_doc/{id}, /{index}/_create/{id} and
// POST /{index}/_doc.
func documentPutRoute(create bool) func(*call) (action, error) {
	return func(c *call) (action, error) {
		name, id := c.params["index"], c.params["id"]
		if len(c.body) == 0 {
			return nil, parseException("request body is required")
		}
		return func() (*answer, error) {
			if err := c.one(actionIndex, name); err != nil {
				return nil, err
			}
			o, status, err := c.cluster.write(name, id, c.body, create || c.params["op_type"] == "create")
			if err != nil {
				return nil, err
			}
			return jsonAnswer(status, o), nil
		}, nil
	}
}

// write makes a document, and its index if need be.
func (c *cluster) write(name, id string, source json.RawMessage, create bool) (object, int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.indices[name]
	if i == nil {
		i = c.addIndex(name)
	}
	if old, _ := i.find(id); create && old != nil {
		e := &exception{status: http.StatusConflict, kind: "version_conflict_engine_exception"}
		e.reason = "[" + id + "]: version conflict, document already exists (current version [" + itoa(old.version) + "])"
		return nil, 0, e.with("index_uuid", i.uuid).with("shard", "0").with("index", name)
	}
	d, isNew, err := i.put(id, source)
	if err != nil {
		return nil, 0, err
	}
	if isNew {
		return d.written("created"), http.StatusCreated, nil
	}
	return d.written("updated"), http.StatusOK, nil
}

// documentDeleteRoute is DELETE /{index}/_doc/{id}.
func documentDeleteRoute(c *call) (action, error) {
	name, id := c.params["index"], c.params["id"]
	return func() (*answer, error) {
		if err := c.one(actionDelete, name); err != nil {
			return nil, err
		}
		o, status, err := c.cluster.unwrite(name, id)
		if err != nil {
			return nil, err
		}
		return jsonAnswer(status, o), nil
	}, nil
}

func (c *cluster) unwrite(name, id string) (object, int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.indices[name]
	if i == nil {
		return nil, 0, indexNotFound(name)
	}
	if d := i.remove(id); d != nil {
		gone := *d
		gone.version, gone.sequence = d.version+1, i.sequence-1
		return gone.written("deleted"), http.StatusOK, nil
	}
	absent := document{index: name, id: id, version: 1, sequence: i.sequence}
	return absent.written("not_found"), http.StatusNotFound, nil
}

// multiGetRoute is GET and POST /_mget and /{index}/_mget.
func multiGetRoute(c *call) (action, error) {
	var body struct {
		Docs []struct {
			Index string `json:"_index"`
			ID    string `json:"_id"`
		} `json:"docs"`
		IDs []string `json:"ids"`
	}
	if len(c.body) == 0 {
		return nil, parseException("request body is required")
	}
	if err := json.Unmarshal(c.body, &body); err != nil {
		return nil, contentException("[1:1] " + err.Error())
	}
	return func() (*answer, error) {
		if err := c.authorizeRunAs("indices:data/read/mget"); err != nil {
			return nil, err
		}
		if !c.mayIndex("indices:data/read/mget", "") {
			return nil, c.deniedIndices("indices:data/read/mget", nil)
		}
		docs := []object{}
		for _, id := range body.IDs {
			docs = append(docs, c.multiGetItem(c.params["index"], id))
		}
		for _, d := range body.Docs {
			if d.Index == "" {
				d.Index = c.params["index"]
			}
			docs = append(docs, c.multiGetItem(d.Index, d.ID))
		}
		return ok(obj("docs", docs))
	}, nil
}

func (c *call) multiGetItem(name, id string) object {
	failed := func(err error) object {
		e, is := errors.AsType[*exception](err)
		if !is {
			return obj("_index", name, "_id", id, "found", false)
		}
		body := append(obj("root_cause", []object{e.object(false, false)}), e.object(true, false)...)
		return obj("_index", name, "_id", id, "error", body)
	}
	if err := c.one("indices:data/read/mget[shard]", name); err != nil {
		return failed(err)
	}
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	i := c.cluster.indices[name]
	if i == nil {
		return failed(indexNotFound(name))
	}
	d, _ := i.find(id)
	if d == nil {
		return obj("_index", name, "_id", id, "found", false)
	}
	return d.found()
}
