package standin

import "net/http"

// routes is the list of all endpoints. Literal paths stand before those with
// wildcards that would also fit.
func routes() []route {
	const (
		get, post, put = http.MethodGet, http.MethodPost, http.MethodPut
		del, head      = http.MethodDelete, http.MethodHead
		privileges     = "/_security/user/_has_privileges"
		others         = "/_security/user/{username}/_has_privileges"
		samlPath       = "/_security/saml/"
		tokens         = "/_security/oauth2/token"
		keys           = "/_security/api_key"
	)
	source := []string{"source", "source_content_type", "username"}
	write := []string{"index", "id", "refresh", "op_type", "routing", "timeout", "wait_for_active_shards", "pipeline", "require_alias"}
	names := []string{"index", "ignore_unavailable", "allow_no_indices", "expand_wildcards", "timeout", "master_timeout", "local"}
	cat := []string{"index", "v", "h", "s", "local", "master_timeout", "bytes", "time", "ts", "health", "pri", "help", "expand_wildcards"}
	keyFilters := []string{"id", "name", "username", "realm_name", "owner", "with_limited_by", "active_only", "with_profile_uid"}
	search, scroll := searchParams(), []string{"scroll", "scroll_id", "rest_total_hits_as_int"}
	return []route{
		{methods(get, head), "/", nil, noBody, rootRoute},
		{methods(get), "/_license", []string{"local", "accept_enterprise", "master_timeout"}, noBody, licenseRoute},
		{methods(get), "/_cluster/health", append(names, "level", "wait_for_status"), noBody, healthRoute},
		{methods(get), "/_nodes/_all/http", []string{"timeout", "flat_settings"}, noBody, nodesRoute},
		{methods(get), "/_nodes/http", []string{"timeout", "flat_settings"}, noBody, nodesRoute},

		{methods(get), "/_security/_authenticate", nil, noBody, authenticateRoute},
		{methods(get, post), privileges, source, jsonBody, hasPrivilegesRoute},
		{methods(get), "/_security/user/_privileges", nil, noBody, privilegesRoute},
		{methods(get, post), others, source, jsonBody, hasPrivilegesRoute},
		{methods(post), tokens, nil, jsonBody, tokenRoute},
		{methods(del), tokens, nil, jsonBody, tokenDeleteRoute},
		{methods(post), samlPath + "prepare", nil, jsonBody, saml(samlPrepareRoute)},
		{methods(post), samlPath + "authenticate", nil, jsonBody, saml(samlAuthenticateRoute)},
		{methods(post), samlPath + "logout", nil, jsonBody, saml(samlLogoutRoute)},
		{methods(post), samlPath + "invalidate", nil, jsonBody, saml(samlInvalidateRoute)},
		{methods(post), samlPath + "complete_logout", nil, jsonBody, saml(samlCompleteRoute)},
		{methods(get), samlPath + "metadata/{realm}", []string{"realm"}, ignoredBody, saml(samlMetadataRoute)},
		{methods(post, put), keys, []string{"refresh"}, jsonBody, apiKeyCreateRoute},
		{methods(get), keys, keyFilters, noBody, apiKeyGetRoute},
		{methods(del), keys, nil, jsonBody, apiKeyDeleteRoute},

		{methods(get), "/_cat/health", cat, noBody, catHealthRoute},
		{methods(get), "/_cat/indices", cat, noBody, catIndicesRoute},
		{methods(get), "/_cat/indices/{index}", cat, noBody, catIndicesRoute},
		{methods(get, post), "/_search", search, jsonBody, searchRoute},
		{methods(get, post), "/_search/scroll", scroll, jsonBody, scrollRoute},
		{methods(del), "/_search/scroll", scroll, jsonBody, scrollEndRoute},
		{methods(get, post), "/_count", search, jsonBody, countRoute},
		{methods(get, post), "/_msearch", search, lineBody, multiSearchRoute},
		{methods(get, post), "/_mget", append(write, "_source"), jsonBody, multiGetRoute},
		{methods(post, put), "/_bulk", write, lineBody, bulkRoute},
		{methods(get, post), "/_refresh", names, noBody, refreshRoute},
		{methods(del), "/_pit", nil, jsonBody, pitEndRoute},

		{methods(get, post), "/{index}/_search", search, jsonBody, searchRoute},
		{methods(get, post), "/{index}/_count", search, jsonBody, countRoute},
		{methods(get, post), "/{index}/_msearch", search, lineBody, multiSearchRoute},
		{methods(get, post), "/{index}/_mget", append(write, "_source"), jsonBody, multiGetRoute},
		{methods(post, put), "/{index}/_bulk", write, lineBody, bulkRoute},
		{methods(get, post), "/{index}/_refresh", names, noBody, refreshRoute},
		{methods(post), "/{index}/_pit", append(names, "keep_alive", "preference", "routing"), jsonBody, pitRoute},
		{methods(get, head), "/{index}/_doc/{id}", append(write, "_source", "realtime", "preference"), noBody, documentGetRoute},
		{methods(put, post), "/{index}/_doc/{id}", write, jsonBody, documentPutRoute(false)},
		{methods(post), "/{index}/_doc", write, jsonBody, documentPutRoute(false)},
		{methods(put, post), "/{index}/_create/{id}", write, jsonBody, documentPutRoute(true)},
		{methods(del), "/{index}/_doc/{id}", write, noBody, documentDeleteRoute},
		{methods(get, head), "/{index}", names, noBody, indexRoute},
		{methods(put), "/{index}", names, ignoredBody, indexRoute},
		{methods(del), "/{index}", names, noBody, indexRoute},
	}
}
