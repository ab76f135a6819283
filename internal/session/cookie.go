package session

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/securecookie"

	"github.com/esgateway/esgateway/internal/kept"
	"github.com/esgateway/esgateway/internal/secret"
)

// idSize is the entropy of a session id in bytes.
const idSize = 32

// ID is the secret name of a session: 256 random bits. It stands in the cookie
// and nowhere else; the store knows its hash.
type ID struct{ value secret.Text }

// NewID makes a fresh id.
func NewID() ID {
	var b [idSize]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return ID{secret.Of(base64.RawURLEncoding.EncodeToString(b[:]))}
}

// Reveal returns the id as it is, for a sealed record. ReadID is the reverse.
func (id ID) Reveal() string { return id.value.Reveal() }

// ReadID makes an id of what Reveal has given.
func ReadID(revealed string) ID { return ID{secret.Of(revealed)} }

// Key is where the session of this id is stored.
func (id ID) Key() Key { return KeyOf(purposeSession, id.value.Reveal()) }

// The names of our cookies, without the prefix that https adds.
const (
	SessionCookie = "esgateway_session"
	BrowserCookie = "esgateway_browser"
)

// Ours reports whether a cookie name on the wire is one of the gateway's, in
// any spelling that a lenient parser upstream might take for it.
func Ours(name string) bool {
	n := strings.ToLower(strings.TrimSpace(name))
	n = strings.TrimPrefix(strings.TrimPrefix(n, "__host-"), "__secure-")
	return strings.HasPrefix(n, "esgateway_")
}

// CookieConfig says which cookies a browser accepts from us.
type CookieConfig struct {
	// Secure is true where the public URL is https. Without it the prefix
	// __Host- and the attribute Secure are dropped: plain-http loopback only.
	Secure bool
	// Domain, if set, is the domain whose hosts share the session cookie. It
	// costs the prefix __Host-: any host of the domain can then plant cookies.
	Domain string
}

// Cookies writes and reads the gateway's cookies: encrypted, authenticated and
// bound to the host (or the domain) that they were set for.
type Cookies struct {
	codecs []securecookie.Codec
	cfg    CookieConfig
	// opened is what cookies hold that were opened before: the same bytes for the same name
	// and scope always hold the same, since our cookies have no age of their own, and
	// opening one costs more than finding its session. What does not open is not kept, so
	// nobody who makes up cookies can fill it.
	opened *kept.Table[cookieKey, string]
}

// maxCookiesKept bounds the cookies that are kept.
const maxCookiesKept = 20_000

// cookieKey is all that the content of a cookie depends on, besides the keys.
type cookieKey struct{ base, scope, value string }

// NewCookies makes the codecs of a key ring: the first key writes, all read.
func NewCookies(keys *Keyring, cfg CookieConfig) *Cookies {
	c := &Cookies{cfg: cfg, opened: kept.New[cookieKey, string](maxCookiesKept)}
	for i := range keys.keys {
		key := &keys.keys[i]
		codec := securecookie.New(key.derive("cookie hash", 32), key.derive("cookie block", 32))
		codec.SetSerializer(securecookie.NopEncoder{})
		codec.MaxAge(0) // the record has the deadlines
		c.codecs = append(c.codecs, codec)
	}
	return c
}

// SetID sends the session cookie for host.
func (c *Cookies) SetID(w http.ResponseWriter, host string, id ID) error {
	value, err := c.encode(SessionCookie, c.scope(host), id.value.Reveal())
	if err != nil {
		return err
	}
	c.write(w, &http.Cookie{Name: c.sessionName(), Value: value, Domain: c.cfg.Domain, SameSite: http.SameSiteLaxMode})
	return nil
}

// ClearID removes the session cookie, for the host and for a domain.
func (c *Cookies) ClearID(w http.ResponseWriter) {
	c.write(w, &http.Cookie{Name: c.sessionName(), MaxAge: -1, Domain: c.cfg.Domain, SameSite: http.SameSiteLaxMode})
	if c.cfg.Domain != "" {
		c.write(w, &http.Cookie{Name: c.sessionName(), MaxAge: -1, SameSite: http.SameSiteLaxMode})
	}
}

