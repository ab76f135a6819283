//go:build !es9

package main

import "github.com/elastic/go-elasticsearch/v8/esapi"

// What the program uses of release 8; es9.go has the same names for release 9, so
// that both run the same steps.
type (
	transport = esapi.Transport
	response  = esapi.Response

	infoRequest             = esapi.InfoRequest
	bulkRequest             = esapi.BulkRequest
	searchRequest           = esapi.SearchRequest
	scrollRequest           = esapi.ScrollRequest
	clearScrollRequest      = esapi.ClearScrollRequest
	openPointInTimeRequest  = esapi.OpenPointInTimeRequest
	closePointInTimeRequest = esapi.ClosePointInTimeRequest
	nodesInfoRequest        = esapi.NodesInfoRequest
	indexRequest            = esapi.IndexRequest
	refreshRequest          = esapi.IndicesRefreshRequest
	countRequest            = esapi.CountRequest

	authenticateRequest        = esapi.SecurityAuthenticateRequest
	hasPrivilegesRequest       = esapi.SecurityHasPrivilegesRequest
	createAPIKeyRequest        = esapi.SecurityCreateAPIKeyRequest
	getAPIKeyRequest           = esapi.SecurityGetAPIKeyRequest
	queryAPIKeysRequest        = esapi.SecurityQueryAPIKeysRequest
	invalidateAPIKeyRequest    = esapi.SecurityInvalidateAPIKeyRequest
	activateUserProfileRequest = esapi.SecurityActivateUserProfileRequest
	getUserProfileRequest      = esapi.SecurityGetUserProfileRequest
)

// keepAlive is a minute.
const keepAlive = "1m"
