package web

import (
	"encoding/json"
	"net/http"
)

// exception is an error in the shape of Elasticsearch (contract http 2.1), with
// two members of ours, which its clients do not mind.
type exception struct {
	Error  exceptionError `json:"error"`
	Status int            `json:"status"` // the JavaScript client reads this before the real one
}

type exceptionError struct {
	RootCause []cause `json:"root_cause"`
	cause
	problem
	// Reason says it already.
	Message string `json:"message,omitempty"`
}

type cause struct {
	Type   string            `json:"type"`
	Reason string            `json:"reason"`
	Header map[string]values `json:"header,omitempty"`
}

// values of one element are a string, as Elasticsearch prints them.
type values []string

// MarshalJSON implements json.Marshaler.
func (v values) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return json.Marshal(v[0])
	}
	return json.Marshal([]string(v))
}

func exceptionOf(p problem, status int, challenges []string) exception {
	c := cause{Type: exceptionType(status), Reason: p.Message}
	if len(challenges) > 0 {
		c.Header = map[string]values{"WWW-Authenticate": challenges}
	}
	return exception{Error: exceptionError{RootCause: []cause{c}, cause: c, problem: p}, Status: status}
}

// exceptionType is the name that Elasticsearch has for a status: the exception
// its clients know, and for what only a gateway can say the plain one.
func exceptionType(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "security_exception"
	case http.StatusBadRequest:
		return "illegal_argument_exception"
	case http.StatusNotFound:
		return "resource_not_found_exception"
	default:
		return "status_exception"
	}
}

// brand sets the header by which clients know Elasticsearch, where Elasticsearch
// does: not on 401 and 403 (contract http 2.1).
func brand(h http.Header, status int) {
	h.Del("X-Elastic-Product")
	if status != http.StatusUnauthorized && status != http.StatusForbidden {
		h.Set("X-Elastic-Product", "Elasticsearch")
	}
}
