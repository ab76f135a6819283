package op

import (
	"crypto/rand"
	"net/http"
	"slices"
	"time"

	"github.com/esgateway/esgateway/internal/standin/people"
)

const (
	// cookieName is distinct because a browser does not tell ports apart:
	// everything on localhost shares its cookies.
	cookieName = "demo_op_session"
	// sessionLife is how long a login lasts.
	sessionLife = 8 * time.Hour
)

// A session is a login in a browser.
type session struct {
	login
	freshFor string   // the request whose page took the password
	clients  []string // those that were told of it; guarded by the provider's mu
}

// begin makes a login and the value of its cookie.
func (o *OP) begin(person Person, freshFor string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.config.Now()
	return o.sessions.add(&session{login: login{person: person, sid: rand.Text(), at: now}, freshFor: freshFor}, now.Add(sessionLife))
}

// session is the login of a browser; nil if there is none.
func (o *OP) session(r *http.Request) (key string, found *session, ok bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return "", nil, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	found, ok = o.sessions.find(cookie.Value, o.config.Now())
	return cookie.Value, found, ok
}

// told remembers that a client knows of a login.
func (o *OP) told(s *session, client string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.Contains(s.clients, client) {
		s.clients = append(s.clients, client)
	}
}

// end takes a login away and says which clients knew of it.
func (o *OP) end(key string, s *session) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sessions.remove(key)
	clients := s.clients
	s.clients = nil
	return clients
}

// cookie is the session cookie; an empty value takes it away.
func (o *OP) cookie(value string) *http.Cookie {
	return people.Cookie(cookieName, value, o.path+"/", o.secure)
}
