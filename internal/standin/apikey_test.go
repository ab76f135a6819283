package standin_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const keyPath = "/_security/api_key"

type key struct{ id, secret, encoded string }

func (n *node) key(auth, body string) key {
	n.tb.Helper()
	a := n.do("POST", keyPath, auth, body)
	if a.status != http.StatusOK {
		n.tb.Fatalf("no key: %d %s", a.status, a.body)
	}
	m := n.fields(a)
	id, _ := m["id"].(string)
	secret, _ := m["api_key"].(string)
	encoded, _ := m["encoded"].(string)
	return key{id, secret, encoded}
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	n := start(t)
	k := n.key(basic("root"), `{"name":"k1","expiration":"1d"}`)
	if len(k.id) != 20 || len(k.secret) != 22 || k.encoded != base64.StdEncoding.EncodeToString([]byte(k.id+":"+k.secret)) {
		t.Errorf("key %+v", k)
	}
	a := n.whoami("aPiKeY " + k.encoded)
	want := `{"username":"root","roles":[],"full_name":null,"email":null,"metadata":{},"enabled":true,` +
		`"authentication_realm":{"name":"_es_api_key","type":"_es_api_key"},"lookup_realm":{"name":"_es_api_key","type":"_es_api_key"},` +
		`"authentication_type":"api_key","api_key":{"id":"` + k.id + `","name":"k1"}}`
	if a.body != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
	dead := n.key(basic("root"), `{"name":"dead"}`)
	n.do("DELETE", keyPath, basic("root"), `{"ids":["`+dead.id+`"]}`)
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, tc := range []struct{ name, credential, line string }{
		{"no base64", "a_b", "API key: Illegal base64 character 5f"},
		{"no colon", encode("x"), "API key: invalid ApiKey value"},
		{"unknown", encode("x:y"), "API key: unable to find apikey with id x"},
		{"wrong secret", encode(k.id + ":y"), "API key: invalid credentials for API key [" + k.id + "]"},
		{"invalidated", dead.encoded, "API key: api key [" + dead.id + "] has been invalidated"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := n.whoami("ApiKey " + tc.credential)
			n.refused(a, http.StatusUnauthorized, "security_exception", generic401)
			if got := n.problem(a)["additional_unsuccessful_credentials"]; got != tc.line {
				t.Errorf("got %v, want %s", got, tc.line)
			}
		})
	}
	n.clock.advance(24 * time.Hour)
	if a := n.whoami("ApiKey " + k.encoded); n.problem(a)["additional_unsuccessful_credentials"] != "API key: api key is expired" {
		t.Errorf("expired: %s", a.body)
	}
}

func TestAPIKeysActWithTheirOwnAndTheirOwnersRights(t *testing.T) {
	t.Parallel()
	n := start(t)
	k := n.key(basic("root"), `{"name":"small","role_descriptors":{"r":{"cluster":["manage_token"],"index":[{"names":"logs-*","privileges":["read"]}]}}}`)
	auth := "ApiKey " + k.encoded
	n.refused(n.do("GET", "/secret/_search", auth, ""), http.StatusForbidden, "security_exception",
		"action [indices:data/read/search] is unauthorized for API key id ["+k.id+"] of user [root] on indices [secret], "+
			"this action is granted by the index privileges [read,all]")
	if a := n.do("GET", "/logs-1/_search", auth, ""); a.status != http.StatusOK {
		t.Errorf("own right: %s", a.body)
	}
	body := `{"grant_type":"password","username":"bob","password":"bob-pw"}`
	p := n.pair(n.do("POST", tokenPath, auth, body))
	n.oauth(n.do("POST", tokenPath, basic("root"), `{"grant_type":"refresh_token","refresh_token":"`+p.refresh+`"}`), "invalid_grant",
		"tokens must be refreshed by the creating client")
	token := n.pair(n.do("POST", tokenPath, auth, `{"grant_type":"client_credentials"}`))
	maker := n.key(basic("root"), `{"name":"maker"}`)
	made := n.pair(n.do("POST", tokenPath, "ApiKey "+maker.encoded, `{"grant_type":"client_credentials"}`))
	for _, derived := range []string{"ApiKey " + maker.encoded, bearer(made.access)} {
		n.refused(n.do("POST", keyPath, derived, `{"name":"child"}`), http.StatusBadRequest, "illegal_argument_exception",
			"creating derived api keys requires an explicit role descriptor that is empty (has no privileges)")
		n.key(derived, `{"name":"child","role_descriptors":{"none":{}}}`)
	}
	if a := n.whoami(bearer(token.access)); !strings.Contains(a.body, `"authentication_type":"token","api_key":{"id":"`+k.id) {
		t.Errorf("a key's token: %s", a.body)
	}
}

