// Package webtest has one of every page of the gateway, ordinary and with the
// longest names that anybody will ever have, so that a browser can look at all
// of them. For tests only.
package webtest

import (
	"net/http"
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/web"
)

// Sample is a page to look at.
type Sample struct {
	// Name is unique and fit for a path.
	Name   string
	Status int
	Page   web.Page
}

// Long is a name of 2 kB without a space.
func Long() string { return strings.Repeat("Wolfeschlegelsteinhausenbergerdorff.", 57)[:2048] }

// Hostile is markup as it may come in any name: where it is not escaped, a
// script runs or the page falls apart.
func Hostile() string {
	return `</title></script><script>document.title="broken"</script>"'><img src=x onerror=alert(1)>{{.}}` + "\u202e\x00`"
}

// Samples are all pages: ordinary ones, and each with every text replaced by a
// name of 2 kB and by markup.
func Samples() []Sample {
	all := ordinary()
	for _, variant := range []struct{ name, text string }{{"long", Long()}, {"hostile", Hostile()}} {
		for _, s := range filled(variant.text) {
			s.Name += "-" + variant.name
			all = append(all, s)
		}
	}
	return all
}

// Kinds are all kinds of failures that have words of their own.
func Kinds() []fault.Kind {
	return []fault.Kind{
		fault.BadRequest, fault.LoginRequired, fault.Forbidden, fault.NoRoles, fault.NotFound, fault.MethodNotAllowed,
		fault.TooLarge, fault.SignInFailed, fault.SignInUnknown, fault.SignOutRefused, fault.CookiesBlocked, fault.SignInLoop, fault.TwoSessions, fault.CrossOrigin,
		fault.Misconfigured, fault.UpstreamUnreachable, fault.UpstreamFailed, fault.UpstreamTimeout, fault.ElasticsearchUnavailable, fault.StoreUnavailable, fault.Internal,
	}
}

const (
	signIn = "/_gateway/login?next=https%3A%2F%2Fapp.example.com%2F"
	wanted = "https://app.example.com/discover?q=%22a%20b%22"
)

func ordinary() []Sample {
	since := time.Date(2026, 3, 12, 7, 42, 0, 0, time.UTC)
	corporate := web.Choice{Name: "corp", Title: "Corporate account", Action: "/_gateway/login/corp"}
	choices := []web.Choice{
		corporate,
		{Name: "partners", Title: "Partner account", Action: "/_gateway/login/partners"},
		{Name: "card", Title: "Smart card", Action: "/_gateway/login/card"},
	}
	return []Sample{
		{"signin", http.StatusOK, web.SignIn{Next: wanted, Choices: []web.Choice{corporate}, Hidden: map[string]string{"for": "sealed"}}},
		{"signin-auto", http.StatusOK, web.SignIn{Next: wanted, Choices: []web.Choice{corporate}, Hidden: map[string]string{"for": "sealed"}, Auto: true}},
		{"signin-choice", http.StatusOK, web.SignIn{Next: wanted, Choices: choices, Hidden: map[string]string{"again": "1"}}},
		{"signin-notice", http.StatusOK, web.SignIn{Next: wanted, Choices: choices, Notice: "Your session has ended, because it was not used for 8 hours."}},
		{"signin-none", http.StatusOK, web.SignIn{}},
		{"signin-none-notice", http.StatusOK, web.SignIn{Notice: "Your browser has shown no client certificate. Put in your smart card, if you have one. Then close all windows of this browser, start it again, open this page, and choose your certificate: browsers ask once and remember the answer."}},
		{"bounce", http.StatusOK, web.Bounce{Action: "/_gateway/saml/corp/acs", Fields: []web.Field{{Name: "SAMLResponse", Value: "PGE+"}}}},
		{"fragment", http.StatusOK, web.Fragment{Action: "/_gateway/oidc/partners/callback"}},
		{"signout", http.StatusOK, web.SignOut{Action: "/_gateway/logout", User: "ada.lovelace"}},
		{"signedout", http.StatusOK, web.SignedOut{SignInURL: signIn}},
		{"signedout-undone", http.StatusOK, web.SignedOut{SignInURL: signIn, Undone: []string{
			"Elasticsearch could not be told yet. It is told again until it answers.",
			"Your identity provider was not asked to sign you out.",
		}}},
		{"session", http.StatusOK, web.Session{
			User: "ada.lovelace", FullName: "Ada Lovelace", Email: "ada@example.com", Realm: "saml1", RealmType: "saml",
			Method: "Corporate account", Roles: []string{"analyst", "kibana_user", "logs_reader", "monitoring_user"},
			Since: since, IdleUntil: since.Add(8 * time.Hour), Until: since.Add(168 * time.Hour), SignOutURL: "/_gateway/logout",
			Applications: []web.Application{
				{Title: "Search", URL: "https://search.example.com/"},
				{Title: "Dashboards", URL: "https://app.example.com/"},
				{URL: "https://es.example.com/"},
			},
		}},
		{"session-bare", http.StatusOK, web.Session{User: "svc-reports", Realm: "pki1", RealmType: "pki", SignOutURL: "/_gateway/logout"}},
		{"noroles", http.StatusForbidden, web.NoRoles{User: "ada.lovelace", Realm: "saml1", AgainURL: signIn + "&again=1"}},
		{"otheruser", http.StatusOK, web.OtherUser{Old: "ada.lovelace", New: "charles.babbage", Continue: wanted}},
		{"lost", http.StatusUnauthorized, web.Lost{SignInURL: signIn}},
		{"framed", http.StatusUnauthorized, web.Framed{SignInURL: signIn}},
		{"message", http.StatusServiceUnavailable, web.Message{
			Kind: fault.ElasticsearchUnavailable, Text: "Elasticsearch does not answer at the moment. You have not been signed out.",
			Hint: "Wait a moment, then try again.", TryAgain: true, SignInURL: signIn, SignInLabel: "Sign in again",
		}},
		{"message-facts", http.StatusUnauthorized, web.Message{
			Kind: fault.SignInFailed, Text: "The answer of your identity provider was meant for another application.",
			Hint: "Trying again will not help. Give your administrator the details below.", SignInURL: signIn, SignInLabel: "Sign in again",
			Cause: "audience", Facts: []fault.Fact{
				{Name: "Expected", Value: "https://sso.example.com/_gateway/saml/corp"},
				{Name: "Received", Value: "https://sso.example.com/_gateway/saml/corp/metadata"},
			},
		}},
	}
}

