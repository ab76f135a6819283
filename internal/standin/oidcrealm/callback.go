package oidcrealm

import (
	"net/url"
	"strings"
	"unicode"
)

// A callback is what a provider's redirect says.
type callback struct{ code, idToken, accessToken string }

// readCallback reads the address to which the provider has sent the browser. Its
// scheme, host and path are nobody's business.
func readCallback(redirectURI string) (map[string]string, error) {
	if !javaURI(redirectURI) {
		return nil, refuse("Failed to parse redirect URI: it is no URI")
	}
	// A fragment, even an empty one, beats the query.
	rest, fragment, inFragment := strings.Cut(redirectURI, "#")
	_, query, inQuery := strings.Cut(rest, "?")
	switch {
	case inFragment:
		return parameters(fragment), nil
	case inQuery:
		return parameters(query), nil
	}
	return nil, refuse("Missing URI fragment or query string")
}

// parameters reads a query as Nimbus does: of a repeated name the first counts, and
// what cannot be decoded is not there.
func parameters(text string) map[string]string {
	found := map[string]string{}
	for pair := range strings.SplitSeq(strings.TrimSpace(text), "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			continue
		}
		value, err = url.QueryUnescape(value)
		if _, twice := found[name]; err != nil || twice || name == "" {
			continue
		}
		found[name] = value
	}
	return found
}

// javaURI tells whether java.net.URI would take a text: percent signs escape, a
// fragment has no further "#", and some characters never stand as they are.
func javaURI(text string) bool {
	if strings.Count(text, "#") > 1 {
		return false
	}
	for i, c := range text {
		switch {
		case c == '%':
			if _, err := url.PathUnescape(text[i:min(i+3, len(text))]); err != nil {
				return false
			}
		case strings.ContainsRune("\"<>\\^`{|}", c), unicode.IsSpace(c), unicode.IsControl(c), c == unicode.ReplacementChar:
			return false
		}
	}
	return true
}

// callback makes the checks that need the redirect alone, in Elasticsearch's order:
// an error comes before the state, and the state before the kind of response.
func (r *Realm) callback(asked Answer) (callback, error) {
	values, err := readCallback(asked.RedirectURI)
	if err != nil {
		return callback{}, err
	}
	if code, failed := values["error"]; failed {
		return callback{}, refuse("OpenID Connect Provider response indicates authentication failure. Code=[%s], Description=[%s]",
			code, values["error_description"])
	}
	switch {
	case values["state"] == "":
		return callback{}, refuse("Failed to validate the response, the response did not contain a state parameter")
	case asked.State == "":
		return callback{}, refuse("Failed to validate the response, the user's session did not contain a state parameter")
	case values["state"] != asked.State:
		return callback{}, refuse("Invalid state parameter [%s], while [%s] was expected", values["state"], asked.State)
	}
	read := callback{code: values["code"], idToken: values["id_token"], accessToken: values["access_token"]}
	if kind := read.kind(); kind != r.config.RP.ResponseType {
		return callback{}, refuse("Unexpected response type [%s], while [%s] is configured", kind, r.config.RP.ResponseType)
	}
	if read.accessToken != "" {
		return read, bearer(values["token_type"])
	}
	return read, nil
}

// kind is the response type that is implied by what came. Hybrid ones cannot be
// configured, so that a hybrid answer fits none.
func (c callback) kind() string {
	var kinds []string
	for _, part := range []struct{ name, value string }{{"code", c.code}, {"id_token", c.idToken}, {"token", c.accessToken}} {
		if part.value != "" {
			kinds = append(kinds, part.name)
		}
	}
	return strings.Join(kinds, " ")
}

// bearer refuses all other types of access token; here case counts.
func bearer(kind string) error {
	if kind != "Bearer" {
		return refuse("Invalid access token type [%s], while [Bearer] was expected", kind)
	}
	return nil
}
