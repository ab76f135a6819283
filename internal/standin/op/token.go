package op

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// maxForm bounds what is posted.
const maxForm = 64 << 10

// token is the token endpoint: a code for an ID token and an access token.
func (o *OP) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		o.refuse(w, http.StatusBadRequest, "invalid_request", "the form cannot be read")
		return
	}
	client, err := o.authenticateClient(r)
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Basic realm="token"`)
		o.refuse(w, http.StatusUnauthorized, "invalid_client", err.Error())
		return
	}
	if r.PostForm.Get("grant_type") != "authorization_code" {
		o.refuse(w, http.StatusBadRequest, "unsupported_grant_type", "this provider knows authorization_code")
		return
	}
	g, there := o.redeem(r.PostForm.Get("code"))
	switch {
	case !there || g.request.client.ID != client.ID:
		o.refuse(w, http.StatusBadRequest, "invalid_grant", "the code is unknown, used or too old")
	case g.request.redirectURI != r.PostForm.Get("redirect_uri"):
		o.refuse(w, http.StatusBadRequest, "invalid_grant", "the redirect_uri is not that of the request")
	case !g.request.proven(r.PostForm.Get("code_verifier")):
		o.refuse(w, http.StatusBadRequest, "invalid_grant", "the code_verifier does not fit")
	default:
		o.sendTokens(w, g)
	}
}

func (o *OP) sendTokens(w http.ResponseWriter, g *grant) {
	access := o.keepAccess(g)
	idToken, err := o.idToken(g, access)
	if err != nil {
		o.config.Log.Error("OpenID provider: ID token", slog.Any("error", err))
		o.refuse(w, http.StatusInternalServerError, "server_error", "the ID token cannot be made")
		return
	}
	body := map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": int(tokenLife.Seconds()),
		"id_token": idToken, "scope": strings.Join(g.request.scopes, " "),
	}
	replace(body, g.bent.Token)
	o.bentJSON(w, g.bent.TokenStatus, g.bent.TokenType, body)
}

// proven checks PKCE (RFC 7636 4.6). A verifier without a challenge is a sign of an
// attack, too (RFC 9700 2.1.1).
func (r request) proven(verifier string) bool {
	switch {
	case r.challenge == "":
		return verifier == ""
	case r.method == "S256":
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(verifier), []byte(r.challenge)) == 1
}

var errClient = errors.New("the client is not known or not proven")

// authenticateClient takes one of the methods of OpenID Connect Core 9.
func (o *OP) authenticateClient(r *http.Request) (Client, error) {
	if id, secret, basic := r.BasicAuth(); basic {
		name, err := url.QueryUnescape(id)
		if err != nil {
			return Client{}, errClient
		}
		secret, err = url.QueryUnescape(secret)
		if err != nil {
			return Client{}, errClient
		}
		return o.bySecret(name, secret)
	}
	if assertion := r.PostForm.Get("client_assertion"); assertion != "" {
		return o.byAssertion(assertion)
	}
	return o.bySecret(r.PostForm.Get("client_id"), r.PostForm.Get("client_secret"))
}

func (o *OP) bySecret(id, secret string) (Client, error) {
	client, known := o.client(id)
	if !known || subtle.ConstantTimeCompare([]byte(client.Secret), []byte(secret)) != 1 {
		return Client{}, errClient
	}
	return client, nil
}

// byAssertion is client_secret_jwt.
func (o *OP) byAssertion(assertion string) (Client, error) {
	signed, err := jwt.ParseSigned(assertion, []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512})
	if err != nil {
		return Client{}, errClient
	}
	var claims jwt.Claims
	if err := signed.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return Client{}, errClient
	}
	client, known := o.client(claims.Subject)
	if !known || client.Secret == "" || signed.Claims([]byte(client.Secret), &claims) != nil {
		return Client{}, errClient
	}
	want := jwt.Expected{Issuer: client.ID, Subject: client.ID, AnyAudience: jwt.Audience{o.config.Issuer + "/token", o.config.Issuer}, Time: o.config.Now()}
	if claims.Expiry == nil || claims.ID == "" || claims.ValidateWithLeeway(want, time.Minute) != nil {
		return Client{}, errClient
	}
	return client, nil
}

// userinfo tells about the person behind an access token.
func (o *OP) userinfo(w http.ResponseWriter, r *http.Request) {
	access, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	g, there := o.byAccess(access)
	if !there {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	claims := g.personal()
	claims["sub"] = Subject(g.login.person)
	replace(claims, g.bent.Userinfo)
	o.bentJSON(w, g.bent.UserinfoStatus, g.bent.UserinfoType, claims)
}

func (o *OP) refuse(w http.ResponseWriter, status int, code, description string) {
	o.config.Log.Info("OpenID provider refuses a client", slog.String("code", code), slog.String("description", description))
	o.json(w, status, map[string]any{"error": code, "error_description": description})
}

func (o *OP) json(w http.ResponseWriter, status int, body any) { o.bentJSON(w, status, "", body) }

func (o *OP) bentJSON(w http.ResponseWriter, status int, mediaType string, body any) {
	if status == 0 {
		status = http.StatusOK
	}
	if mediaType == "" {
		mediaType = "application/json"
	}
	text, err := json.Marshal(body)
	if err != nil {
		o.config.Log.Error("OpenID provider: JSON", slog.Any("error", err))
		status, text = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may be gone
}
