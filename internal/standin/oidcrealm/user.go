package oidcrealm

import (
	"encoding/json"
	"regexp"
	"slices"
)

// idTokenHint is the metadata of tokens in which the ID token is kept for logout.
const idTokenHint = "id_token_hint"

// A User is what a realm makes of an answer; roles are mapped elsewhere.
type User struct {
	Principal           string
	FullName, Email, DN *string
	Groups              []string
	// Metadata is the user's: oidc(<claim>) is a string, a bool, a json.Number or
	// a list of these. With populate_user_metadata: false it is empty.
	Metadata map[string]any
	// TokenMetadata is stored with the tokens: id_token_hint.
	TokenMetadata map[string]*string
}

// user maps claims to a user.
func (r *Realm) user(found claims, idToken string) (*User, error) {
	names, patterns := r.config.Claims, r.config.ClaimPatterns
	u := &User{Metadata: r.metadata(found), TokenMetadata: map[string]*string{idTokenHint: &idToken}}
	var principal *string
	for _, one := range []struct {
		setting, claim, pattern string
		into                    **string
	}{
		{"principal", names.Principal, patterns.Principal, &principal},
		{"name", names.Name, patterns.Name, &u.FullName},
		{"mail", names.Mail, patterns.Mail, &u.Email},
		{"dn", names.DN, patterns.DN, &u.DN},
	} {
		values, err := r.values(found, one.setting, one.claim, one.pattern)
		if err != nil {
			return nil, err
		}
		if len(values) > 0 {
			*one.into = &values[0] // of a list the first counts
		}
	}
	groups, err := r.values(found, "groups", names.Groups, patterns.Groups)
	if err != nil {
		return nil, err
	}
	if principal == nil || *principal == "" {
		return nil, refuse("Principal claim [%s] was not found in the ID Token or Userinfo response", names.Principal)
	}
	u.Principal, u.Groups = *principal, groups
	return u, nil
}

// values are those of a claim, cut by the pattern.
func (r *Realm) values(found claims, setting, claim, pattern string) ([]string, error) {
	value, there := found[claim]
	if claim == "" || !there || value == nil {
		return nil, nil
	}
	var values []string
	switch v := value.(type) {
	case string:
		values = []string{v}
	case []any:
		for _, element := range v {
			text, is := element.(string)
			if !is {
				return nil, r.wrongClaim(setting, claim)
			}
			values = append(values, text)
		}
	default:
		return nil, r.wrongClaim(setting, claim)
	}
	if pattern == "" {
		return values, nil
	}
	return cut(values, pattern)
}

func (r *Realm) wrongClaim(setting, claim string) error {
	return &Fault{"settings_exception", "Setting [ " + r.config.key("claims."+setting) + "] expects claim [" + claim + "] with String or a String Array value"}
}

// cut keeps the first group of each match.
func cut(values []string, pattern string) ([]string, error) {
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	var kept []string
	for _, value := range values {
		if match := compiled.FindStringSubmatch(value); len(match) > 1 && match[1] != "" {
			kept = append(kept, match[1])
		}
	}
	return kept, nil
}

// metadata are the claims that are strings, booleans, numbers or lists of these.
// Dates and objects are left out.
func (r *Realm) metadata(found claims) map[string]any {
	metadata := map[string]any{}
	if r.config.HideUserMetadata {
		return metadata
	}
	for name, value := range found {
		if name == "exp" || name == "iat" || name == "nbf" {
			continue
		}
		list, isList := value.([]any)
		if isPrimitive(value) || isList && !slices.ContainsFunc(list, func(v any) bool { return !isPrimitive(v) }) {
			metadata["oidc("+name+")"] = value
		}
	}
	return metadata
}

func isPrimitive(value any) bool {
	switch value.(type) {
	case string, bool, json.Number:
		return true
	}
	return false
}
