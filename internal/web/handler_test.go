package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/web"
)

func TestHandle(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name        string
		handler     web.HandlerFunc
		accept      string
		status      int
		contentType string
		logged      bool
	}{
		{"an answer stays as it is", func(w http.ResponseWriter, _ *http.Request) error {
			w.WriteHeader(http.StatusTeapot)
			return nil
		}, "*/*", http.StatusTeapot, "", false},
		{"an error for a person is a page", func(http.ResponseWriter, *http.Request) error {
			return fault.New(fault.NotFound, "")
		}, "text/html", http.StatusNotFound, "text/html; charset=utf-8", true},
		{"an error for a script is JSON", func(http.ResponseWriter, *http.Request) error {
			return errors.New("planted-cause")
		}, "application/json", http.StatusInternalServerError, "application/json", true},
		{"an error after the answer is logged only", func(w http.ResponseWriter, _ *http.Request) error {
			_, _ = w.Write([]byte("begun")) // a recorder
			return errors.New("planted-cause")
		}, "text/html", http.StatusOK, "", true},
		{"hints before the answer are no answer", func(w http.ResponseWriter, _ *http.Request) error {
			w.WriteHeader(http.StatusEarlyHints)
			return fault.New(fault.Forbidden, "")
		}, "text/html", http.StatusForbidden, "text/html; charset=utf-8", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			rn, log := renderer(t, nil)
			server := httptest.NewServer(rn.Handle(tc.handler))
			t.Cleanup(server.Close)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Accept", tc.accept)
			got, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			text := body(t, got)
			_ = got.Body.Close()
			if got.StatusCode != tc.status || (tc.contentType != "" && got.Header.Get("Content-Type") != tc.contentType) {
				t.Errorf("got %d, %s, want %d, %s", got.StatusCode, got.Header.Get("Content-Type"), tc.status, tc.contentType)
			}
			if strings.Contains(text, "planted-cause") {
				t.Errorf("the cause is shown: %s", text)
			}
			if got := log.Len() > 0; got != tc.logged {
				t.Errorf("logged: got %v, want %v: %s", got, tc.logged, log)
			}
		})
	}
}

func TestHandlersCanFlush(t *testing.T) {
	t.Parallel()
	rn, _ := renderer(t, nil)
	w := httptest.NewRecorder()
	rn.Handle(func(w http.ResponseWriter, _ *http.Request) error {
		return http.NewResponseController(w).Flush()
	}).ServeHTTP(w, request(http.MethodGet, "/"))
	if !w.Flushed {
		t.Error("Flush does not reach the connection")
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	rn, _ := renderer(t, nil)
	w := httptest.NewRecorder()
	if err := rn.JSON(w, request(http.MethodGet, "/"), http.StatusOK, map[string]string{"user": "<ada>"}); err != nil {
		t.Fatal(err)
	}
	if got, want := w.Body.String(), `{"user":"\u003cada\u003e"}`+"\n"; got != want || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got %q, %v, want %q, not stored", got, w.Header(), want)
	}
	if err := rn.JSON(httptest.NewRecorder(), request(http.MethodGet, "/"), http.StatusOK, func() {}); err == nil {
		t.Error("a function became JSON")
	}
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, location, want string }{
		{"an address stays as it is", "https://idp.example.com/a/../b//c?SAMLRequest=x%2By&RelayState=#f", "https://idp.example.com/a/../b//c?SAMLRequest=x%2By&RelayState=#f"},
		{"a path stays one", "/_gateway/login?next=%2F", "/_gateway/login?next=%2F"},
		{"bytes outside of ASCII are escaped", "/sök", "/s%C3%B6k"},
		{"a line break is no header", "/a\r\nSet-Cookie: x=1", "/a%0D%0ASet-Cookie: x=1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			web.Redirect(w, request(http.MethodPost, "/"), tc.location)
			h := w.Header()
			if w.Code != http.StatusSeeOther || h.Get("Location") != tc.want || w.Body.Len() > 0 {
				t.Errorf("got %d to %q, want 303 to %q", w.Code, h.Get("Location"), tc.want)
			}
			if h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("header: %v", h)
			}
		})
	}
}
