package login

import (
	"errors"
	"maps"
	"net"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// showLogin is GET /login: one page of ours, which sets the browser key and goes
// on by itself. A browser with a live session goes on at once.
func (f *Flow) showLogin(w http.ResponseWriter, r *http.Request) error {
	g := f.wantedOf(r)
	if g.place != "" {
		if _, err := f.sessions.OpenPlace(g.place); errors.Is(err, session.ErrPlace) {
			return strangePlace(err)
		}
	}
	b, known := f.browserOf(r)
	if id, ok := f.living(r); ok && !again(r) {
		return f.goOn(w, r, id, g)
	}
	if !known {
		b = newBrowser()
	}
	if err := f.setBrowser(w, r, b); err != nil {
		return err
	}
	page := web.SignIn{Next: g.next, Hidden: map[string]string{}}
	page.Choices, page.Auto, page.Notice = f.choices(r, b)
	if again(r) {
		page.Hidden["again"] = "1"
	}
	if g.place != "" {
		page.Hidden["for"] = g.place
	}
	maps.Copy(page.Hidden, hintsOf(r).fields())
	return f.pages.Page(w, r, http.StatusOK, page)
}

// choices are the ways to sign in that the page offers, auto whether it goes on with the
// only one by itself, and notice what the person should know. A certificate is offered
// where the browser has shown one that counts.
func (f *Flow) choices(r *http.Request, b browser) (all []web.Choice, auto bool, notice string) {
	auto, missed := true, false
	for _, m := range f.offered(r) {
		choice := web.Choice{Name: m.Name, Title: m.Title, Action: f.address("/login/"+m.Name, nil)}
		if p, ok := m.Method.(Prover); ok {
			if !p.Browsers() {
				continue
			}
			proof, shown, err := p.Prove(r)
			if err != nil {
				notice = fault.Of(err).Public
			}
			if err != nil || !shown {
				missed = true
				continue
			}
			choice.As, auto = proof.Holder, silent(r, b)
		}
		all = append(all, choice)
	}
	switch {
	case len(all) > 0:
	case notice != "":
		notice += " " + showAnother
	case missed:
		notice = nothingShown + " " + showOne
	}
	return all, auto && len(all) == 1 && notice == "", notice // a reason is for reading
}

// offered are the methods that the page is about: all, or the one that the address
// names, itself or by its identity provider.
func (f *Flow) offered(r *http.Request) []Configured {
	if m := f.methodNamed(r.FormValue("method")); m != nil {
		return []Configured{*m}
	}
	if iss := r.FormValue("iss"); iss != "" {
		for _, m := range f.methods {
			if known, ok := m.Method.(IssuedBy); ok && known.Issuer() == iss {
				return []Configured{m}
			}
		}
	}
	return f.methods
}

// startLogin is GET or POST /login/{method}: it starts an attempt and sends the
// browser to the identity provider. What another site has sent here, or a
// browser fetched ahead, starts nothing but the page with the button.
func (f *Flow) startLogin(w http.ResponseWriter, r *http.Request) error {
	m := f.methodNamed(chi.URLParam(r, "method"))
	if m == nil {
		return fault.New(fault.NotFound, "There is no such way to sign in.")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	g := f.wantedOf(r)
	from := web.OriginOf(r, f.public)
	prover, proves := m.Method.(Prover)
	if proves && !prover.Browsers() {
		return fault.New(fault.NotFound, "Programs alone sign in in this way.")
	}
	if from == web.OtherOrigin || ahead(r) || (proves && from != web.SameOrigin) {
		web.Redirect(w, r, f.address("/login", g.query()))
		return nil
	}
	b, err := f.needBrowser(r)
	if err != nil {
		return err
	}
	if id, ok := f.living(r); ok && !again(r) {
		return f.goOn(w, r, id, g)
	}
	if proves {
		return f.beginByProof(w, r, m, b, g)
	}
	return f.start(w, r, m, b, g)
}

// start asks the method where to go, keeps the attempt and goes.
func (f *Flow) start(w http.ResponseWriter, r *http.Request, m *Configured, b browser, g wanted) error {
	step, err := m.Start(r.Context(), Ask{Again: again(r), Hints: hintsOf(r)})
	if err != nil {
		f.metrics.SignIn(m.Name, outcomeWord(err))
		return err
	}
	if step.kind != stepRedirect {
		return errors.New("login: a method started with a step that is no redirect")
	}
	a := Attempt{ID: step.id, Method: m.Name, Realm: m.Realm, Next: g.next, For: g.place, Nonce: step.attempt.Nonce, Audience: step.attempt.Audience, Browser: b.key, Started: f.now()}
	if err := f.keep(r.Context(), a, f.client(r)); err != nil {
		return err
	}
	web.Redirect(w, r, step.url)
	return nil
}

// next is the proven return URL of a request, or the landing page. What is not
// ours is dropped, not reported: a link of somebody else decides nothing.
func (f *Flow) next(r *http.Request) string {
	raw := r.FormValue("next")
	if raw == "" {
		raw = r.FormValue("rd")
	}
	return f.proven(raw)
}

// proven is a return URL that somebody has named, or the landing page.
func (f *Flow) proven(raw string) string {
	if raw == "" {
		return f.landing
	}
	u, err := f.returns.Parse(raw)
	if err != nil {
		return f.landing
	}
	return u.String()
}

// alive reports whether the browser has a live session on this host.
func (f *Flow) alive(r *http.Request) bool {
	_, ok := f.living(r)
	return ok
}

// living is the id of the live session that the browser has on this host.
func (f *Flow) living(r *http.Request) (session.ID, bool) {
	id, ok, _ := f.cookies.IDOf(r, hostOf(r))
	if !ok {
		return session.ID{}, false
	}
	s, err := f.sessions.Current(r.Context(), id)
	if err != nil || f.Judge(r, s, false) != nil {
		return session.ID{}, false
	}
	if s.Moved != nil {
		id = *s.Moved
	}
	return id, true
}

// maxForm bounds what is read of our own forms: a return URL and little else.
const maxForm = 64 << 10

func again(r *http.Request) bool { return r.FormValue("again") == "1" }

// ahead reports whether a browser fetches before anybody has clicked.
func ahead(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") || r.Header.Get("Purpose") == "prefetch"
}

// hostOf is the host of a request without port and trailing dot, in lower case; an IPv6
// address without brackets, as url.URL.Hostname says it.
func hostOf(r *http.Request) string {
	host := strings.TrimSuffix(strings.TrimPrefix(r.Host, "["), "]") // no port
	if h, _, err := net.SplitHostPort(r.Host); err == nil {
		host = h
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
