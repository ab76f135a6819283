package main

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
)

//go:embed page
var pages embed.FS

// application is the sample application: it asks Elasticsearch who the person
// is and what there is to find, with the bearer token that it was given. It has
// no sign-in, no cookie and no list of users of its own.
func (h *house) application() http.Handler {
	page := template.Must(template.ParseFS(pages, "page/app.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /app.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pages, "page/app.css")
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		view, err := h.look(r)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			view.Problem = err.Error()
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_ = page.Execute(w, view) // the browser has gone
	})
	return mux
}

// view is what the page shows.
type view struct {
	Path, Query, Problem string
	Who                  struct {
		Username string   `json:"username"`
		FullName string   `json:"full_name"`
		Email    string   `json:"email"`
		Roles    []string `json:"roles"`
		Realm    struct {
			Name string `json:"name"`
		} `json:"authentication_realm"`
		Type string `json:"authentication_type"`
	}
	Hits []hit
}

type hit struct {
	Index  string `json:"_index"`
	Source struct {
		Title string `json:"title"`
		Text  string `json:"text"`
	} `json:"_source"`
}

func (h *house) look(r *http.Request) (view, error) {
	v := view{Path: r.URL.Path, Query: r.URL.Query().Get("q")}
	bearer := r.Header.Get("Authorization")
	if err := h.ask(r.Context(), "/_security/_authenticate", bearer, &v.Who); err != nil {
		return v, err
	}
	search := "/_search?size=20"
	if v.Query != "" {
		search += "&q=" + url.QueryEscape(v.Query)
	}
	var found struct {
		Hits struct {
			Hits []hit `json:"hits"`
		} `json:"hits"`
	}
	err := h.ask(r.Context(), search, bearer, &found)
	v.Hits = found.Hits.Hits
	return v, err
}

// maxAnswer bounds what is read of Elasticsearch.
const maxAnswer = 1 << 20

func (h *house) ask(ctx context.Context, path, bearer string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.elasticURL()+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", bearer)
	resp, err := h.toES.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("elasticsearch answered %d to %s", resp.StatusCode, path)
	}
	return json.Unmarshal(body, into)
}
