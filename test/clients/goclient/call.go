package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
)

// object is a JSON object.
type object = map[string]any

// settings of a client, without the address.
type settings = elastictransport.Config

// connect makes a client of the address. No retries: what is to be seen is the first
// answer.
func connect(address, authorization string, headers ...string) transport {
	header := http.Header{}
	if authorization != "" {
		header.Set("Authorization", authorization)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	return open(address, settings{Header: header, DisableRetry: true})
}

func open(address string, how settings) transport {
	u, err := url.Parse(address)
	if err != nil {
		panic(err) // the test made it
	}
	how.URLs = []*url.URL{u}
	t, err := elastictransport.New(how)
	if err != nil {
		panic(err)
	}
	return t
}

// request is any request of the client.
type request interface {
	Do(ctx context.Context, t transport) (*response, error)
}

// refusal is an answer that the client calls an error.
type refusal struct{ seen object }

func (r *refusal) Error() string { return fmt.Sprint(r.seen) }

// call makes a call and reads its answer.
func call(t transport, r request) (object, error) {
	answered, err := r.Do(context.Background(), t)
	if err != nil {
		return nil, err
	}
	defer answered.Body.Close()
	read, err := io.ReadAll(answered.Body)
	if err != nil {
		return nil, err
	}
	var body object
	if err := json.Unmarshal(read, &body); err != nil {
		return nil, err
	}
	if answered.IsError() {
		answered.Body = io.NopCloser(bytes.NewReader(read)) // String reads it
		return nil, &refusal{describe(answered, body)}
	}
	// What the client's root package demands of every answer, and esapi alone does not.
	if product := answered.Header.Get("X-Elastic-Product"); product != "Elasticsearch" {
		return nil, fmt.Errorf("the product is %q", product)
	}
	return body, nil
}

// describe says what was refused in words that are the same for all clients.
func describe(answered *response, body object) object {
	header := func(name string) any {
		if value := answered.Header.Get(name); value != "" {
			return value
		}
		return nil
	}
	kind, reason := at(body, "error", "type"), at(body, "error", "reason")
	printed := answered.String()
	return object{
		"raised": "IsError", "status": answered.StatusCode, "type": kind, "reason": reason,
		"gateway": header("X-Gateway-Response"), "retry after": header("Retry-After"),
		"printed": strings.Contains(printed, text(kind)) && strings.Contains(printed, text(reason)),
	}
}

// attempt is how a call is refused.
func attempt(t transport, r request) (any, error) {
	body, err := call(t, r)
	if refused, ok := errors.AsType[*refusal](err); ok {
		return refused.seen, nil
	}
	return object{"answered": body}, err
}

// at follows a path through objects; what is not there is nil.
func at(value any, path ...string) any {
	for _, name := range path {
		inner, _ := value.(object)
		value = inner[name]
	}
	return value
}

// each is a member of every element of an array.
func each(array any, path ...string) []any {
	elements, _ := array.([]any)
	found := []any{}
	for _, element := range elements {
		found = append(found, at(element, path...))
	}
	return found
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

// body is one value as the body of a request.
func body(value any) *strings.Reader {
	var one lines
	one.add(value)
	return one.reader()
}

// lines are values, one a line, as bulk requests have them.
type lines struct{ strings.Builder }

func (l *lines) add(value any) {
	if err := json.NewEncoder(l).Encode(value); err != nil {
		panic(err) // made of plain maps
	}
}

func (l *lines) reader() *strings.Reader { return strings.NewReader(l.String()) }
