package idp

import (
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/esgateway/esgateway/internal/standin/people"
)

const (
	// cookieName is distinct because a browser does not tell ports apart:
	// everything on localhost shares its cookies.
	cookieName = "demo_idp_session"
	// sessionLife is how long a login lasts.
	sessionLife = 8 * time.Hour
	// maxSessions bounds the memory; the oldest login makes room.
	maxSessions = 1000
)

// A session is a login at the IdP.
type session struct {
	person    Person
	index     string // SessionIndex in assertions
	began     time.Time
	freshFor  string            // the request whose page took the password
	providers []ServiceProvider // those that got an assertion
}

// sessions are all logins, by the value of their cookie.
type sessions struct {
	now func() time.Time

	mu sync.Mutex
	by map[string]session
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, by: map[string]session{}}
}

// begin makes a login and the value of its cookie.
func (s *sessions) begin(person Person, freshFor string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.by) >= maxSessions {
		delete(s.by, s.oldest())
	}
	key := rand.Text()
	s.by[key] = session{person: person, index: newID(), began: s.now(), freshFor: freshFor}
	return key
}

func (s *sessions) oldest() string {
	oldest := ""
	for key, one := range s.by {
		if oldest == "" || one.began.Before(s.by[oldest].began) {
			oldest = key
		}
	}
	return oldest
}

// of is the login of a browser.
func (s *sessions) of(r *http.Request) (key string, found session, ok bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return "", session{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok = s.by[cookie.Value]
	if ok && s.now().Sub(found.began) >= sessionLife {
		delete(s.by, cookie.Value)
		return "", session{}, false
	}
	return cookie.Value, found, ok
}

// told remembers that a service provider got an assertion of a login.
func (s *sessions) told(key string, sp ServiceProvider) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one, ok := s.by[key]; ok && !slices.Contains(one.providers, sp) {
		one.providers = append(slices.Clone(one.providers), sp)
		s.by[key] = one
	}
}

// nextToLeave takes the next service provider out of a login that is ending; the
// login itself ends when there is none left.
func (s *sessions) nextToLeave(key string) (sp ServiceProvider, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.by[key]
	for len(one.providers) > 0 {
		sp, one.providers = one.providers[0], one.providers[1:]
		s.by[key] = one
		if sp.Logout != "" {
			return sp, true
		}
	}
	delete(s.by, key)
	return ServiceProvider{}, false
}

// end ends the logins that a LogoutRequest means: the person's, and of these
// the one with the index, or all of them when it names none.
func (s *sessions) end(nameID, index string, sp ServiceProvider) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.by)
	for key, one := range s.by {
		if persistentName(one.person, sp) == nameID && (index == "" || index == one.index) {
			delete(s.by, key)
		}
	}
	return n - len(s.by)
}

// cookie is the session cookie; an empty value takes it away.
func (i *IdP) cookie(value string) *http.Cookie {
	return people.Cookie(cookieName, value, i.path+"/", i.secure)
}
