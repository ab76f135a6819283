package session_test

import (
	"net/http"
	"net/http/httptest"
)

// recordAnswer lets the stand-in answer now and returns how to deliver that.
func recordAnswer(es *cluster, r *http.Request) func(w http.ResponseWriter) {
	rec := httptest.NewRecorder()
	es.ServeHTTP(rec, r)
	return func(w http.ResponseWriter) {
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes()) // the client may have gone
	}
}
