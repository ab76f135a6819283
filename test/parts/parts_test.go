package parts_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// TestPartsWork signs alice in at the real identity provider in a real browser, over
// https and two registrable names, with no gateway at all: when this fails, the parts
// are to blame and not the product.
func TestPartsWork(t *testing.T) {
	t.Parallel()
	const service, identity = "sso.gateway.test", "idp.identity.test"
	authority := parts.NewCA(t)
	servicePort, idpPort := parts.FreePort(t), parts.FreePort(t)
	origin := fmt.Sprintf("https://%s:%d", service, servicePort)

	authority.Serve(t, servicePort, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			http.SetCookie(w, &http.Cookie{Name: "__Host-lax", Value: "1", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
			http.SetCookie(w, &http.Cookie{Name: "__Host-none", Value: "1", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode})
		case "/acs":
			message, err := base64.StdEncoding.DecodeString(r.PostFormValue("SAMLResponse"))
			_, lax := r.Cookie("__Host-lax")
			_, none := r.Cookie("__Host-none")
			fmt.Fprintf(w, "<p>message %v, alice %v, relay %s, lax %v, none %v</p>",
				err == nil, strings.Contains(string(message), ">alice</"), r.PostFormValue("RelayState"), lax == nil, none == nil)
		}
	}), service)
	idp := parts.StartSimpleSAMLphp(t, parts.SimpleSAMLphpConfig{
		Host: identity, CA: authority, Port: idpPort,
		Peer: parts.SAMLPeer{EntityID: "https://es.example/", ACS: origin + "/acs", SLO: origin + "/slo"},
	})
	if want := `entityID="` + idp.EntityID + `"`; !strings.Contains(string(idp.Metadata), want) {
		t.Errorf("metadata lacks %s:\n%s", want, idp.Metadata)
	}
	if want := `Location="` + idp.SSO + `"`; !strings.Contains(string(idp.Metadata), want) {
		t.Errorf("metadata lacks %s:\n%s", want, idp.Metadata)
	}

	tab := parts.StartBrowser(t, authority, service, identity).Person(t).Tab(t)
	if status := tab.Goto(origin + "/"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if cookies := tab.Cookies(origin); len(cookies) != 2 {
		t.Errorf("cookies: %v", cookies)
	}
	tab.Goto(idp.SSO + "?spentityid=https://es.example/&RelayState=hello")
	tab.Fill("input[name=username]", "alice")
	tab.Fill("input[name=password]", "alicepw")
	tab.Click("[type=submit]")
	tab.WaitURL(origin + "/acs")
	// The post comes from another site: Chromium withholds the Lax cookie.
	if got, want := tab.Text("p"), "message true, alice true, relay hello, lax false, none true"; got != want {
		t.Errorf("the service got %q, want %q", got, want)
	}
	tab.Size(320, 600)
	tab.Scheme("dark")
	tab.Screenshot("acs")
}

func TestTwoPeopleShareNoCookies(t *testing.T) {
	t.Parallel()
	authority := parts.NewCA(t)
	port := parts.FreePort(t)
	authority.Serve(t, port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			http.SetCookie(w, &http.Cookie{Name: "who", Value: r.URL.RawQuery})
		}
		who := "nobody"
		if cookie, err := r.Cookie("who"); err == nil {
			who = cookie.Value
		}
		fmt.Fprintf(w, "<p>%s</p><script>document.querySelector('p').append(' script')</script>", who)
	}), "app.gateway.test")
	origin := fmt.Sprintf("https://app.gateway.test:%d/", port)

	browser := parts.StartBrowser(t, authority, "app.gateway.test")
	alice, bob := browser.Person(t), browser.Person(t)
	alice.Tab(t).Goto(origin + "?alice")
	other := alice.Tab(t)
	other.Goto(origin)
	if got := other.Text("p"); got != "alice script" {
		t.Errorf("alice's other tab: %q", got)
	}
	tab := bob.Tab(t)
	tab.DisableScript(true)
	tab.Goto(origin)
	if got := tab.Text("p"); got != "nobody" {
		t.Errorf("bob: %q", got)
	}
}

// TestFaultsOfPagesAreFound plants faults: a check that finds nothing anywhere is none.
func TestFaultsOfPagesAreFound(t *testing.T) {
	t.Parallel()
	authority := parts.NewCA(t)
	port := parts.FreePort(t)
	authority.Serve(t, port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		body := `<label>Name <input></label>`
		if r.URL.Path == "/bad" {
			body = `<input style="outline:none"> <p style="color:#eee;background:#fff">pale</p> <button tabindex="-1">x</button> <script>1</script>`
		}
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>`+body+`</main>`)
	}), "app.gateway.test")
	tab := parts.StartBrowser(t, authority, "app.gateway.test").Person(t).Tab(t)
	for _, script := range []bool{true, false} {
		tab.DisableScript(!script)
		tab.Goto(fmt.Sprintf("https://app.gateway.test:%d/good", port))
		found := append(append(tab.Axe(), tab.Keyboard()...), tab.Complaints()...)
		if len(found) > 0 {
			t.Errorf("script %v: faults in a page without any: %q", script, found)
		}
		tab.Goto(fmt.Sprintf("https://app.gateway.test:%d/bad", port))
		all := strings.Join(append(append(tab.Axe(), tab.Keyboard()...), tab.Complaints()...), "\n")
		for _, want := range []string{"label (critical)", "color-contrast (serious)", "no visible focus on <input", "instead of <button", "Content Security Policy"} {
			if !strings.Contains(all, want) && (script || want != "Content Security Policy") {
				t.Errorf("script %v: no %s in:\n%s", script, want, all)
			}
		}
	}
}
