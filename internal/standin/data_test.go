package standin_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/standin"
)

func TestIndexPrivilegesAreEnforced(t *testing.T) {
	t.Parallel()
	n := start(t)
	for _, target := range []string{"/_search", "/_all/_search", "/*/_search", "/_count"} {
		a := n.do("GET", target, basic("bob"), "")
		if a.status != http.StatusOK || strings.Contains(a.body, "secret") || !strings.Contains(a.body, `:2`) {
			t.Errorf("%s: %d %s", target, a.status, a.body)
		}
	}
	for _, name := range []string{"secret", "absent"} {
		n.refused(n.do("GET", "/"+name+"/_search", basic("bob"), ""), http.StatusForbidden, "security_exception",
			"action [indices:data/read/search] is unauthorized for user [bob] with effective roles [reader] on indices ["+name+"], "+
				"this action is granted by the index privileges [read,all]")
	}
	n.refused(n.do("GET", "/logs-9/_search", basic("bob"), ""), http.StatusNotFound, "index_not_found_exception", "no such index [logs-9]")
	n.refused(n.do("GET", "/_search", basic("gateway"), ""), http.StatusForbidden, "security_exception",
		"action [indices:data/read/search] is unauthorized for user [gateway] with effective roles [gateway], "+
			"this action is granted by the index privileges [read,all]")
	n.refused(n.do("PUT", "/logs-1/_doc/3", basic("bob"), "{}"), http.StatusForbidden, "security_exception",
		"action [indices:data/write/index] is unauthorized for user [bob] with effective roles [reader] on indices [logs-1], "+
			"this action is granted by the index privileges [create_doc,create,index,write,all]")
}

func TestSearch(t *testing.T) {
	t.Parallel()
	n := start(t)
	want := `{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},` +
		`"hits":{"total":{"value":1,"relation":"eq"},"max_score":1.0,"hits":[{"_index":"logs-1","_id":"2","_score":1.0,"_source":{"n":2,"user":"bob"}}]}}`
	for _, q := range []string{`{"match":{"user":"BOB"}}`, `{"term":{"user.keyword":"bob"}}`, `{"bool":{"must":{"match_all":{}},"must_not":[{"ids":{"values":["1"]}}]}}`} {
		if a := n.do("GET", "/logs-*/_search", basic("bob"), `{"query":`+q+`}`); a.body != want {
			t.Errorf("%s: got %s\nwant %s", q, a.body, want)
		}
	}
	if a := n.do("GET", "/logs-1/_search?q=user:bob", basic("bob"), ""); a.body != want {
		t.Errorf("q: got %s", a.body)
	}
	n.refused(n.do("GET", "/_search", basic("bob"), `{"query":{"magic":{}}}`), http.StatusBadRequest, "parsing_exception", "unknown query [magic]")
	a := n.do("GET", "/logs-1/_search?rest_total_hits_as_int=true&size=1&from=1", basic("bob"), "")
	if !strings.Contains(a.body, `"total":2,`) || strings.Count(a.body, `"_id"`) != 1 {
		t.Errorf("paged: %s", a.body)
	}
	a = n.do("POST", "/_msearch", basic("bob"), "{\"index\":\"logs-1\"}\n{}\n{\"index\":\"secret\"}\n{}\n", "Content-Type", "-", "Content-Type", "application/x-ndjson")
	if !strings.Contains(a.body, `"status":200}`) || !strings.Contains(a.body, `"status":403}`) {
		t.Errorf("msearch: %s", a.body)
	}
}