func TestAPIKeyAdministration(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.refused(n.do("POST", keyPath, basic("bob"), `{"name":" _x"}`), http.StatusBadRequest, "action_request_validation_exception",
		"Validation Failed: 1: api key name may not begin or end with whitespace;")
	n.refused(n.do("POST", keyPath, basic("bob"), `{}`), http.StatusBadRequest, "action_request_validation_exception",
		"Validation Failed: 1: api key name is required;")
	k := n.key(basic("root"), `{"name":"k"}`)
	if a := n.do("GET", keyPath+"?id="+k.id, basic("root"), ""); !strings.Contains(a.body, `"id":"`+k.id+`","name":"k","type":"rest"`) {
		t.Errorf("get: %s", a.body)
	}
	if a := n.do("GET", keyPath+"?id=none", basic("root"), ""); a.status != http.StatusNotFound || a.body != `{"api_keys":[]}` {
		t.Errorf("get nothing: %d %s", a.status, a.body)
	}
	if a := n.do("GET", keyPath+"?username=none", basic("root"), ""); a.status != http.StatusOK {
		t.Errorf("get of nobody: %d %s", a.status, a.body)
	}
	const gone = `{"invalidated_api_keys":[],"previously_invalidated_api_keys":[],"error_count":0}`
	n.do("DELETE", keyPath, basic("root"), `{"ids":["`+k.id+`"]}`)
	for _, id := range []string{k.id, "none"} {
		if a := n.do("DELETE", keyPath, basic("root"), `{"ids":["`+id+`"]}`); a.status != http.StatusOK || a.body != gone {
			t.Errorf("delete %s: %d %s", id, a.status, a.body)
		}
	}
	n.refused(n.do("DELETE", keyPath, basic("root"), `{"ids":[]}`), http.StatusBadRequest, "action_request_validation_exception",
		"Validation Failed: 1: Field [ids] cannot be an empty array;"+
			"2: One of [api key id(s), api key name, username, realm name] must be specified if [owner] flag is false;")
}

func TestAPIKeyUpdates(t *testing.T) {
	t.Parallel()
	n := start(t)
	k := n.key(basic("root"), `{"name":"k"}`)
	dead := n.key(basic("root"), `{"name":"dead"}`)
	n.do("DELETE", keyPath, basic("root"), `{"ids":["`+dead.id+`"]}`)
	update := func(auth, id, body string) reply { return n.do("PUT", keyPath+"/"+id, auth, body) }
	const narrow = `{"role_descriptors":{"r":{"cluster":["monitor"]}}}`
	for want, body := range map[string]string{`{"updated":true}`: narrow, `{"updated":false}`: ""} {
		if a := update(basic("root"), k.id, body); a.body != want {
			t.Errorf("%s: got %s, want %s", body, a.body, want)
		}
	}
	if a := n.do("GET", "/_search", "ApiKey "+k.encoded, ""); a.status != http.StatusForbidden {
		t.Errorf("the narrower key: %d %s", a.status, a.body)
	}
	n.refused(update(basic("root"), "none", narrow), http.StatusNotFound, "resource_not_found_exception",
		"no API key owned by requesting user found for ID [none]")
	n.refused(update(basic("root"), dead.id, narrow), http.StatusBadRequest, "illegal_argument_exception",
		"cannot update invalidated API key ["+dead.id+"]")
	maker := n.key(basic("root"), `{"name":"maker"}`)
	n.refused(update("ApiKey "+maker.encoded, maker.id, narrow), http.StatusBadRequest, "illegal_argument_exception",
		"authentication via API key not supported: only the owner user can update an API key")
	a := n.do("POST", keyPath+"/_bulk_update", basic("root"), `{"ids":["`+k.id+`","none"],"expiration":"1h"}`)
	want := `{"updated":["` + k.id + `"],"noops":[],"errors":{"count":1,"details":{"none":{"type":"resource_not_found_exception",` +
		`"reason":"no API key owned by requesting user found for ID [none]"}}}}`
	if a.body != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
}

