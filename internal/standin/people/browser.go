package people

import (
	"log/slog"
	"net/http"
)

// A Handler answers a browser or says why not.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Answering writes why a handler does not answer, on a page and in the log.
func (s *Site) Answering(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.log.Warn("identity provider refuses", slog.String("path", r.URL.Path), slog.Any("error", err))
			s.Notice(w, http.StatusBadRequest, "This request cannot be answered", err.Error())
		}
	})
}

// SeeOther sends a browser on, by GET.
func SeeOther(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
}

// Cookie is a session cookie of a provider; an empty value takes it away. Lax suffices:
// all that comes from those who ask a provider is a navigation by GET.
func Cookie(name, value, path string, secure bool) *http.Cookie {
	c := &http.Cookie{Name: name, Value: value, Path: path, HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}
