package oidcrealm

import (
	"context"
	"net/http"
	"strconv"
)

// addUserinfo asks the userinfo endpoint and merges its claims into those of the ID
// token.
func (r *Realm) addUserinfo(ctx context.Context, into claims, accessToken string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.config.OP.UserinfoEndpoint, http.NoBody)
	if err != nil {
		return refuse("Failed to get claims from the Userinfo Endpoint: %v", err)
	}
	request.Header.Set("Authorization", "Bearer "+accessToken)
	status, mediaType, body, err := ask(r.config.HTTPClient, request)
	switch {
	case err != nil:
		return refuse("Failed to get claims from the Userinfo Endpoint: %v", err)
	case status != http.StatusOK:
		return refuse("Failed to get user information from the UserInfo endpoint: status %d", status)
	case mediaType == "application/jwt":
		return illegalState("Unable to parse Userinfo Response. Signed/encrypted JWTs are not currently supported")
	case mediaType != "application/json":
		return illegalState("Unable to parse Userinfo Response. Content type was expected to be [application/json] or [application/jwt] but was [%s]", mediaType)
	}
	info, err := decodeClaims(body)
	if err != nil {
		return refuse("Failed to parse Userinfo Response: %v", err)
	}
	if info.text("sub") == "" || info.text("sub") != into.text("sub") {
		return refuse("Userinfo Response is not valid: the sub claim differs from that of the ID Token")
	}
	return merge(into, info)
}

// merge adds what userinfo says. Where both say something, primitives of the ID token
// win, lists are put one behind the other and objects are merged; a clash of types
// is a failure of the sign-in.
func merge(into, info map[string]any) error {
	for name, second := range info {
		first, both := into[name]
		if !both || first == nil {
			into[name] = second
			continue
		}
		if second == nil {
			continue
		}
		merged, err := mergeValues(name, first, second)
		if err != nil {
			return err
		}
		into[name] = merged
	}
	return nil
}

func mergeValues(name string, first, second any) (any, error) {
	switch one := first.(type) {
	case []any:
		switch two := second.(type) {
		case []any:
			return append(one[:len(one):len(one)], two...), nil
		case string:
			return append(one[:len(one):len(one)], two), nil
		}
	case map[string]any:
		if two, is := second.(map[string]any); is {
			return one, merge(one, two)
		}
	case bool:
		if _, is := second.(bool); is || second == strconv.FormatBool(one) {
			return one, nil
		}
	case string:
		if _, is := second.(string); is {
			return one, nil
		}
		if two, is := second.(bool); is && one == strconv.FormatBool(two) {
			return two, nil // some providers write "true"
		}
	default: // a number
		switch second.(type) {
		case bool, string, []any, map[string]any:
		default:
			return one, nil
		}
	}
	return nil, refuse("Error merging ID token and userinfo claim value for claim [%s]", name)
}
