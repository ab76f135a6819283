package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/web"
	"github.com/esgateway/esgateway/internal/web/webtest"
)

// A tag, with its attributes: quoted values may hold anything but their quote.
var (
	tagPattern       = regexp.MustCompile(`<(/?[a-zA-Z!][^\s/>]*)((?:[^>"']|"[^"]*"|'[^']*')*)>`)
	attributePattern = regexp.MustCompile(`([^\s"'=<>]+)(?:=(?:"([^"]*)"|'([^']*)'|([^\s"'=<>]+)))?`)
	inlineScript     = regexp.MustCompile(`(?s)<script[^>]*>\s*[^<\s]`)
)

func TestPages(t *testing.T) {
	t.Parallel()
	rn, _ := renderer(t, nil)
	for _, s := range webtest.Samples() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			if err := rn.Page(w, request(http.MethodGet, "/"), s.Status, s.Page); err != nil {
				t.Fatal(err)
			}
			if w.Code != s.Status {
				t.Errorf("status: got %d, want %d", w.Code, s.Status)
			}
			checkMarkup(t, w.Body.String())
			checkHeader(t, w.Header())
		})
	}
}

// checkMarkup holds what every page owes: its language, one heading, landmarks,
// nothing inline and nothing of other hosts.
func checkMarkup(t *testing.T, body string) {
	t.Helper()
	for _, once := range []string{"<!doctype html>", `<html lang="en">`, "<title>", "<h1", "<main>", "<header", `name="viewport"`} {
		if got := strings.Count(body, once); got != 1 {
			t.Errorf("%d times %q", got, once)
		}
	}
	if inlineScript.MatchString(body) || strings.Contains(body, "<style") {
		t.Error("a script or style stands in the page itself")
	}
	for _, tag := range tagPattern.FindAllStringSubmatch(body, -1) {
		for _, attribute := range attributePattern.FindAllStringSubmatch(tag[2], -1) {
			name := strings.ToLower(attribute[1])
			if name == "style" || strings.HasPrefix(name, "on") {
				t.Errorf("%s: attribute %s runs inline", tag[0], name)
			}
			if name == "src" && !strings.HasPrefix(attribute[2], "/_gateway/static/") {
				t.Errorf("%s loads something that is not ours", tag[0])
			}
		}
	}
}

func checkHeader(t *testing.T, h http.Header) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type":           "text/html; charset=utf-8",
		"Cache-Control":          "no-store",
		"X-Content-Type-Options": "nosniff",
		"X-Request-Id":           requestID,
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	policy := h.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors '"} {
		if !strings.Contains(policy, want) {
			t.Errorf("Content-Security-Policy %q has no %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("Content-Security-Policy %q is unsafe", policy)
	}
}

// TestMarkupInNames: whatever a name holds, the page has the tags that it has
// with an ordinary name (threat T24).
func TestMarkupInNames(t *testing.T) {
	t.Parallel()
	rn, _ := renderer(t, nil)
	pages := map[string]string{}
	for _, s := range webtest.Samples() {
		pages[s.Name] = show(t, rn, s.Page)
	}
	for name, hostile := range pages {
		plain, ok := pages[strings.Replace(name, "-hostile", "-long", 1)]
		if !strings.HasSuffix(name, "-hostile") || !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, want := tags(hostile), tags(plain); !slices.Equal(got, want) {
				t.Errorf("tags: got %q, want %q", got, want)
			}
			if strings.Contains(hostile, "onerror=alert(1)>") {
				t.Errorf("markup of a name is in the page:\n%s", hostile)
			}
		})
	}
}

func tags(body string) []string {
	var all []string
	for _, tag := range tagPattern.FindAllStringSubmatch(body, -1) {
		all = append(all, tag[1])
	}
	return all
}

// TestAddressesThatRun: an address that is a script becomes one that does nothing.
func TestAddressesThatRun(t *testing.T) {
	t.Parallel()
	rn, _ := renderer(t, nil)
	const run = "javascript:alert(1)"
	for _, page := range []web.Page{
		web.SignIn{Choices: []web.Choice{{Action: run}}},
		web.SignIn{Choices: []web.Choice{{Action: run}, {Action: run}}},
		web.SignOut{Action: run},
		web.SignedOut{SignInURL: run},
		web.NoRoles{AgainURL: run},
		web.Session{SignOutURL: run, Applications: []web.Application{{Title: "t", URL: run}}},
		web.OtherUser{Continue: run},
		web.Lost{SignInURL: run},
		web.Framed{SignInURL: run},
		web.Message{SignInURL: run},
	} {
		for _, quote := range []string{`="`, `='`, `=`} {
			if got := show(t, rn, page); strings.Contains(got, quote+"javascript:") {
				t.Errorf("%T has an address that runs:\n%s", page, got)
			}
		}
	}
}

