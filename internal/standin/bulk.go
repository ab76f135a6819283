package standin

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
)

const (
	actionBulk      = "indices:data/write/bulk"
	actionBulkShard = "indices:data/write/bulk[s]"
)

// A bulkItem is one operation of a bulk request.
type bulkItem struct {
	operation, index, id string
	source               json.RawMessage
}

// bulkRoute is POST and PUT /_bulk and /{index}/_bulk. Items fail one by one:
// bulk itself needs no more than its name.
func bulkRoute(c *call) (action, error) {
	if len(c.body) == 0 {
		return nil, parseException("request body is required")
	}
	items, err := parseBulk(c.body, c.params["index"])
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		var v validation
		v.require(len(items) > 0, "no requests added")
		for _, item := range items {
			v.require(item.index != "", "index is missing")
		}
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := c.authorizeRunAs(actionBulk); err != nil {
			return nil, err
		}
		if !c.mayIndex(actionBulk, "") {
			return nil, c.deniedIndices(actionBulk, nil)
		}
		return c.bulk(items)
	}, nil
}

func parseBulk(body []byte, index string) ([]bulkItem, error) {
	if !bytes.HasSuffix(body, []byte("\n")) {
		return nil, illegalArgument(`The bulk request must be terminated by a newline [\n]`)
	}
	lines := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
	var items []bulkItem
	for n := 0; n < len(lines); n++ {
		if len(bytes.TrimSpace(lines[n])) == 0 {
			continue
		}
		item, err := parseBulkLine(lines[n], n+1, index)
		if err != nil {
			return nil, err
		}
		if item.operation != "delete" {
			n++
			if n >= len(lines) {
				return nil, illegalArgument(`The bulk request must be terminated by a newline [\n]`)
			}
			item.source = bytes.TrimSpace(lines[n])
		}
		items = append(items, item)
	}
	return items, nil
}

func parseBulkLine(line []byte, n int, index string) (bulkItem, error) {
	var head map[string]struct {
		Index string `json:"_index"`
		ID    string `json:"_id"`
	}
	malformed := "Malformed action/metadata line [" + itoa(n) + "], expected "
	if json.Unmarshal(line, &head) != nil || len(head) != 1 {
		return bulkItem{}, illegalArgument(malformed + "START_OBJECT or END_OBJECT but found [VALUE_STRING]")
	}
	for operation, meta := range head {
		switch operation {
		case "index", "create", "delete", "update":
		default:
			return bulkItem{}, illegalArgument(malformed + "field [create], [delete], [index] or [update] but found [" + operation + "]")
		}
		if meta.Index == "" {
			meta.Index = index
		}
		return bulkItem{operation: operation, index: meta.Index, id: meta.ID}, nil
	}
	return bulkItem{}, nil
}

func (c *call) bulk(items []bulkItem) (*answer, error) {
	failed := false
	list := make([]object, 0, len(items))
	for _, item := range items {
		o, status, err := c.bulkOne(item)
		if err != nil {
			failed = true
			o, status = bulkFailure(item, err)
		}
		list = append(list, obj(item.operation, o.with("status", status)))
	}
	return ok(obj("errors", failed, "took", 1, "items", list))
}

func bulkFailure(item bulkItem, err error) (object, int) {
	status := http.StatusBadRequest
	detail := obj("type", "exception", "reason", err.Error())
	if e, is := errors.AsType[*exception](err); is {
		status, detail = e.status, e.object(true, false)
	}
	return obj("_index", item.index, "_id", nullable(item.id), "error", detail), status
}

func (c *call) bulkOne(item bulkItem) (object, int, error) {
	action := actionIndex
	switch item.operation {
	case "delete":
		action = actionDelete
	case "update":
		action = "indices:data/write/update"
	}
	if !c.mayIndex(action, item.index) {
		return nil, 0, c.deniedIndices(actionBulkShard, []string{item.index})
	}
	switch item.operation {
	case "delete":
		return c.cluster.unwrite(item.index, item.id)
	case "update":
		return c.cluster.update(item)
	}
	return c.cluster.write(item.index, item.id, item.source, item.operation == "create")
}

// update merges a partial document, top level only.
func (c *cluster) update(item bulkItem) (object, int, error) {
	var body struct {
		Doc    map[string]any `json:"doc"`
		Upsert bool           `json:"doc_as_upsert"`
	}
	if err := json.Unmarshal(item.source, &body); err != nil {
		return nil, 0, contentException("[1:1] " + err.Error())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.indices[item.index]
	if i == nil {
		return nil, 0, indexNotFound(item.index)
	}
	merged := map[string]any{}
	old, _ := i.find(item.id)
	if old == nil && !body.Upsert {
		e := &exception{status: http.StatusNotFound, kind: "document_missing_exception", reason: "[" + item.id + "]: document missing"}
		return nil, 0, e.with("index_uuid", i.uuid).with("shard", "0").with("index", item.index)
	}
	if old != nil {
		for name, v := range old.fields {
			merged[name] = v
		}
	}
	for name, v := range body.Doc {
		merged[name] = v
	}
	source, err := encode(merged)
	if err != nil {
		return nil, 0, err
	}
	d, _, err := i.put(item.id, source)
	if err != nil {
		return nil, 0, err
	}
	return d.written("updated"), http.StatusOK, nil
}
