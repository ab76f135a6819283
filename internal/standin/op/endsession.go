package op

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/esgateway/esgateway/internal/standin/people"
)

// A leaving is a client's request to end a login (RP-Initiated Logout 1.0).
type leaving struct {
	client Client
	sid    string // of the hint; empty without one
	next   string // where the browser goes afterwards; may be empty
}

// endSession takes such requests by GET. A login ends without a question only if the
// client shows an ID token of that login; a link alone must not sign anybody out.
func (o *OP) endSession(w http.ResponseWriter, r *http.Request) error {
	l, err := o.leaving(r.URL.Query())
	if err != nil {
		return err
	}
	key, s, ok := o.session(r)
	if ok && s.sid != l.sid {
		name := l.client.ID
		if name == "" {
			name = "Somebody"
		}
		page := people.Page{Provider: name, Action: o.path + "/end_session?" + r.URL.RawQuery}
		return o.pages.Show(w, http.StatusOK, "leave.html", page, people.Origin(l.next))
	}
	return o.leave(w, r, key, s, l.next)
}

// confirmed is the button of the question, and of the home page.
func (o *OP) confirmed(w http.ResponseWriter, r *http.Request) error {
	l, err := o.leaving(r.URL.Query())
	if err != nil {
		return err
	}
	key, s, _ := o.session(r)
	return o.leave(w, r, key, s, l.next)
}

// leave ends a login, tells the clients, and goes on. Clients hear of
// it in frames and on the back channel, each at the addresses that it has.
func (o *OP) leave(w http.ResponseWriter, r *http.Request, key string, s *session, next string) error {
	http.SetCookie(w, o.cookie(""))
	var frames []string
	if s != nil {
		for _, id := range o.end(key, s) {
			client, _ := o.client(id)
			if client.FrontchannelLogoutURI != "" {
				frames = append(frames, o.FrontchannelLogout(client, s.sid))
			}
			o.tellBackchannel(r, client, s.login)
		}
	}
	switch {
	case len(frames) > 0 || next == "":
		return o.pages.Show(w, http.StatusOK, "notice.html", people.Page{
			Heading: "You are signed out", Text: "You can close this page.", Next: next, Frames: frames,
		})
	default:
		people.SeeOther(w, next)
		return nil
	}
}

func (o *OP) tellBackchannel(r *http.Request, client Client, who login) {
	if client.BackchannelLogoutURI == "" || o.config.HTTPClient == nil {
		return
	}
	token, err := o.LogoutToken(client.ID, who.person, Logout{SID: who.sid})
	if err == nil {
		_, err = Deliver(r.Context(), o.config.HTTPClient, client.BackchannelLogoutURI, token)
	}
	if err != nil {
		o.config.Log.Warn("OpenID provider: a client did not take a logout token", slog.String("client", client.ID), slog.Any("error", err))
	}
}

// leaving reads a request. An address that is not the client's is nobody's.
func (o *OP) leaving(query url.Values) (leaving, error) {
	var l leaving
	if hint := query.Get("id_token_hint"); hint != "" {
		var err error
		if l, err = o.readHint(hint); err != nil {
			return leaving{}, err
		}
	}
	if id := query.Get("client_id"); id != "" {
		client, known := o.client(id)
		if !known || l.client.ID != "" && l.client.ID != id {
			return leaving{}, errors.New("the client_id is not that of the id_token_hint, or not known here")
		}
		l.client = client
	}
	if next := query.Get("post_logout_redirect_uri"); next != "" {
		if !slices.Contains(l.client.PostLogoutRedirectURIs, next) {
			return leaving{}, errors.New("the post_logout_redirect_uri is not one of the client's")
		}
		l.next = next
		if state := query.Get("state"); state != "" {
			l.next = withQuery(next, url.Values{"state": {state}})
		}
	}
	return l, nil
}

// readHint takes any ID token that this provider has signed, however old.
func (o *OP) readHint(hint string) (leaving, error) {
	refused := errors.New("the id_token_hint is not one of this provider's")
	signed, err := jose.ParseSignedCompact(hint, []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512,
		jose.HS256, jose.HS384, jose.HS512,
	})
	if err != nil {
		return leaving{}, refused
	}
	var claims struct {
		Audience string `json:"aud"`
		Issuer   string `json:"iss"`
		SID      string `json:"sid"`
	}
	if json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &claims) != nil || claims.Issuer != o.config.Issuer {
		return leaving{}, refused
	}
	client, known := o.client(claims.Audience)
	if !known {
		return leaving{}, refused
	}
	for _, key := range o.hintKeys(client, signed.Signatures[0].Header.Algorithm) {
		if _, err := signed.Verify(key); err == nil {
			return leaving{client: client, sid: claims.SID}, nil
		}
	}
	return leaving{}, refused
}

func (o *OP) hintKeys(client Client, algorithm string) []any {
	if algorithm[:2] == "HS" {
		if client.Secret == "" {
			return nil
		}
		return []any{[]byte(client.Secret)}
	}
	var keys []any
	for _, key := range o.currentKeys() {
		keys = append(keys, key.Private.Public())
	}
	return keys
}
