package op

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Logout bends a logout token. The zero value names the person alone.
type Logout struct {
	// SID is the session that ends; empty: all of the person's.
	SID string
	// Claims replace others; nil leaves one out. Times are seconds.
	Claims map[string]any
	// Signing bends the signature; the right typ is logout+jwt.
	Signing
}

// LogoutEvent is the member of events that makes a token a logout token.
const LogoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutLife is how long a logout token is good.
const logoutLife = 2 * time.Minute

// LogoutToken tells a client that a login has ended (Back-Channel Logout 1.0, 2.4). A
// person without a name is not named.
func (o *OP) LogoutToken(clientID string, person Person, how Logout) (string, error) {
	client, known := o.client(clientID)
	if !known {
		return "", fmt.Errorf("op: the client %q is not known here", clientID)
	}
	now := o.config.Now()
	claims := map[string]any{
		"iss": o.config.Issuer, "aud": clientID, "iat": now.Unix(), "exp": now.Add(logoutLife).Unix(), "jti": rand.Text(),
		"events": map[string]any{LogoutEvent: map[string]any{}},
	}
	if person.Username != "" {
		claims["sub"] = Subject(person)
	}
	if how.SID != "" {
		claims["sid"] = how.SID
	}
	replace(claims, how.Claims)
	return o.sign(token{typ: "logout+jwt", claims: claims, client: client}, how.Signing)
}

// Deliver posts a logout token to a client's back-channel address. Every status but 200
// and 204 is an error, too.
func Deliver(ctx context.Context, client *http.Client, address, logoutToken string) (status int, err error) {
	form := url.Values{"logout_token": {logoutToken}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxForm))
	if err == nil && response.StatusCode != http.StatusOK && response.StatusCode != http.StatusNoContent {
		err = fmt.Errorf("the client answers %d: %s", response.StatusCode, text)
	}
	return response.StatusCode, err
}

// FrontchannelLogout is the address that a browser loads in a frame when a login ends
// (Front-Channel Logout 1.0).
func (o *OP) FrontchannelLogout(client Client, sid string) string {
	return withQuery(client.FrontchannelLogoutURI, url.Values{"iss": {o.config.Issuer}, "sid": {sid}})
}
