package e2e_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	"github.com/esgateway/esgateway/internal/web"
	"github.com/esgateway/esgateway/internal/web/webtest"
	"github.com/esgateway/esgateway/test/parts"
)

// dress is a way in which people see a page.
type dress struct {
	name   string
	width  int
	scheme string
	script bool
}

var dresses = []dress{
	{name: "light", width: 1280, scheme: "light", script: true},
	{name: "dark", width: 1280, scheme: "dark", script: true},
	{name: "narrow", width: 320, scheme: "light", script: true},
	{name: "narrow-dark", width: 320, scheme: "dark", script: true},
	{name: "no-script", width: 320, scheme: "light"},
}

// TestPages opens every page of the gateway in every dress, with ordinary and with
// hostile content (names of 2 kB among it). Pictures of all are in test/artifacts.
func TestPages(t *testing.T) {
	t.Parallel()
	authority := parts.NewCA(t)
	port := parts.FreePort(t)
	origin := fmt.Sprintf("https://%s:%d", gatewayHost, port)
	config := web.Default()
	config.HTTPS = true
	renderer, err := web.New(config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	samples := webtest.Samples()
	authority.Serve(t, port, showcase(renderer, config.Prefix, samples), gatewayHost)
	browser := parts.StartBrowser(t, authority, gatewayHost)

	for _, d := range dresses {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			tab := browser.Person(t).Tab(t)
			tab.Size(d.width, 800)
			tab.Scheme(d.scheme)
			tab.DisableScript(!d.script)
			for _, sample := range samples {
				tab.Goto(origin + "/sample/" + sample.Name)
				tab.Wait("h1")
				tab.Screenshot(sample.Name)
				for _, fault := range faultsOf(tab, d) {
					t.Errorf("%s: %s", sample.Name, fault)
				}
			}
		})
	}
}

// faultsOf gives a sentence for everything that is wrong with the page in the tab.
func faultsOf(tab *parts.Tab, d dress) []string {
	faults := append(tab.Axe(), tab.Keyboard()...)
	for _, complaint := range tab.Complaints() {
		faults = append(faults, "the browser complains: "+complaint)
	}
	if wide := parts.Eval[int](tab, "document.documentElement.scrollWidth"); wide > d.width {
		faults = append(faults, fmt.Sprintf("it is %d pixels wide in a window of %d", wide, d.width))
	}
	if over := parts.Eval[[]string](tab, `[...document.querySelectorAll("body *")].filter(e => {
			const r = e.getBoundingClientRect(); return r.width > 0 && (r.right > innerWidth + 1 || r.left < -1) && getComputedStyle(e).position !== "absolute";
		}).map(e => e.outerHTML.slice(0, 100))`); len(over) > 0 {
		faults = append(faults, fmt.Sprintf("what nobody can see without scrolling to the side: %q", over))
	}
	for _, want := range []string{"document.title", "document.documentElement.lang", `document.querySelector("h1")?.innerText`} {
		if parts.Eval[string](tab, want+" ?? ''") == "" {
			faults = append(faults, "no "+want)
		}
	}
	return faults
}

// showcase serves the samples under /sample/NAME, and the files that pages need.
func showcase(renderer *web.Renderer, prefix string, samples []webtest.Sample) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(prefix+"/static/", renderer.Static())
	for _, sample := range samples {
		mux.HandleFunc("/sample/"+sample.Name, func(w http.ResponseWriter, r *http.Request) {
			// Always 200: browsers complain about every other status, and we listen.
			if err := renderer.Page(w, r, http.StatusOK, sample.Page); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return mux
}
