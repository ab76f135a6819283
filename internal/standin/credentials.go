package standin

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"
)

// identify authenticates the caller on the headers alone, before the body is
// read and before routing.
func (c *call) identify() error {
	where := "for REST request [" + c.target.raw + "]"
	header := c.request.Header.Get("Authorization")
	if c.anonymous(header) {
		c.caller = c.cluster.anonymous()
		return nil
	}
	who, err := c.authenticate(header, where)
	if err != nil {
		return err
	}
	who, err = c.applyRunAs(who, where)
	c.caller = who
	return err
}

// identifySecondary checks the second user that some features act for. Its
// failure is the request's, with the challenge only inside the cause.
func (c *call) identifySecondary() error {
	header := c.request.Header.Get("es-secondary-authorization")
	if header == "" {
		return nil
	}
	_, err := c.authenticate(header, "for REST request ["+c.target.raw+"]")
	cause, is := errors.AsType[*exception](err)
	if err == nil || !is {
		return err
	}
	return securityException(cause.status, "Failed to authenticate secondary user").causedBy(cause)
}

// authenticate asks the authenticators in Elasticsearch's order (HTTP contract
// 1.2). where is the end of a refusal: "for REST request [..]" or "for action
// [..]"; callers tell their own failure from their user's by it.
func (c *call) authenticate(header, where string) (*authentication, error) {
	if token, is := scheme(header, "Bearer"); is {
		return c.bearer(token)
	}
	if key, is := scheme(header, "ApiKey"); is {
		return c.apiKey(key)
	}
	if len(header) >= len("Basic ") && strings.EqualFold(header[:len("Basic ")], "Basic ") || strings.EqualFold(header, "Basic") {
		return c.basic(header[len("Basic"):], where)
	}
	return nil, c.missingCredentials(where)
}

func (c *call) missingCredentials(where string) *exception {
	return c.challenged("missing authentication credentials " + where)
}

// scheme cuts a scheme and exactly one blank; the rest is the credential,
// further blanks included. Nothing behind the blank is no credential.
func scheme(header, name string) (string, bool) {
	prefix := name + " "
	if len(header) <= len(prefix) || !strings.EqualFold(header[:len(prefix)], prefix) {
		return "", false
	}
	return header[len(prefix):], true
}

func (c *call) basic(value, where string) (*authentication, error) {
	value = strings.TrimSpace(value)
	if value == "" {
		return nil, c.challenged("invalid basic authentication header value")
	}
	text, err := decodeBase64(value)
	if err != nil {
		return nil, c.challenged("invalid basic authentication header encoding").causedBy(illegalArgument(err.Error()))
	}
	name, password, colon := strings.Cut(string(text), ":")
	if !colon || !utf8.Valid(text) {
		return nil, c.challenged("invalid basic authentication header value")
	}
	return c.password(name, password, where)
}

// password is the file realm. Unknown, wrong and disabled look the same.
func (c *call) password(name, password, where string) (*authentication, error) {
	u, known := c.cluster.user(name)
	same := subtle.ConstantTimeCompare([]byte(u.Password), []byte(password)) == 1
	if !known || !same || u.Disabled {
		return nil, c.unable(name, where)
	}
	return ofRealm(c.cluster.withAnonymousRoles(u.identity())), nil
}

func (c *call) unable(name, where string) *exception {
	return c.challenged("unable to authenticate user [" + name + "] " + where)
}

// challenged is a 401 with the default list of challenges.
func (c *call) challenged(reason string) *exception {
	e := securityException(http.StatusUnauthorized, reason)
	e.challenge = c.challenges()
	return e
}

// challenges is the list in the order that clients see after the first licence
// notice: Basic, Bearer, ApiKey (HTTP contract 2.3).
func (c *call) challenges() []string {
	basic := `Basic realm="security" charset="UTF-8"`
	if c.cluster.release.commaInBasic() {
		basic = `Basic realm="security", charset="UTF-8"`
	}
	list := []string{basic}
	if !c.faults.TokenServiceOff {
		list = append(list, `Bearer realm="security"`)
	}
	list = append(list, "ApiKey")
	if c.faults.StartupChallenges {
		list = append(list[1:], basic)
	}
	return list
}

// nobodyTook is the end of the chain for a credential that no authenticator
// and no realm accepted; there is no fallback to anonymous.
func (c *call) nobodyTook(line string) *exception {
	e := c.challenged("unable to authenticate with provided credentials and anonymous access is not allowed for this request")
	return e.with("additional_unsuccessful_credentials", line)
}

// applyRunAs exchanges the effective user. Whether the caller may is asked at
// authorization, as there.
func (c *call) applyRunAs(who *authentication, where string) (*authentication, error) {
	values := c.request.Header.Values("es-security-runas-user")
	if len(values) == 0 || who.runAs {
		return who, nil // a token that is itself run-as cannot be chained
	}
	if values[0] == "" {
		return nil, c.unable(c.tokenPrincipal(who), where)
	}
	u, known := c.cluster.user(values[0])
	if !known {
		return who.as(identity{name: values[0], roles: []string{}, metadata: map[string]any{}, unknown: true}), nil
	}
	return who.as(c.cluster.withAnonymousRoles(u.identity())), nil
}

func (c *call) tokenPrincipal(who *authentication) string {
	switch who.kind {
	case "token":
		return "_bearer_token"
	case "api_key":
		return who.key.id
	}
	return who.caller.name
}
