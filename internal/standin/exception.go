package standin

import (
	"net/http"
)

// A failure is an error that knows its answer.
type failure interface {
	error
	answer(trace bool) *answer
}

// An exception is an error in the ES shape (HTTP contract 2.1).
type exception struct {
	status    int
	kind      string // the type: the Java class in snake case
	reason    string
	metadata  object
	cause     *exception
	challenge []string // WWW-Authenticate
	java      bool     // not an ElasticsearchException, so never another's root cause
}

func (e *exception) Error() string { return e.kind + ": " + e.reason }

// root is the deepest ElasticsearchException of the chain.
func (e *exception) root() *exception {
	root := e
	for root.cause != nil && !root.cause.java {
		root = root.cause
	}
	return root
}

func (e *exception) object(causes, trace bool) object {
	o := obj("type", e.kind, "reason", e.reason)
	o = append(o, e.metadata...)
	if causes && e.cause != nil {
		o = o.with("caused_by", e.cause.object(true, trace))
	}
	if len(e.challenge) > 0 {
		o = o.with("header", obj("WWW-Authenticate", oneOrMany(e.challenge)))
	}
	if trace {
		o = o.with("stack_trace", e.Error()+"\n\tat org.elasticsearch.standin\n")
	}
	return o
}

func (e *exception) answer(trace bool) *answer {
	trace = trace && e.status != http.StatusUnauthorized
	body := append(obj("root_cause", []object{e.root().object(false, trace)}), e.object(true, trace)...)
	a := jsonAnswer(e.status, obj("error", body, "status", e.status))
	for _, value := range e.challenge {
		a.header.Add("WWW-Authenticate", value)
	}
	return a
}

func (e *exception) with(name string, value any) *exception {
	e.metadata = e.metadata.with(name, value)
	return e
}

func (e *exception) causedBy(cause *exception) *exception {
	e.cause = cause
	return e
}

func securityException(status int, reason string) *exception {
	return &exception{status: status, kind: "security_exception", reason: reason}
}

func illegalArgument(reason string) *exception {
	return &exception{status: http.StatusBadRequest, kind: "illegal_argument_exception", reason: reason, java: true}
}

func parseException(reason string) *exception {
	return &exception{status: http.StatusBadRequest, kind: "parse_exception", reason: reason}
}

func contentException(reason string) *exception {
	return &exception{status: http.StatusBadRequest, kind: "x_content_parse_exception", reason: reason, java: true}
}

func nullPointer(reason string) *exception {
	return &exception{status: http.StatusInternalServerError, kind: "null_pointer_exception", reason: reason, java: true}
}

// A plainError is what the REST layer itself answers: "error" is a string.
type plainError struct {
	status   int
	text     string
	allow    string
	noStatus bool // unknown routes do not repeat the status in the body
}

func (e *plainError) Error() string { return e.text }

func (e *plainError) answer(bool) *answer {
	body := obj("error", e.text)
	if !e.noStatus {
		body = body.with("status", e.status)
	}
	a := jsonAnswer(e.status, body)
	if e.allow != "" {
		a.header.Set("Allow", e.allow)
	}
	return a
}

// An oauthError has the OAuth shape: the token endpoint's own refusals, always
// 400 and without status, type or challenge.
type oauthError struct {
	code        string
	description string
}

func (e *oauthError) Error() string { return e.code + ": " + e.description }

func (e *oauthError) answer(bool) *answer {
	return jsonAnswer(http.StatusBadRequest, obj("error", e.code, "error_description", e.description))
}
