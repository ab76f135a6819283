package login

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// triesLimit is how many tickets in a row may not fit before a page names the cause.
// One that does not fit is nothing unusual: of tabs that open together only the last
// one's key stays in the browser.
const triesLimit = 4

// wanted is where somebody wanted to go.
type wanted struct {
	next string // a proven return URL; empty: nobody knows
	// place is the sealed place that a ticket can lead to: the browser at next's host.
	// Empty on the public host, and where nobody has challenged.
	place string
}

// query is the wish as the sign-in page takes it.
func (g wanted) query() url.Values {
	q := url.Values{"next": {g.next}}
	if g.place != "" {
		q.Set("for", g.place)
	}
	return q
}

// wantedOf is the wish of a request.
func (f *Flow) wantedOf(r *http.Request) wanted {
	return wanted{next: f.next(r), place: r.FormValue("for")}
}

// or is the wish, or the landing page where there is none.
func (g wanted) or(landing string) wanted {
	if g.next == "" {
		return wanted{next: landing}
	}
	return g
}

// apart reports whether a host of ours has cookies of its own, so that a session
// comes there by a ticket.
func (f *Flow) apart(host string) bool {
	return host != f.public.Hostname() && !f.cookies.Shared() && f.returns.Has(host)
}

// goOn leads somebody with that session to the wanted page: by a ticket where the
// session's cookie does not reach. Without a place for the ticket the page is asked
// for all the same, and comes back with one.
func (f *Flow) goOn(w http.ResponseWriter, r *http.Request, id session.ID, g wanted) error {
	origin, place, ok := f.ticketFor(g)
	if !ok {
		web.Redirect(w, r, g.next)
		return nil
	}
	ticket, err := f.sessions.Ticket(r.Context(), id, place)
	if err != nil {
		return storeFault(err)
	}
	q := url.Values{"ticket": {ticket}, "next": {g.next}, "try": {strconv.Itoa(place.Tries)}}
	web.Redirect(w, r, origin+f.address("/enter", q))
	return nil
}

// ticketFor is where a ticket leads to; ok is false where none is needed, or possible.
func (f *Flow) ticketFor(g wanted) (origin string, to session.Place, ok bool) {
	u, err := f.returns.Parse(g.next)
	if err != nil || !f.apart(u.Host()) || g.place == "" {
		return "", session.Place{}, false
	}
	to, err = f.sessions.OpenPlace(g.place)
	return u.Origin(), to, err == nil && to.Host == u.Host()
}

// leadsTo reports whether a page lies on that host, and the host has cookies of its own.
func (f *Flow) leadsTo(next, host string) bool {
	u, err := f.returns.Parse(next)
	return err == nil && u.Host() == host && f.apart(host)
}

// enter is GET /enter on a further host: it takes the ticket that the public host
// has given to this browser, and sets this host's cookie on the same session.
//
// Threats: a ticket is stolen (it is for one browser key of one host, and taking it
// burns it); an attacker gives a victim a ticket of his own (the victim's key does not
// fit); a cookie does not come back (a page says so; the number of tries is bounded).
func (f *Flow) enter(w http.ResponseWriter, r *http.Request) error {
	id, place, err := f.sessions.Redeem(r.Context(), r.FormValue("ticket"))
	if err != nil && !errors.Is(err, session.ErrOver) {
		return storeFault(err)
	}
	next, host := f.next(r), hostOf(r)
	if !f.leadsTo(next, host) {
		web.Redirect(w, r, f.landing) // nobody of us has made this address
		return nil
	}
	b, err := f.needBrowser(r)
	if err != nil {
		return err
	}
	if place.Host != host || place.Browser != session.BrowserLabel(b.key) {
		return f.enterAgain(w, r, b, next)
	}
	s, err := f.sessions.Current(r.Context(), id)
	if errors.Is(err, session.ErrOver) {
		web.Redirect(w, r, next) // it ended meanwhile, so the page asks for a sign-in
		return nil
	}
	if err != nil {
		return storeFault(err)
	}
	if s.Moved != nil {
		id = *s.Moved
	}
	return f.entered(w, r, b, s, id, next)
}

// entered sets the host's cookie. Another user's session that was there ends, and the
// person hears of it before going on (rule 3 of every sign-in).
func (f *Flow) entered(w http.ResponseWriter, r *http.Request, b browser, s *session.Session, id session.ID, next string) error {
	before, err := f.current(r)
	if err != nil && !errors.Is(err, session.ErrOver) {
		return err
	}
	if err := f.cookies.SetID(w, hostOf(r), id); err != nil {
		return err
	}
	if err := f.setBrowser(w, r, b.signedIn(f.now())); err != nil {
		return err
	}
	if before == nil || before.SameUser(s) {
		web.Redirect(w, r, next)
		return nil
	}
	if err := f.sessions.End(r.Context(), before, session.OtherUser); err != nil {
		return storeFault(err)
	}
	return f.pages.Page(w, r, http.StatusOK, f.otherUser(before, s, next))
}

// enterAgain answers a ticket that does not fit. With a session on this host another
// tab was quicker. Otherwise the public host is asked for another ticket, for the key
// that the browser has by now.
func (f *Flow) enterAgain(w http.ResponseWriter, r *http.Request, b browser, next string) error {
	if f.alive(r) {
		web.Redirect(w, r, next)
		return nil
	}
	tries, err := strconv.Atoi(r.FormValue("try"))
	if err != nil || tries < 0 || tries+1 >= triesLimit {
		return &fault.Error{
			Kind:   fault.SignInLoop,
			Public: "You are signed in, but " + r.Host + " could not take that over.",
			Hint:   "Allow cookies for " + r.Host + " and open the page again. If that does not help, tell your administrator: an application there may set cookies of the gateway's names.",
		}
	}
	to, err := f.challengeURL(wantedURL{next: next, host: hostOf(r), key: b.key, tries: tries + 1})
	if err != nil {
		return err
	}
	web.Redirect(w, r, to)
	return nil
}

// wantedURL is a page on a host with cookies of its own.
type wantedURL struct {
	next, host, key string
	tries           int
	again           bool
}

// challengeURL is the sign-in page that leads back to the page by a ticket.
func (f *Flow) challengeURL(p wantedURL) (string, error) {
	place, err := f.sessions.SealPlace(session.Place{Host: p.host, Browser: session.BrowserLabel(p.key), Tries: p.tries})
	if err != nil {
		return "", err
	}
	q := wanted{next: p.next, place: place}.query()
	if p.again {
		q.Set("again", "1")
	}
	return f.public.Scheme + "://" + f.public.Host + f.address("/login", q), nil
}

// strangePlace is the fault of a place that this gateway has not sealed: two hosts
// are answered by gateways that do not share their keys, and would send people to
// and fro.
func strangePlace(err error) error {
	return &fault.Error{
		Kind:   fault.SignInLoop,
		Public: "The page that you came from is served by a gateway that this one does not know.",
		Hint:   "Tell your administrator: all nodes and hosts of the gateway need the same sessions.keys_file.",
		Err:    err,
	}
}
