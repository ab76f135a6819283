//go:build long

package chaos_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// person works with one browser. Only live touches it.
type person struct {
	w       *world
	name    string
	browser *gatewaytest.Browser
	// in is true while a session is confirmed; unsure while a sign-in or sign-out
	// was answered with an error, so that nobody knows.
	in, unsure bool
	ended      []http.CookieJar // of sessions whose end was confirmed
}

// live works until stop is closed.
func (p *person) live(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		switch n := rand.IntN(100); {
		case !p.in || p.unsure:
			p.signIn()
		case n == 0:
			p.signOut()
		case n < 5 && len(p.ended) > 0:
			p.haunt()
		default:
			p.ask()
		}
	}
}

// ask asks Elasticsearch who one is.
func (p *person) ask() {
	begun := time.Now()
	status, user := p.who(p.browser)
	switch {
	case status == http.StatusOK && user == p.name:
		p.w.tally.count("answers")
	case status == http.StatusOK:
		p.w.tally.fail("%s got an answer for %q", p.name, user)
	case status == http.StatusUnauthorized || status == http.StatusSeeOther:
		p.w.tally.fail("%s was signed out", p.name)
		p.in = false
	case p.w.tally.excused(begun):
		p.w.tally.count("errors during faults")
		p.w.wait(50 * time.Millisecond)
	default:
		p.w.tally.fail("outside of a fault %s got %d", p.name, status)
	}
}

// who returns what ES says of the browser's person; 0 if there was no answer.
func (p *person) who(b *gatewaytest.Browser) (status int, user string) {
	r, err := http.NewRequestWithContext(p.w.t.Context(), http.MethodGet, p.w.es.URL.String()+"/_security/_authenticate", nil)
	if err != nil {
		return 0, ""
	}
	resp, err := b.Do(r)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		return 0, ""
	}
	var said struct {
		Username string `json:"username"`
	}
	_ = json.Unmarshal(body.Bytes(), &said) // what is no JSON names nobody
	return resp.StatusCode, said.Username
}

func (p *person) signIn() {
	begun := time.Now()
	if status, user := p.who(p.browser); p.unsure && status == http.StatusOK && user == p.name {
		p.in, p.unsure = true, false // a sign-out that was answered with an error did not happen
		return
	}
	err := p.trySignIn()
	if err == nil {
		p.in, p.unsure = true, false
		p.w.tally.count("sign-ins")
		return
	}
	p.unsure = true
	if p.w.tally.excused(begun) {
		p.w.wait(100 * time.Millisecond)
		return
	}
	p.w.tally.fail("outside of a fault %s could not sign in: %v", p.name, err)
}

// trySignIn goes the whole way and reports whether it was confirmed.
func (p *person) trySignIn() error {
	const wanted = "/_security/_authenticate"
	got, err := p.browser.TrySignIn(wanted, p.name)
	if err == nil && (got.Status != http.StatusSeeOther || got.Location != p.w.es.URL.String()+wanted) {
		err = fmt.Errorf("no session: %d %s", got.Status, got.Header.Get("X-Gateway-Response"))
	}
	return err
}

func (p *person) signOut() {
	begun := time.Now()
	before := p.copyOfCookies()
	got, err := p.trySignOut()
	p.in = false
	switch {
	case err == nil && got.Status == http.StatusSeeOther:
		p.w.tally.count("sign-outs")
		p.ended = append(p.ended, before)
	case p.w.tally.excused(begun):
		p.unsure = true
	default:
		p.w.tally.fail("outside of a fault %s could not sign out: %d %v", p.name, got.Status, err)
	}
}

func (p *person) trySignOut() (gatewaytest.Reply, error) {
	return p.browser.Try(http.MethodPost, gatewaytest.Prefix+"/logout", "x=", "Sec-Fetch-Site", "same-origin")
}

// haunt asks with the cookies of a session that has ended.
func (p *person) haunt() {
	ghost := p.w.es.Browser()
	ghost.Use(p.w.front)
	ghost.Jar = p.ended[rand.IntN(len(p.ended))]
	defer ghost.CloseIdleConnections()
	p.w.tally.count("ended sessions asked for")
	if status, user := p.who(ghost); status == http.StatusOK {
		p.w.tally.fail("an ended session of %s answers for %q", p.name, user)
	}
}

func (p *person) copyOfCookies() http.CookieJar {
	jar, _ := cookiejar.New(nil) // never fails
	u := &url.URL{Scheme: p.w.es.URL.Scheme, Host: p.w.es.URL.Host, Path: "/"}
	jar.SetCookies(u, p.browser.Jar.Cookies(u))
	return jar
}