// TestKeysFindThemselves: a key that may manage its own keys owns itself alone.
func TestKeysFindThemselves(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.key(basic("root"), `{"name":"other"}`)
	own := n.key(basic("root"), `{"name":"own","role_descriptors":{"r":{"cluster":["manage_own_api_key"]}}}`)
	none := n.key(basic("root"), `{"name":"none","role_descriptors":{"r":{"cluster":["monitor"]}}}`)
	const path = "/_security/_query/api_key"
	if a := n.do("GET", path, basic("root"), ""); !strings.HasPrefix(a.body, `{"total":3,"count":3,"api_keys":[{"id":"`) {
		t.Errorf("all keys: %d %s", a.status, a.body)
	}
	if a := n.do("GET", path, "ApiKey "+own.encoded, ""); !strings.HasPrefix(a.body, `{"total":1,"count":1,"api_keys":[{"id":"`+own.id+`"`) {
		t.Errorf("its own: %d %s", a.status, a.body)
	}
	if a := n.do("GET", path, "ApiKey "+none.encoded, ""); a.status != http.StatusForbidden {
		t.Errorf("none: %d %s", a.status, a.body)
	}
	for body, status := range map[string]int{
		`{"from":1,"size":2147483647}`: http.StatusOK, `{"size":2147483648}`: http.StatusBadRequest, `{"size":"1"}`: http.StatusBadRequest,
		`{"sort":[null]}`: http.StatusBadRequest, `{"sort":"name"}`: http.StatusBadRequest, `{"query":{"range":{"creation":1}}}`: http.StatusBadRequest,
		`{"query":{"bool":{"must":{"term":{"invalidated":false}}}},"sort":{"creation":{"order":"desc"}}}`: http.StatusOK,
	} {
		if a := n.do("POST", path, basic("root"), body); a.status != status {
			t.Errorf("%s: got %d, want %d %s", body, a.status, status, a.body)
		}
	}
}

// TestPagesOfKeys: each key comes once, by whatever field the pages are in order, also
// by one that only some keys have.
func TestPagesOfKeys(t *testing.T) {
	t.Parallel()
	n := start(t)
	want := []string{}
	for i := range 5 {
		more := ""
		if i%2 == 0 {
			more = `,"expiration":"` + strconv.Itoa(i+1) + `d","metadata":{"a":"` + strconv.Itoa(i) + `"}`
		}
		want = append(want, n.key(basic("root"), `{"name":"k`+strconv.Itoa(i)+`"`+more+`}`).id)
	}
	slices.Sort(want)
	for _, sort := range []string{`["_doc"]`, `["expiration","name"]`, `[{"expiration":{"order":"desc"}},"name"]`, `["metadata.a","name"]`, `["creation","name"]`} {
		got, after := []string{}, ""
		for len(got) <= len(want) {
			var page struct {
				Keys []struct {
					ID   string          `json:"id"`
					Sort json.RawMessage `json:"_sort"`
				} `json:"api_keys"`
			}
			a := n.do("POST", "/_security/_query/api_key", basic("root"), `{"size":2,"sort":`+sort+after+`}`)
			if err := json.Unmarshal([]byte(a.body), &page); err != nil || a.status != http.StatusOK {
				t.Fatalf("%s: %d %s", sort, a.status, a.body)
			}
			if len(page.Keys) == 0 {
				break
			}
			for _, k := range page.Keys {
				got, after = append(got, k.ID), `,"search_after":`+string(k.Sort)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %d keys %v, want %v", sort, len(got), got, want)
		}
	}
}
