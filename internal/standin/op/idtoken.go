package op

import (
	"crypto"
	"crypto/sha256"
	_ "crypto/sha512" // for at_hash
	"encoding/base64"
	"slices"
)

// Subject is the provider's name for a person: the same for ever, and no name that
// people use.
func Subject(person Person) string {
	sum := sha256.Sum256([]byte("subject\x00" + person.Username))
	return base64.RawURLEncoding.EncodeToString(sum[:18])
}

// personal are the claims of a person that the scopes ask for.
func (g *grant) personal() map[string]any {
	claims := map[string]any{}
	p := g.login.person
	add := func(scope, name string, value any, there bool) {
		if there && slices.Contains(g.request.scopes, scope) {
			claims[name] = value
		}
	}
	add("profile", "preferred_username", p.Username, true)
	add("profile", "name", p.FullName, p.FullName != "")
	add("email", "email", p.Email, p.Email != "")
	add("email", "email_verified", true, p.Email != "")
	add("groups", "groups", p.Groups, len(p.Groups) > 0)
	return claims
}

// idToken is the ID token of a grant. Beside an access token it has its hash.
func (o *OP) idToken(g *grant, access string) (string, error) {
	now := o.config.Now()
	claims := map[string]any{}
	if !o.config.LeanIDTokens {
		claims = g.personal()
	}
	claims["iss"] = o.config.Issuer
	claims["sub"] = Subject(g.login.person)
	claims["aud"] = g.request.client.ID
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(tokenLife).Unix()
	claims["auth_time"] = g.login.at.Unix()
	claims["sid"] = g.login.sid
	if g.request.nonce != "" {
		claims["nonce"] = g.request.nonce
	}
	if access != "" {
		claims["at_hash"] = hash(access, o.algorithm(g.request.client, g.bent.Signing))
	}
	replace(claims, g.bent.Claims)
	return o.sign(token{typ: "JWT", claims: claims, client: g.request.client}, g.bent.Signing)
}

// replace puts values in the place of others; nil takes one away.
func replace(in, with map[string]any) {
	for name, value := range with {
		if value == nil {
			delete(in, name)
			continue
		}
		in[name] = value
	}
}

// algorithm is the one with which a client's tokens are signed.
func (o *OP) algorithm(client Client, how Signing) string {
	switch {
	case how.Algorithm != "" && how.Algorithm != "none":
		return how.Algorithm
	case how.Key != nil:
		return how.Key.Algorithm
	case client.Algorithm != "":
		return client.Algorithm
	}
	return o.currentKeys()[0].Algorithm
}

// hash is at_hash (OpenID Connect Core 3.1.3.6).
func hash(text, algorithm string) string {
	function := map[string]crypto.Hash{"384": crypto.SHA384, "512": crypto.SHA512}[algorithm[2:]]
	if function == 0 {
		function = crypto.SHA256
	}
	digest := function.New()
	digest.Write([]byte(text))
	sum := digest.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
