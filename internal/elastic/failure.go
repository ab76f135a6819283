package elastic

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
)

// failure is an error body of Elasticsearch, whichever of its forms it has (contract
// http 2.1 and 6.1, tokens "two error shapes").
type failure struct {
	known  bool   // it is one of the forms
	kind   string // "security_exception"; the code of the OAuth form; "" for a bare text
	reason string
	oauth  bool
	// licence and disabled are the features that are not licensed, or switched off.
	licence, disabled string
}

// parseFailure reads a body. What it cannot read is a failure that is not known.
func parseFailure(body []byte) failure {
	var outer struct {
		Error       json.RawMessage
		Description *string `json:"error_description"`
	}
	if json.Unmarshal(body, &outer) != nil || len(outer.Error) == 0 {
		return failure{}
	}
	var text string
	if json.Unmarshal(outer.Error, &text) == nil {
		if outer.Description != nil {
			return failure{known: true, oauth: true, kind: text, reason: *outer.Description}
		}
		return failure{known: true, reason: text}
	}
	var inner struct {
		Type, Reason string
		Licence      string `json:"license.expired.feature"`
		Disabled     string `json:"disabled.feature"`
	}
	if json.Unmarshal(outer.Error, &inner) != nil || inner.Type == "" {
		return failure{}
	}
	return failure{known: true, kind: inner.Type, reason: inner.Reason, licence: inner.Licence, disabled: inner.Disabled}
}

// exception reports whether it is what Elasticsearch says where it refuses somebody (401
// and 403). Proxies say the same statuses in JSON of their own.
func (f failure) exception() bool { return f.known && f.kind != "" && !f.oauth }

// plain undoes the compression that a client of the gateway asked Elasticsearch for.
// What cannot be undone is returned as it is.
func plain(header http.Header, body []byte) []byte {
	if header.Get("Content-Encoding") != "gzip" {
		return body
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return body
	}
	text, err := io.ReadAll(io.LimitReader(z, maxBody))
	if err != nil && len(text) == 0 {
		return body
	}
	return text
}
