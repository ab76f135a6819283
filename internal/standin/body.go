package standin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// A field is one member that a strict parser knows.
type field struct {
	name string
	read func(*jsonReader) error
}

// A jsonReader reads one JSON body and knows where it is, for Elasticsearch
// says line and column.
type jsonReader struct {
	parser string // as messages call it
	text   []byte
	dec    *json.Decoder
	token  json.Token
	at     int // where the token began
	name   string
}

// parse reads the body with a strict parser: unknown fields, null and other
// types than the declared ones are refused.
func (c *call) parse(parser string, fields ...field) error {
	if len(c.body) == 0 {
		return parseException("request body is required")
	}
	return parseObject(parser, c.body, fields)
}

func parseObject(parser string, text []byte, fields []field) error {
	r := &jsonReader{parser: parser, text: text, dec: json.NewDecoder(bytes.NewReader(text))}
	r.dec.UseNumber()
	if err := r.next(); err != nil {
		return err
	}
	if r.kind() != "START_OBJECT" {
		return r.fail(" Expected START_OBJECT but was: " + r.kind())
	}
	seen := map[string]bool{}
	for {
		if err := r.next(); err != nil {
			return err
		}
		if r.kind() == "END_OBJECT" {
			return nil
		}
		if err := r.member(fields, seen); err != nil {
			return err
		}
	}
}

func (r *jsonReader) member(fields []field, seen map[string]bool) error {
	name, _ := r.token.(string)
	if seen[name] {
		return r.syntax("Duplicate field '" + name + "'")
	}
	seen[name] = true
	for _, f := range fields {
		if f.name != name {
			continue
		}
		r.name = name
		if err := r.next(); err != nil {
			return err
		}
		return f.read(r)
	}
	var known []string
	for _, f := range fields {
		known = append(known, f.name)
	}
	hint := didYouMean(name, known)
	if hint != "" {
		hint = hint[len(" ->"):]
	}
	return r.fail(" unknown field [" + name + "]" + hint)
}

// next reads one token.
func (r *jsonReader) next() error {
	r.at = int(r.dec.InputOffset())
	for r.at < len(r.text) && bytes.IndexByte([]byte(" \t\r\n,:"), r.text[r.at]) >= 0 {
		r.at++
	}
	token, err := r.dec.Token()
	if err == nil {
		r.token = token
		return nil
	}
	return r.broken(err)
}

func (r *jsonReader) broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		r.at = len(r.text)
		return &exception{
			status: http.StatusBadRequest, kind: "x_content_e_o_f_exception",
			reason: r.where() + " Unexpected end of file", java: true,
		}
	}
	if s, is := errors.AsType[*json.SyntaxError](err); is {
		r.at = max(0, int(s.Offset)-1)
	}
	return r.syntax("Unexpected character: " + err.Error())
}

func (r *jsonReader) where() string {
	before := r.text[:min(r.at, len(r.text))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("[%d:%d]", line, column)
}

func (r *jsonReader) syntax(text string) error {
	cause := &exception{status: http.StatusBadRequest, kind: "json_parse_exception", reason: text, java: true}
	return contentException(r.where() + " " + text).causedBy(cause)
}

func (r *jsonReader) fail(text string) error {
	return contentException(r.where() + " [" + r.parser + "]" + text)
}

// failField is how the failure of a field's own rule looks.
func (r *jsonReader) failField(reason string) error {
	e := contentException(r.where() + " [" + r.parser + "] failed to parse field [" + r.name + "]")
	return e.causedBy(illegalArgument(reason))
}

// kind is the name of the token in Elasticsearch's messages.
func (r *jsonReader) kind() string {
	switch t := r.token.(type) {
	case json.Delim:
		return map[json.Delim]string{'{': "START_OBJECT", '}': "END_OBJECT", '[': "START_ARRAY", ']': "END_ARRAY"}[t]
	case nil:
		return "VALUE_NULL"
	case bool:
		return "VALUE_BOOLEAN"
	case json.Number:
		return "VALUE_NUMBER"
	}
	return "VALUE_STRING"
}

func (r *jsonReader) wrongKind() error {
	return r.fail(" " + r.name + " doesn't support values of type: " + r.kind())
}

// text declares a string; null is refused.
func text(name string, into **string) field {
	return field{name, func(r *jsonReader) error {
		s, is := r.token.(string)
		if !is {
			return r.wrongKind()
		}
		*into = &s
		return nil
	}}
}

// textOrNull declares a string or null.
func textOrNull(name string, into **string) field {
	strict := text(name, into)
	return field{name, func(r *jsonReader) error {
		if r.token == nil {
			return nil
		}
		return strict.read(r)
	}}
}

// boolean declares true, false or their names.
func boolean(name string, into *bool) field {
	return field{name, func(r *jsonReader) error {
		switch t := r.token.(type) {
		case bool:
			*into = t
		case string:
			*into = t == "true"
		default:
			return r.wrongKind()
		}
		return nil
	}}
}

// texts declares an array of strings; a bare string is an array of one. An
// absent array stays nil, an empty one does not.
func texts(name string, into *[]string) field {
	return field{name, func(r *jsonReader) error {
		if s, is := r.token.(string); is {
			*into = []string{s}
			return nil
		}
		if r.kind() != "START_ARRAY" {
			return r.wrongKind()
		}
		*into = []string{}
		for {
			if err := r.next(); err != nil {
				return err
			}
			if r.kind() == "END_ARRAY" {
				return nil
			}
			s, is := r.token.(string)
			if !is {
				return r.wrongKind()
			}
			*into = append(*into, s)
		}
	}}
}

// integer declares a whole number.
func integer(name string, into **int) field {
	return field{name, func(r *jsonReader) error {
		number, is := r.token.(json.Number)
		if !is {
			return r.wrongKind()
		}
		parsed, err := strconv.ParseInt(number.String(), 10, 32)
		if err != nil {
			return r.failField("For input string: \"" + number.String() + "\"")
		}
		n := int(parsed)
		*into = &n
		return nil
	}}
}

// raw declares an object that somebody else reads.
func raw(name string, into *json.RawMessage) field { return rawOf(name, into, "START_OBJECT") }

// rawOf declares objects or arrays, by the names of their first tokens, that somebody
// else reads.
func rawOf(name string, into *json.RawMessage, kinds ...string) field {
	return field{name, func(r *jsonReader) error {
		if !slices.Contains(kinds, r.kind()) {
			return r.wrongKind()
		}
		start := r.at
		for depth := 1; depth > 0; {
			if err := r.next(); err != nil {
				return err
			}
			switch r.kind() {
			case "START_OBJECT", "START_ARRAY":
				depth++
			case "END_OBJECT", "END_ARRAY":
				depth--
			}
		}
		*into = r.text[start:r.dec.InputOffset()]
		return nil
	}}
}
