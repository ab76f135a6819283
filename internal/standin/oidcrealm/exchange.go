package oidcrealm

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// maxAnswer bounds what a provider may send.
const maxAnswer = 1 << 20

// exchange turns a code into tokens at the token endpoint.
func (r *Realm) exchange(ctx context.Context, now time.Time, code string) (callback, error) {
	request, err := r.tokenRequest(ctx, now, code)
	if err != nil {
		return callback{}, refuse("Failed to exchange code for Id Token using the Token Endpoint: %v", err)
	}
	status, mediaType, body, err := ask(r.config.HTTPClient, request)
	if err != nil {
		return callback{}, refuse("Failed to exchange code for Id Token using the Token Endpoint: %v", err)
	}
	if mediaType != "application/json" { // at every status
		return callback{}, illegalState("Unable to parse Token Response. Content type was expected to be [application/json] but was [%s]", mediaType)
	}
	var answer struct {
		IDToken     string `json:"id_token"`
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	broken := json.Unmarshal(body, &answer)
	switch {
	case broken == nil && status == http.StatusBadRequest:
		return callback{}, refuse("Failed to exchange code for Id Token. Code=[%s], Description=[%s]", answer.Error, answer.Description)
	case status != http.StatusOK:
		return callback{}, refuse("Failed to exchange code for Id Token. Status=[%d]", status)
	case broken != nil:
		return callback{}, refuse("Failed to parse Token Response: %v", broken)
	case answer.IDToken == "" || answer.AccessToken == "":
		return callback{}, refuse("Token Response did not contain an ID Token and an access token")
	}
	return callback{idToken: answer.IDToken, accessToken: answer.AccessToken}, bearer(answer.TokenType)
}

func (r *Realm) tokenRequest(ctx context.Context, now time.Time, code string) (*http.Request, error) {
	rp := r.config.RP
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {rp.RedirectURI}}
	switch rp.ClientAuthMethod {
	case postMethod:
		form.Set("client_id", rp.ClientID)
		form.Set("client_secret", rp.ClientSecret)
	case jwtMethod:
		assertion, err := r.clientAssertion(now)
		if err != nil {
			return nil, err
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.config.OP.TokenEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if rp.ClientAuthMethod == basicMethod {
		// RFC 6749 2.3.1: form-encoded first.
		request.SetBasicAuth(url.QueryEscape(rp.ClientID), url.QueryEscape(rp.ClientSecret))
	}
	return request, nil
}

// assertionLife is how long a client assertion is good.
const assertionLife = time.Minute

// clientAssertion proves us by a JWT that is signed with the client secret.
func (r *Realm) clientAssertion(now time.Time) (string, error) {
	rp := r.config.RP
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.SignatureAlgorithm(rp.ClientAuthJWTSignatureAlgorithm), Key: []byte(rp.ClientSecret),
	}, nil)
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: rp.ClientID, Subject: rp.ClientID, Audience: jwt.Audience{r.config.OP.TokenEndpoint},
		Expiry: jwt.NewNumericDate(now.Add(assertionLife)), IssuedAt: jwt.NewNumericDate(now), ID: rand.Text(),
	}).Serialize()
}

// ask sends a request and reads the answer.
func ask(client *http.Client, request *http.Request) (status int, mediaType string, body []byte, err error) {
	response, err := client.Do(request)
	if err != nil {
		return 0, "", nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	mediaType, _, wrong := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if wrong != nil {
		mediaType = response.Header.Get("Content-Type")
	}
	return response.StatusCode, mediaType, body, err
}