// IDOf returns the session id that a request brings for host. ambiguous is true
// if two different session cookies came: then nobody is signed in, since a
// sibling host may have planted one. A cookie that does not open is no session
// and is left alone: another deployment may own it.
func (c *Cookies) IDOf(r *http.Request, host string) (id ID, found, ambiguous bool) {
	values, sent := c.values(r, c.sessionName(), SessionCookie, c.scope(host))
	if sent > 1 {
		return ID{}, false, true
	}
	if len(values) == 0 || len(values[0]) != base64.RawURLEncoding.EncodedLen(idSize) {
		return ID{}, false, false
	}
	return ID{secret.Of(values[0])}, true, false
}

// SetBrowser sends the browser cookie of a host. On the public host, where identity
// providers post to, it must come back on a cross-site POST, minutes later, so it is
// SameSite=None where that is possible, that is over https.
func (c *Cookies) SetBrowser(w http.ResponseWriter, host, value string, crossSite bool) error {
	encoded, err := c.encode(BrowserCookie, host, value)
	if err != nil {
		return err
	}
	site := http.SameSiteLaxMode
	if crossSite && c.cfg.Secure {
		site = http.SameSiteNoneMode
	}
	c.write(w, &http.Cookie{Name: c.hostName(BrowserCookie), Value: encoded, SameSite: site})
	return nil
}

// BrowserOf returns the value of the browser cookie; ok is false if there is
// none, or more than one.
func (c *Cookies) BrowserOf(r *http.Request, host string) (value string, ok bool) {
	values, sent := c.values(r, c.hostName(BrowserCookie), BrowserCookie, host)
	if sent != 1 || len(values) != 1 {
		return "", false
	}
	return values[0], true
}

// Shared reports whether the session cookie reaches all hosts by itself.
func (c *Cookies) Shared() bool { return c.cfg.Domain != "" }

func (c *Cookies) scope(host string) string {
	if c.cfg.Domain != "" {
		return c.cfg.Domain
	}
	return host
}

func (c *Cookies) sessionName() string {
	if c.cfg.Secure && c.cfg.Domain != "" {
		return "__Secure-" + SessionCookie
	}
	return c.hostName(SessionCookie)
}

func (c *Cookies) hostName(base string) string {
	if c.cfg.Secure {
		return "__Host-" + base
	}
	return base
}

// encode binds the value to cookie and scope: a cookie of one host is nothing
// on another, and none of ours can be passed off as another.
func (c *Cookies) encode(base, scope, value string) (string, error) {
	return securecookie.EncodeMulti(base+"@"+scope, []byte(value), c.codecs...)
}

func (c *Cookies) write(w http.ResponseWriter, cookie *http.Cookie) {
	cookie.Path = "/"
	cookie.HttpOnly = true
	cookie.Secure = c.cfg.Secure
	w.Header().Add("Set-Cookie", cookie.String())
}

// values opens every cookie of that name; sent is how many different ones came,
// readable or not.
func (c *Cookies) values(r *http.Request, name, base, scope string) (values []string, sent int) {
	all := r.CookiesNamed(name)
	for i, cookie := range all {
		if slices.ContainsFunc(all[:i], func(before *http.Cookie) bool { return before.Value == cookie.Value }) {
			continue
		}
		sent++
		if plain, ok := c.open(cookieKey{base: base, scope: scope, value: cookie.Value}); ok {
			values = append(values, plain)
		}
	}
	return values, sent
}

// open is what a cookie holds, if it is one of ours.
func (c *Cookies) open(k cookieKey) (string, bool) {
	if plain, ok := c.opened.Get(k); ok {
		return plain, true
	}
	var plain []byte
	if err := securecookie.DecodeMulti(k.base+"@"+k.scope, k.value, &plain, c.codecs...); err != nil {
		return "", false
	}
	// Copies: the parts of a request are small pieces of big buffers.
	k = cookieKey{base: k.base, scope: strings.Clone(k.scope), value: strings.Clone(k.value)}
	c.opened.Put(k, string(plain))
	return string(plain), true
}
