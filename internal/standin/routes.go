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
		oidcPath       = "/_security/oidc/"
		tokens         = "/_security/oauth2/token"
		keys           = "/_security/api_key"
	)
	source := []string{"source", "source_content_type", "username"}
	write := []string{"index", "id", "refresh", "op_type", "routing", "timeout", "wait_for_active_shards", "pipeline", "require_alias"}
	names := []string{"index", "ignore_unavailable", "allow_no_indices", "expand_wildcards", "timeout", "master_timeout", "local"}
	cat := []string{"index", "v", "h", "s", "local", "master_timeout", "bytes", "time", "ts", "health", "pri", "help", "expand_wildcards"}
	keyFilters := []string{"id", "name", "username", "realm_name", "owner", "with_limited_by", "active_only", "with_profile_uid"}
	keyQuery := []string{"source", "source_content_type", "with_limited_by", "with_profile_uid", "typed_keys"}
	search, scroll := searchParams(), []string{"scroll", "scroll_id", "rest_total_hits_as_int"}
	return []route{
		newRoute(methods(get, head), "/", nil, noBody, rootRoute),
		newRoute(methods(get), "/_license", []string{"local", "accept_enterprise", "master_timeout"}, noBody, licenseRoute),
		newRoute(methods(get), "/_cluster/health", append(names, "level", "wait_for_status"), noBody, healthRoute),
		newRoute(methods(get), "/_nodes/_all/http", []string{"timeout", "flat_settings"}, noBody, nodesRoute),
		newRoute(methods(get), "/_nodes/http", []string{"timeout", "flat_settings"}, noBody, nodesRoute),

		newRoute(methods(get), "/_security/_authenticate", nil, noBody, authenticateRoute),
		newRoute(methods(get, post), privileges, source, jsonBody, hasPrivilegesRoute),
		newRoute(methods(get), "/_security/user/_privileges", nil, noBody, privilegesRoute),
		newRoute(methods(get, post), others, source, jsonBody, hasPrivilegesRoute),
		newRoute(methods(post), tokens, nil, jsonBody, tokenRoute),
		newRoute(methods(del), tokens, nil, jsonBody, tokenDeleteRoute),
		newRoute(methods(post), samlPath+"prepare", nil, jsonBody, saml(samlPrepareRoute)),
		newRoute(methods(post), samlPath+"authenticate", nil, jsonBody, saml(samlAuthenticateRoute)),
		newRoute(methods(post), samlPath+"logout", nil, jsonBody, saml(samlLogoutRoute)),
		newRoute(methods(post), samlPath+"invalidate", nil, jsonBody, saml(samlInvalidateRoute)),
		newRoute(methods(post), samlPath+"complete_logout", nil, jsonBody, saml(samlCompleteRoute)),
		newRoute(methods(get), samlPath+"metadata/{realm}", []string{"realm"}, ignoredBody, saml(samlMetadataRoute)),
		newRoute(methods(post), oidcPath+"prepare", nil, jsonBody, oidc(oidcPrepareRoute)),
		newRoute(methods(post), oidcPath+"authenticate", nil, jsonBody, oidc(oidcAuthenticateRoute)),
		newRoute(methods(post), oidcPath+"logout", nil, jsonBody, oidc(oidcLogoutRoute)),
		newRoute(methods(post), "/_security/delegate_pki", nil, jsonBody, delegatePKIRoute),
		newRoute(methods(post, put), keys, []string{"refresh"}, jsonBody, apiKeyCreateRoute),
		newRoute(methods(get), keys, keyFilters, noBody, apiKeyGetRoute),
		newRoute(methods(get, post), "/_security/_query/api_key", keyQuery, jsonBody, apiKeyQueryRoute),
		newRoute(methods(post, put), keys+"/grant", []string{"refresh"}, jsonBody, apiKeyGrantRoute),
		newRoute(methods(post), "/_security/profile/_activate", nil, jsonBody, profileActivateRoute),
		newRoute(methods(get), "/_security/profile/{uid}", []string{"uid", "data"}, noBody, profileGetRoute),
		newRoute(methods(post), keys+"/_bulk_update", nil, jsonBody, apiKeyBulkUpdateRoute),
		newRoute(methods(put), keys+"/{id}", []string{"id"}, jsonBody, apiKeyUpdateRoute),
		newRoute(methods(del), keys, nil, jsonBody, apiKeyDeleteRoute),

		newRoute(methods(get), "/_cat/health", cat, noBody, catHealthRoute),
		newRoute(methods(get), "/_cat/indices", cat, noBody, catIndicesRoute),
		newRoute(methods(get), "/_cat/indices/{index}", cat, noBody, catIndicesRoute),
		newRoute(methods(get, post), "/_search", search, jsonBody, searchRoute),
		newRoute(methods(get, post), "/_search/scroll", scroll, jsonBody, scrollRoute),
		newRoute(methods(del), "/_search/scroll", scroll, jsonBody, scrollEndRoute),
		newRoute(methods(get, post), "/_count", search, jsonBody, countRoute),
		newRoute(methods(get, post), "/_msearch", search, lineBody, multiSearchRoute),
		newRoute(methods(get, post), "/_mget", append(write, "_source"), jsonBody, multiGetRoute),
		newRoute(methods(post, put), "/_bulk", write, lineBody, bulkRoute),
		newRoute(methods(get, post), "/_refresh", names, noBody, refreshRoute),
		newRoute(methods(del), "/_pit", nil, jsonBody, pitEndRoute),

		newRoute(methods(get, post), "/{index}/_search", search, jsonBody, searchRoute),
		newRoute(methods(get, post), "/{index}/_count", search, jsonBody, countRoute),
		newRoute(methods(get, post), "/{index}/_msearch", search, lineBody, multiSearchRoute),
		newRoute(methods(get, post), "/{index}/_mget", append(write, "_source"), jsonBody, multiGetRoute),
		newRoute(methods(post, put), "/{index}/_bulk", write, lineBody, bulkRoute),
		newRoute(methods(get, post), "/{index}/_refresh", names, noBody, refreshRoute),
		newRoute(methods(post), "/{index}/_pit", append(names, "keep_alive", "preference", "routing"), jsonBody, pitRoute),
		newRoute(methods(get, head), "/{index}/_doc/{id}", append(write, "_source", "realtime", "preference"), noBody, documentGetRoute),
		newRoute(methods(put, post), "/{index}/_doc/{id}", write, jsonBody, documentPutRoute(false)),
		newRoute(methods(post), "/{index}/_doc", write, jsonBody, documentPutRoute(false)),
		newRoute(methods(put, post), "/{index}/_create/{id}", write, jsonBody, documentPutRoute(true)),
		newRoute(methods(del), "/{index}/_doc/{id}", write, noBody, documentDeleteRoute),
		newRoute(methods(get, head), "/{index}", names, noBody, indexRoute),
		newRoute(methods(put), "/{index}", names, ignoredBody, indexRoute),
		newRoute(methods(del), "/{index}", names, noBody, indexRoute),
	}
}
