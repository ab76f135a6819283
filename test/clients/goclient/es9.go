//go:build es9

package main

import (
	"time"

	"github.com/elastic/go-elasticsearch/v9/esapi"
)

// The names of es8.go for release 9.
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
const keepAlive = time.Minute
