package web

import (
	"net/url"
	"time"
)

// Session tells people who they are here, through what and until when.
type Session struct {
	// User is the name that Elasticsearch knows.
	User, FullName, Email string
	// Realm and RealmType say who vouches for the user.
	Realm, RealmType string
	// Method is the title of the way they signed in.
	Method string
	Roles  []string
	// Since is when they signed in, IdleUntil when the session ends if it is not
	// used, Until when it ends at the latest. A zero time is not shown.
	Since, IdleUntil, Until time.Time
	// SignOutURL is where the form with the button goes, by POST.
	SignOutURL string
	// Applications are what lies behind the gateway.
	Applications []Application
}

// Application is a route that people can go to.
type Application struct {
	// Title is its name; empty: the host of URL.
	Title string
	URL   string
}

// Title implements Page.
func (Session) Title() string { return "Your session" }

func (Session) look() look {
	return look{template: "session.html", scripts: []string{"times.js"}, wide: true, posts: true}
}

// Name is how people call themselves, as far as it is known.
func (p Session) Name() string {
	if p.FullName != "" {
		return p.FullName
	}
	return p.User
}

// Host is the host of the application's address, or the address.
func (a Application) Host() string {
	if u, err := url.Parse(a.URL); err == nil && u.Host != "" {
		return u.Host
	}
	return a.URL
}
