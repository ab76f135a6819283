package standin

import (
	"net/http"
	"time"
)

// A searchContext is what a scroll has still to give, or what a point in time
// looks at. It is never changed: the next page is a new value.
type searchContext struct {
	search  searchRequest
	rest    []*document
	total   int
	shards  int
	expires time.Time
}

func (c *call) openContext(open *searchContext, life time.Duration) string {
	open.expires = c.now.Add(life)
	id := randomID(30)
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	c.cluster.contexts[id] = open
	return id
}

// context finds an open one, nil when it is unknown or has expired.
func (c *call) context(id string) *searchContext {
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	open := c.cluster.contexts[id]
	if open == nil || c.now.After(open.expires) {
		delete(c.cluster.contexts, id)
		return nil
	}
	return open
}

func missingContext(id string) *exception {
	cause := &exception{status: http.StatusNotFound, kind: "search_context_missing_exception", reason: "No search context found for id [" + id + "]"}
	e := &exception{status: http.StatusNotFound, kind: "search_phase_execution_exception", reason: "all shards failed"}
	return e.with("phase", "query").with("grouped", true).with("failed_shards", []object{}).causedBy(cause)
}

// scrollRoute is GET and POST /_search/scroll.
func scrollRoute(c *call) (action, error) {
	id, life, err := c.scrollRequest()
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		var v validation
		v.require(id != "", "scrollId is missing")
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := c.authorizeRunAs("indices:data/read/scroll"); err != nil {
			return nil, err
		}
		open := c.context(id)
		if open == nil {
			return nil, missingContext(id)
		}
		size := open.search.size
		next := *open
		next.rest = open.rest[min(size, len(open.rest)):]
		next.expires = c.now.Add(max(life, open.search.scroll))
		c.cluster.mu.Lock()
		c.cluster.contexts[id] = &next
		c.cluster.mu.Unlock()
		page := window(open.rest, 0, size)
		search := open.search
		search.totalAsInt = search.totalAsInt || c.params.flag("rest_total_hits_as_int")
		return ok(append(obj("_scroll_id", id), search.print(page, open.total, open.shards)...))
	}, nil
}

func (c *call) scrollRequest() (string, time.Duration, error) {
	id, keep := c.params["scroll_id"], c.params["scroll"]
	if len(c.body) > 0 {
		var bodyID, bodyKeep *string
		if err := c.parse("search_scroll", text("scroll_id", &bodyID), text("scroll", &bodyKeep)); err != nil {
			return "", 0, err
		}
		if bodyID != nil {
			id = *bodyID
		}
		if bodyKeep != nil {
			keep = *bodyKeep
		}
	}
	if keep == "" {
		return id, 0, nil
	}
	life, err := timeValue("scroll", keep)
	return id, life, err
}

// scrollEndRoute is DELETE /_search/scroll.
func scrollEndRoute(c *call) (action, error) {
	ids := []string{}
	if id := c.params["scroll_id"]; id != "" {
		ids = append(ids, id)
	}
	if len(c.body) > 0 {
		if err := c.parse("clear_scroll", texts("scroll_id", &ids)); err != nil {
			return nil, err
		}
	}
	return func() (*answer, error) {
		var v validation
		v.require(len(ids) > 0, "no scroll ids specified")
		if err := v.err(); err != nil {
			return nil, err
		}
		return c.closeContexts(ids)
	}, nil
}

func (c *call) closeContexts(ids []string) (*answer, error) {
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	freed := 0
	for _, id := range ids {
		if c.cluster.contexts[id] != nil {
			freed++
			delete(c.cluster.contexts, id)
		}
	}
	status := http.StatusOK
	if freed == 0 {
		status = http.StatusNotFound
	}
	return jsonAnswer(status, obj("succeeded", true, "num_freed", freed)), nil
}

// pitRoute is POST /{index}/_pit.
func pitRoute(c *call) (action, error) {
	var v validation
	v.require(c.params["keep_alive"] != "", "[keep_alive] is not specified")
	if err := v.err(); err != nil {
		return nil, err
	}
	life, err := timeValue("keep_alive", c.params["keep_alive"])
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		names, err := c.resolve("indices:data/read/open_point_in_time", c.params["index"])
		if err != nil {
			return nil, err
		}
		docs := c.cluster.documents(names)
		id := c.openContext(&searchContext{rest: docs, total: len(docs), shards: len(names)}, life)
		return ok(obj("id", id, "_shards", shardsObject(len(names))))
	}, nil
}

// pitEndRoute is DELETE /_pit.
func pitEndRoute(c *call) (action, error) {
	var id *string
	if err := c.parse("close_point_in_time", text("id", &id)); err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		var v validation
		v.require(value(id) != "", "id is empty")
		if err := v.err(); err != nil {
			return nil, err
		}
		return c.closeContexts([]string{*id})
	}, nil
}

// refreshRoute is GET and POST /_refresh: everything here is visible at once.
func refreshRoute(c *call) (action, error) {
	return func() (*answer, error) {
		names, err := c.resolve("indices:admin/refresh", c.params["index"])
		if err != nil {
			return nil, err
		}
		return ok(obj("_shards", obj("total", len(names), "successful", len(names), "failed", 0)))
	}, nil
}
