package contract

import (
	"crypto/rand"
	"testing"
)

// What people ask about themselves: their profile and their API keys.

func httpGetProfiles(t *testing.T, s *server) {
	const path = "/_security/profile/"
	profiles := s.user("contract-profiles")
	activated := profiles.post(t, path+"_activate", passwordGrant("contract-joe")).want(t, 200)
	joe := activated.text(t, "uid")

	a := profiles.get(t, path+joe+"?data=*").want(t, 200).ordered(t, "", "profiles")
	list := a.objects(t, "profiles")
	if len(list) != 1 || at(list[0], "uid") != joe || at(list[0], "user.username") != "contract-joe" || at(list[0], "enabled") != true {
		t.Errorf("want the profile of contract-joe\n%s", a)
	}

	a = profiles.get(t, path+"u_nobody_0,"+joe).want(t, 200).ordered(t, "", "profiles", "errors")
	a.is(t, object{
		"errors.count":                     1,
		"errors.details.u_nobody_0.type":   "resource_not_found_exception",
		"errors.details.u_nobody_0.reason": "profile document not found",
	})
	if list := a.objects(t, "profiles"); len(list) != 1 || at(list[0], "uid") != joe {
		t.Errorf("want one profile\n%s", a)
	}

	profiles.get(t, path+"%20").fails(t, 400, "action_request_validation_exception", "Validation Failed: 1: Profile UID cannot be empty;")
	s.user("contract-joe").get(t, path+joe).
		fails(t, 403, "security_exception", "action [cluster:admin/xpack/security/profile/get] is unauthorized for user [contract-joe]…")
}

func tokensQueryKeys(t *testing.T, s *server) {
	const path = "/_security/_query/api_key"
	keys := s.user("contract-keys")
	mark := rand.Text() // there may be keys of other runs
	ours := object{"term": object{"metadata.mark": mark}}
	for _, name := range []string{"a", "b", "c"} {
		s.newKey(t, object{"name": name + mark, "metadata": object{"mark": mark}})
	}
	dead := s.newKey(t, object{"name": "dead" + mark, "metadata": object{"mark": mark}})
	keys.del(t, "/_security/api_key", object{"ids": []string{dead.id}, "owner": true}).want(t, 200)
	s.user("contract-granter").post(t, "/_security/api_key/grant", object{
		"grant_type": "password", "username": "contract-reader", "password": password,
		"api_key": object{"name": "foreign" + mark, "metadata": object{"mark": mark}},
	}).want(t, 200)

	page := object{"query": ours, "sort": []any{object{"name": object{"order": "desc"}}}, "size": 3}
	a := keys.post(t, path, page).want(t, 200).ordered(t, "", "total", "count", "api_keys").is(t, object{"total": 4, "count": 3})
	first := a.objects(t, "api_keys")
	if at(first[0], "id") != dead.id || at(first[0], "invalidated") != true || at(first[0], "invalidation") == nil || at(first[2], "name") != "b"+mark {
		t.Errorf("want the dead one and two others\n%s", a)
	}
	page["search_after"] = first[2]["_sort"]
	a = keys.post(t, path, page).want(t, 200).is(t, object{"total": 4, "count": 1})
	if last := a.objects(t, "api_keys"); at(last[0], "name") != "a"+mark {
		t.Errorf("want the last one\n%s", a)
	}

	for _, query := range []object{
		{"bool": object{"filter": []any{ours, object{"term": object{"invalidated": true}}}}},
		{"ids": object{"values": []string{dead.id}}},
		{"prefix": object{"name": "dead" + mark}},
		{"wildcard": object{"name": object{"value": "d*" + mark}}},
		{"match": object{"name": "dead" + mark}},
		{"bool": object{"must": []any{ours, object{"exists": object{"field": "invalidation"}}}}},
		{"bool": object{"must": []any{ours, object{"range": object{"invalidation": object{"gt": 1}}}}}},
	} {
		a := keys.post(t, path, object{"query": query}).want(t, 200)
		if found := a.objects(t, "api_keys"); len(found) != 1 || at(found[0], "id") != dead.id {
			t.Errorf("%v: want the dead one alone\n%s", query, a)
		}
	}
	keys.get(t, path).want(t, 200).ordered(t, "", "total", "count", "api_keys")
	tokensQueryRefused(t, s)
}

func tokensQueryRefused(t *testing.T, s *server) {
	const path = "/_security/_query/api_key"
	const illegal = "illegal_argument_exception"
	keys := s.user("contract-keys")
	asked := func(query object) answer { return keys.post(t, path, object{"query": query}) }
	asked(object{"term": object{"doc_type": "x"}}).fails(t, 400, illegal, "Field [doc_type] is not allowed for querying or aggregation")
	asked(object{"exists": object{"field": "na*"}}).fails(t, 400, illegal, "Field name pattern [na*] is not allowed for querying or aggregation")
	asked(object{"match_none": object{}}).fails(t, 400, illegal, "Query type [match_none] is not currently supported in this context")
	keys.post(t, path, object{"sort": []string{"api_key_hash"}}).fails(t, 400, illegal, "Field [api_key_hash] is not allowed for querying or aggregation")
	keys.post(t, path, object{"size": -1}).
		fails(t, 400, "action_request_validation_exception", "Validation Failed: 1: [size] parameter cannot be negative but was [-1];")
	keys.post(t, path, `{"sizes":1}`).
		fails(t, 400, "x_content_parse_exception", "[1:2] [query_api_key_request_payload] unknown field [sizes]…")
	s.user("contract-joe").get(t, path).
		fails(t, 403, "security_exception", "action [cluster:admin/xpack/security/api_key/query] is unauthorized for user [contract-joe]…")
}

// objects are the elements of the array at a path.
func (a answer) objects(t *testing.T, path string) []object {
	t.Helper()
	list, ok := a.at(t, path).([]any)
	if !ok {
		t.Fatalf("%s: got %v, want an array\n%s", path, a.at(t, path), a)
	}
	found := []object{}
	for _, element := range list {
		o, ok := element.(object)
		if !ok {
			t.Fatalf("%s: got %v, want an object\n%s", path, element, a)
		}
		found = append(found, o)
	}
	return found
}
