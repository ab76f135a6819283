package oidcrealm

import (
	"bytes"
	"context"
	"crypto"
	_ "crypto/sha256" // for at_hash
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// claims are those of an ID token, with those of userinfo once they are merged.
// Numbers are json.Number.
type claims map[string]any

func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// idToken judges an ID token and returns its claims. After a failure of any kind the
// provider's keys are fetched again and the token is judged once more.
func (r *Realm) idToken(ctx context.Context, now time.Time, token, nonce string) (claims, error) {
	judge := func(set jose.JSONWebKeySet) (claims, error) { return r.judgeIDToken(ctx, now, set, token, nonce) }
	if r.hmac() {
		return judge(jose.JSONWebKeySet{}) // the key set is not used
	}
	set, seen, err := r.keys.current(ctx)
	if err != nil {
		return nil, refuse("Failed to parse or validate the ID Token: %v", err)
	}
	found, refused := judge(set)
	if refused == nil {
		return found, nil
	}
	again, err := r.keys.renewed(ctx, seen)
	if err != nil {
		return nil, refuse("Failed to parse or validate the ID Token: %v", err)
	}
	if !again {
		return nil, refused
	}
	set, _, err = r.keys.current(ctx)
	if err != nil {
		return nil, refuse("Failed to parse or validate the ID Token: %v", err)
	}
	return judge(set)
}

func (r *Realm) hmac() bool { return strings.HasPrefix(r.config.RP.SignatureAlgorithm, "HS") }

func (r *Realm) judgeIDToken(ctx context.Context, now time.Time, set jose.JSONWebKeySet, token, nonce string) (claims, error) {
	keys := fixedKeys{algorithm: jose.SignatureAlgorithm(r.config.RP.SignatureAlgorithm), set: set}
	if r.hmac() {
		keys.secret = []byte(r.config.RP.ClientSecret)
	}
	judge := oidc.NewVerifier(r.config.OP.Issuer, keys, &oidc.Config{
		ClientID:             r.config.RP.ClientID,
		SupportedSigningAlgs: []string{r.config.RP.SignatureAlgorithm},
		SkipExpiryCheck:      true, // Elasticsearch has its own view of that
	})
	verified, err := judge.Verify(ctx, token)
	if err != nil {
		return nil, refuse("Failed to parse or validate the ID Token: %v", err)
	}
	found, err := decodeClaims(unverified(token))
	if err != nil {
		return nil, refuse("Failed to parse or validate the ID Token: %v", err)
	}
	return found, r.judgeClaims(now, verified, found, nonce)
}

// judgeClaims are the checks of Nimbus beyond issuer, audience and signature.
func (r *Realm) judgeClaims(now time.Time, token *oidc.IDToken, found claims, nonce string) error {
	skew := r.skew()
	azp, hasAZP := found["azp"]
	switch {
	case token.Issuer != r.config.OP.Issuer: // go-oidc is lenient with one of them
		return refuse("Unexpected JWT issuer: %s", token.Issuer)
	case token.Subject == "":
		return refuse("Missing JWT subject (sub) claim")
	case (hasAZP || len(token.Audience) > 1) && azp != r.config.RP.ClientID:
		return refuse("Unexpected JWT authorized party (azp) claim: %v", azp)
	case found["exp"] == nil:
		return refuse("Missing JWT expiration (exp) claim")
	case found["iat"] == nil:
		return refuse("Missing JWT issue time (iat) claim")
	case now.After(token.Expiry.Add(skew)):
		return refuse("Expired JWT")
	case token.IssuedAt.After(now.Add(skew)):
		return refuse("JWT issue time ahead of current time")
	case nonce == "" || token.Nonce != nonce:
		return refuse("Unexpected JWT nonce (nonce) claim: %s", token.Nonce)
	}
	return nil
}

// skew is what is tolerated: Elasticsearch passes milliseconds where Nimbus takes
// seconds.
func (r *Realm) skew() time.Duration {
	if r.config.StrictClockSkew {
		return r.config.AllowedClockSkew
	}
	return time.Duration(r.config.AllowedClockSkew.Milliseconds()) * time.Second
}

// unverified is the payload of a JWT.
func unverified(token string) []byte {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	return payload
}

func decodeClaims(payload []byte) (claims, error) {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	var found claims
	if err := decoder.Decode(&found); err != nil {
		return nil, err
	}
	if found == nil {
		found = claims{} // null
	}
	if one, is := found["aud"].(string); is {
		found["aud"] = []any{one} // Nimbus makes lists of it
	}
	return found, nil
}

// accessTokenHash compares at_hash, before the ID token's signature is looked at. The
// implicit flow needs it, the code flow only looks at it.
func (r *Realm) accessTokenHash(came callback) error {
	found, err := decodeClaims(unverified(came.idToken))
	if err != nil {
		return refuse("Failed to parse or validate the ID Token: %v", err)
	}
	given := found.text("at_hash")
	if given == "" {
		if r.config.RP.ResponseType == implicitType {
			return refuse("Failed to verify access token. ID Token doesn't contain at_hash claim")
		}
		return nil
	}
	if hashOf(came.accessToken, r.config.RP.SignatureAlgorithm) != given {
		return refuse("Failed to verify access token: at_hash does not match")
	}
	return nil
}

// hashOf is at_hash for a signature algorithm of the configuration, which knows all.
func hashOf(accessToken, algorithm string) string {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[algorithm[2:]]
	digest := hash.New()
	digest.Write([]byte(accessToken))
	sum := digest.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