func TestPageHeader(t *testing.T) {
	t.Parallel()
	plain, _ := renderer(t, nil)
	secure, _ := renderer(t, func(c *web.Config) { c.HTTPS = true })
	for _, tc := range []struct {
		name  string
		rn    *web.Renderer
		page  web.Page
		names map[string]string
	}{
		{"a form may lead to an identity provider", plain, web.SignIn{}, map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self' https: http:; base-uri 'none'; frame-ancestors 'none'",
			"Referrer-Policy":         "same-origin",
		}},
		{"so may the sign-out", plain, web.SignOut{}, map[string]string{"Referrer-Policy": "same-origin"}},
		{"and the one on the session page", plain, web.Session{}, map[string]string{"Referrer-Policy": "same-origin"}},
		{"other pages have no such form", plain, web.Message{}, map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"Referrer-Policy":         "no-referrer",
			"X-Frame-Options":         "DENY",
		}},
		{"the page for frames stands in frames of its own origin", plain, web.Framed{}, map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
			"X-Frame-Options":         "SAMEORIGIN",
			"X-Gateway-Response":      "login_required",
		}},
		{"plain http does not ask for https", plain, web.SignedOut{}, map[string]string{
			"Strict-Transport-Security": "", "Cross-Origin-Opener-Policy": "", "X-Gateway-Response": "",
		}},
		{"https is to stay", secure, web.SignedOut{}, map[string]string{
			"Strict-Transport-Security": "max-age=31536000", "Cross-Origin-Opener-Policy": "same-origin",
		}},
		{"a page says its kind", plain, web.NoRoles{}, map[string]string{"X-Gateway-Response": "no_roles"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			if err := tc.rn.Page(w, request(http.MethodGet, "/"), http.StatusOK, tc.page); err != nil {
				t.Fatal(err)
			}
			for name, want := range tc.names {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestPageForHead(t *testing.T) {
	t.Parallel()
	rn, _ := renderer(t, nil)
	get, head := httptest.NewRecorder(), httptest.NewRecorder()
	for method, w := range map[string]*httptest.ResponseRecorder{http.MethodGet: get, http.MethodHead: head} {
		if err := rn.Page(w, request(method, "/"), http.StatusOK, web.SignedOut{}); err != nil {
			t.Fatal(err)
		}
	}
	if head.Body.Len() != 0 || head.Header().Get("Content-Length") != fmt.Sprint(get.Body.Len()) {
		t.Errorf("HEAD: got %d bytes and Content-Length %q, want none and %d", head.Body.Len(), head.Header().Get("Content-Length"), get.Body.Len())
	}
}

func TestSignInForms(t *testing.T) {
	t.Parallel()
	rn, _ := renderer(t, nil)
	one := []web.Choice{{Name: "corp", Title: "Corporate account", Action: "/_gateway/login/corp"}}
	two := append(slices.Clone(one), web.Choice{Name: "card", Title: "Smart card", Action: "/_gateway/login/card"})
	for _, tc := range []struct {
		name     string
		page     web.SignIn
		want, no []string
	}{
		{
			"the only method is a button that goes on by itself",
			web.SignIn{Next: "https://app.example.com/a?b=c&d", Choices: one, Hidden: map[string]string{"again": "1"}, Auto: true},
			[]string{
				`<form method="post" action="/_gateway/login/corp" data-signin data-auto>`, `name="next" value="https://app.example.com/a?b=c&amp;d"`,
				`name="again" value="1"`, "Continue with Corporate account", "go on to <strong>app.example.com</strong>", "/static/signin.",
			},
			nil,
		},
		{"without auto it waits", web.SignIn{Choices: one}, []string{"data-signin>"}, []string{"data-auto"}},
		{
			"of several methods none goes on by itself",
			web.SignIn{Choices: two, Auto: true},
			[]string{`formaction="/_gateway/login/corp"`, `formaction="/_gateway/login/card"`, "Smart card"},
			[]string{"data-auto"},
		},
		{"without a method there is no form", web.SignIn{Auto: true}, []string{"There is no way to sign in"}, []string{"<form", "<button"}},
		{"or it says why there is none", web.SignIn{Notice: "Put in your card."}, []string{"Put in your card."}, []string{"<form", "<button", "There is no way"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := show(t, rn, tc.page)
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			for _, no := range tc.no {
				if strings.Contains(got, no) {
					t.Errorf("%q in\n%s", no, got)
				}
			}
		})
	}
}
