package op

import (
	"crypto/rand"
	"time"
)

// A login is who has logged in, in which session and when.
type login struct {
	person Person
	sid    string
	at     time.Time
}

// A grant is what a client may have: a person's claims, once.
type grant struct {
	request request
	login   login
	bent    Answer
	used    bool   // its code was exchanged; guarded by the provider's mu
	access  string // the access token; guarded by the provider's mu
}

const (
	codeLife  = time.Minute
	tokenLife = 5 * time.Minute
	// tokenSeconds is the same for the wire.
	tokenSeconds = "300"
)

func (o *OP) newGrant(req request, who login, a Answer) *grant {
	if who.sid == "" {
		who.sid = rand.Text()
	}
	return &grant{request: req, login: who, bent: a}
}

func (o *OP) keepCode(g *grant) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.codes.add(g, o.config.Now().Add(codeLife))
}

func (o *OP) keepAccess(g *grant) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	g.access = o.access.add(g, o.config.Now().Add(tokenLife))
	return g.access
}

// redeem takes a code, once: who comes again takes the access token away, too
// (RFC 6749 4.1.2).
func (o *OP) redeem(code string) (*grant, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g, there := o.codes.find(code, o.config.Now())
	if !there {
		return nil, false
	}
	if g.used {
		o.access.remove(g.access)
		return nil, false
	}
	g.used = true
	return g, true
}

func (o *OP) byAccess(access string) (*grant, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.access.find(access, o.config.Now())
}