func TestScrollAndPointInTime(t *testing.T) {
	t.Parallel()
	n := start(t)
	first := n.fields(n.do("POST", "/logs-1/_search?scroll=1m&size=1", basic("bob"), ""))
	id, _ := first["_scroll_id"].(string)
	body := `{"scroll":"1m","scroll_id":"` + id + `"}`
	if a := n.do("POST", "/_search/scroll", basic("bob"), body); !strings.Contains(a.body, `"_id":"2"`) {
		t.Errorf("second page: %s", a.body)
	}
	if a := n.do("POST", "/_search/scroll", basic("bob"), body); !strings.Contains(a.body, `"hits":[]`) {
		t.Errorf("third page: %s", a.body)
	}
	end := `{"scroll_id":["` + id + `"]}`
	if a := n.do("DELETE", "/_search/scroll", basic("bob"), end); a.body != `{"succeeded":true,"num_freed":1}` {
		t.Errorf("end: %s", a.body)
	}
	if a := n.do("DELETE", "/_search/scroll", basic("bob"), end); a.status != http.StatusNotFound || a.body != `{"succeeded":true,"num_freed":0}` {
		t.Errorf("second end: %d %s", a.status, a.body)
	}
	if a := n.do("POST", "/_search/scroll", basic("bob"), body); a.status != http.StatusNotFound || !strings.Contains(a.body, "search_context_missing_exception") {
		t.Errorf("ended: %d %s", a.status, a.body)
	}

	pit, _ := n.fields(n.do("POST", "/logs-1/_pit?keep_alive=1m", basic("bob"), ""))["id"].(string)
	n.do("PUT", "/logs-1/_doc/3", basic("root"), `{}`)
	if a := n.do("POST", "/_search", basic("bob"), `{"pit":{"id":"`+pit+`"}}`); !strings.Contains(a.body, `"value":2`) {
		t.Errorf("point in time: %s", a.body)
	}
	if a := n.do("DELETE", "/_pit", basic("bob"), `{"id":"`+pit+`"}`); a.body != `{"succeeded":true,"num_freed":1}` {
		t.Errorf("end of the point in time: %s", a.body)
	}
}

func TestDocumentsAndBulk(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *standin.Config) {
		c.Roles["reader"] = standin.Role{Indices: []standin.IndexPrivileges{{Names: []string{"logs-*"}, Privileges: []string{"read", "write", "create_index"}}}}
	})
	const written = `,"_shards":{"total":2,"successful":1,"failed":0},"_seq_no":`
	a := n.do("PUT", "/logs-1/_doc/9", basic("bob"), `{"z":1,"a":2}`)
	if a.status != http.StatusCreated || a.body != `{"_index":"logs-1","_id":"9","_version":1,"result":"created"`+written+`2,"_primary_term":1}` {
		t.Errorf("put: %d %s", a.status, a.body)
	}
	if a := n.do("GET", "/logs-1/_doc/9", basic("bob"), ""); a.body != `{"_index":"logs-1","_id":"9","_version":1,"_seq_no":2,"_primary_term":1,"found":true,"_source":{"z":1,"a":2}}` {
		t.Errorf("get: %s", a.body)
	}
	if a := n.do("GET", "/logs-1/_doc/none", basic("bob"), ""); a.status != http.StatusNotFound || a.body != `{"_index":"logs-1","_id":"none","found":false}` {
		t.Errorf("get nothing: %d %s", a.status, a.body)
	}
	if a := n.do("DELETE", "/logs-1/_doc/9", basic("bob"), ""); a.status != http.StatusOK || !strings.Contains(a.body, `"result":"deleted"`) {
		t.Errorf("delete: %d %s", a.status, a.body)
	}
	bulk := "{\"index\":{\"_index\":\"logs-2\",\"_id\":\"1\"}}\n{\"x\":1}\n{\"create\":{\"_id\":\"1\"}}\n{}\n{\"delete\":{\"_index\":\"secret\",\"_id\":\"s\"}}\n"
	a = n.do("POST", "/logs-2/_bulk", basic("bob"), bulk)
	items := n.fields(a)
	if items["errors"] != true || !strings.Contains(a.body, `"status":201`) || !strings.Contains(a.body, `"status":409`) || !strings.Contains(a.body, `"status":403`) {
		t.Errorf("bulk: %s", a.body)
	}
	n.refused(n.do("POST", "/_bulk", basic("bob"), strings.TrimSuffix(bulk, "\n")), http.StatusBadRequest, "illegal_argument_exception",
		`The bulk request must be terminated by a newline [\n]`)
	if a := n.do("GET", "/_cat/indices?v&h=index,docs.count", basic("root"), ""); a.body != "index  docs.count\nlogs-1 2\nlogs-2 1\nsecret 1\n" {
		t.Errorf("cat: %q", a.body)
	}
	if a := n.do("GET", "/_cat/indices?format=json&h=index", basic("root"), ""); a.body != `[{"index":"logs-1"},{"index":"logs-2"},{"index":"secret"}]` {
		t.Errorf("cat as JSON: %q", a.body)
	}
	if a := n.do("GET", "/_cluster/health", basic("gateway"), ""); !strings.Contains(a.body, `"status":"green"`) {
		t.Errorf("health: %s", a.body)
	}
}