// filled are all pages with the same text wherever a text of others can be.
func filled(text string) []Sample {
	many := []string{text, text, "short", text}
	first := web.Choice{Name: text, Title: text, Action: "/_gateway/login/" + text}
	choices := []web.Choice{first, {Name: "short", Title: "Short", Action: "/short"}, first}
	hidden := map[string]string{text: text}
	return []Sample{
		{"signin", http.StatusOK, web.SignIn{Next: text, Choices: []web.Choice{first}, Hidden: hidden, Notice: text}},
		{"signin-choice", http.StatusOK, web.SignIn{Next: text, Choices: choices, Hidden: hidden, Notice: text}},
		{"bounce", http.StatusOK, web.Bounce{Action: text, Fields: []web.Field{{Name: text, Value: text}}}},
		{"fragment", http.StatusOK, web.Fragment{Action: text}},
		{"signout", http.StatusOK, web.SignOut{Action: text, User: text}},
		{"signedout", http.StatusOK, web.SignedOut{SignInURL: text, Undone: many}},
		{"session", http.StatusOK, web.Session{
			User: text, FullName: text, Email: text, Realm: text, RealmType: text, Method: text, Roles: many, SignOutURL: text,
			Applications: []web.Application{{Title: text, URL: text}, {URL: "https://" + text}, {Title: "Short", URL: "https://a.example"}},
		}},
		{"noroles", http.StatusForbidden, web.NoRoles{User: text, Realm: text, AgainURL: text}},
		{"otheruser", http.StatusOK, web.OtherUser{Old: text, New: text, Continue: text}},
		{"lost", http.StatusUnauthorized, web.Lost{SignInURL: text}},
		{"framed", http.StatusUnauthorized, web.Framed{SignInURL: text}},
		{"message", http.StatusServiceUnavailable, web.Message{
			Kind: fault.Internal, Heading: text, Text: text, Hint: text, TryAgain: true, SignInURL: text, SignInLabel: text,
			Cause: text, Facts: []fault.Fact{{Name: text, Value: text}, {Name: "Short", Value: text}},
		}},
	}
}
