package e2e_test

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/esgateway/esgateway/test/parts"
)

// application is a web application as ours are: it knows nothing of SAML and sessions.
// It asks Elasticsearch with the token that comes with each request.
type application struct {
	elasticsearch string
	client        *http.Client
}

func newApplication(elasticsearch string, authority *parts.CA) http.Handler {
	a := &application{elasticsearch: elasticsearch, client: authority.Client()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /events", a.events)
	mux.HandleFunc("GET /socket", a.socket)
	mux.HandleFunc("GET /whoami", a.whoami)
	mux.HandleFunc("GET /public/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "public, authorization %q", r.Header.Get("Authorization"))
	})
	mux.HandleFunc("GET /", a.page)
	return mux
}

// applicationPage says who is there and what was found, and keeps a stream and a
// WebSocket open.
var applicationPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><title>Search</title>
<p id="user">{{.User}}</p>
<p id="roles">{{range .Roles}}{{.}} {{end}}</p>
<p id="query">{{.Query}}</p>
<form action="/search"><input name="q"><button>Search</button></form>
<ul id="hits">{{range .Hits}}<li>{{.}}</li>{{end}}</ul>
<p id="stream">waiting</p>
<p id="socket">waiting</p>
<script>
const stream = new EventSource("/events");
stream.onmessage = e => document.getElementById("stream").textContent = e.data;
stream.onerror = () => { stream.close(); document.getElementById("stream").textContent = "ended" };
const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/socket");
socket.onmessage = e => document.getElementById("socket").textContent = e.data;
socket.onclose = () => document.getElementById("socket").textContent = "ended";
</script>
`))

func (a *application) page(w http.ResponseWriter, r *http.Request) {
	var who struct {
		Username string
		Roles    []string
	}
	if err := a.ask(r, "/_security/_authenticate", &who); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	var hits []string
	for _, index := range []string{"reports", "incidents"} {
		var found struct {
			Hits struct {
				Hits []struct {
					Source struct{ Title string } `json:"_source"`
				}
			}
		}
		if a.ask(r, "/"+index+"/_search", &found) == nil { // what is forbidden is not shown
			for _, hit := range found.Hits.Hits {
				if strings.Contains(strings.ToLower(hit.Source.Title), strings.ToLower(r.FormValue("q"))) {
					hits = append(hits, hit.Source.Title)
				}
			}
		}
	}
	slices.Sort(who.Roles)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = applicationPage.Execute(w, map[string]any{"User": who.Username, "Roles": who.Roles, "Query": r.URL.RawQuery, "Hits": hits})
}

func (a *application) whoami(w http.ResponseWriter, r *http.Request) {
	var who struct{ Username string }
	if err := a.ask(r, "/_security/_authenticate", &who); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprint(w, who.Username)
}

// events is a stream that goes on as long as somebody listens.
func (a *application) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		fmt.Fprintf(w, "data: %d\n\n", n)
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

// socket says hello once and stays open as long as somebody is there.
func (a *application) socket(w http.ResponseWriter, r *http.Request) {
	// The origin is the gateway's to check; behind it the host may be another.
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer c.CloseNow()
	if c.Write(r.Context(), websocket.MessageText, []byte("open")) == nil {
		_, _, _ = c.Read(r.Context())
	}
}

// ask hands the person's token on to Elasticsearch.
func (a *application) ask(r *http.Request, path string, into any) error {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, a.elasticsearch+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", r.Header.Get("Authorization"))
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}
