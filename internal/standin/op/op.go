package op

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/esgateway/esgateway/internal/standin/people"
)

// An OP is a running OpenID provider. It is safe for concurrent use.
type OP struct {
	config Config
	path   string // the path of the issuer
	secure bool   // whether cookies are for https only
	pages  *people.Site
	serve  http.Handler

	mu       sync.Mutex // guards what follows
	keys     []Key      // the first one signs
	codes    store[*grant]
	access   store[*grant]
	sessions store[*session] // by cookie
	bent     Answer
}

// New makes a provider. It listens nowhere: it is an http.Handler.
func New(c Config) (*OP, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	at, err := url.Parse(c.Issuer)
	if err != nil {
		return nil, err
	}
	pages, err := people.NewSite(c.Title, at.Path, c.Log)
	if err != nil {
		return nil, err
	}
	o := &OP{config: c, path: at.Path, secure: at.Scheme == "https", pages: pages, keys: []Key{c.Key}}
	o.serve = o.routes()
	return o, nil
}

// ServeHTTP answers browsers and clients.
func (o *OP) ServeHTTP(w http.ResponseWriter, r *http.Request) { o.serve.ServeHTTP(w, r) }

// routes are all that the provider answers to. POSTs of browsers from other origins are
// refused: nobody else may log a browser in or out.
func (o *OP) routes() http.Handler {
	mux := http.NewServeMux()
	at := func(method, path string, h people.Handler) { mux.Handle(method+" "+o.path+path, o.pages.Answering(h)) }
	at("GET", "/{$}", o.home)
	at("GET", "/authorize", o.authorize)
	at("POST", "/authorize", o.logIn)
	at("GET", "/end_session", o.endSession)
	at("POST", "/end_session", o.confirmed)
	mux.Handle("GET "+o.path+"/style.css", o.pages.Asset("style.css", "text/css; charset=utf-8"))
	mux.Handle("GET "+o.path+"/post.js", o.pages.Asset("post.js", "text/javascript; charset=utf-8"))
	mux.Handle("GET "+o.path+"/next.js", o.pages.Asset("next.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET "+o.path+"/.well-known/openid-configuration", o.discovery)
	mux.HandleFunc("GET "+o.path+"/jwks", o.jwks)
	mux.HandleFunc("POST "+o.path+"/token", o.token)
	mux.HandleFunc("GET "+o.path+"/userinfo", o.userinfo)
	mux.HandleFunc("POST "+o.path+"/userinfo", o.userinfo)
	return http.NewCrossOriginProtection().Handler(mux)
}

// discovery is OpenID Connect Discovery 1.0, section 3.
func (o *OP) discovery(w http.ResponseWriter, _ *http.Request) {
	issuer := o.config.Issuer
	algorithms := []string{"HS256", "HS384", "HS512"}
	for _, key := range o.currentKeys() {
		if !slices.Contains(algorithms, key.Algorithm) {
			algorithms = append(algorithms, key.Algorithm)
		}
	}
	o.json(w, http.StatusOK, map[string]any{
		"issuer":                                         issuer,
		"authorization_endpoint":                         issuer + "/authorize",
		"token_endpoint":                                 issuer + "/token",
		"userinfo_endpoint":                              issuer + "/userinfo",
		"end_session_endpoint":                           issuer + "/end_session",
		"jwks_uri":                                       issuer + "/jwks",
		"scopes_supported":                               []string{"openid", "profile", "email", "groups"},
		"response_types_supported":                       []string{codeType, idTokenType, implicitType},
		"response_modes_supported":                       []string{"query", "fragment", "form_post"},
		"grant_types_supported":                          []string{"authorization_code", "implicit"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          algorithms,
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post", "client_secret_jwt", "none"},
		"code_challenge_methods_supported":               []string{"S256", "plain"},
		"authorization_response_iss_parameter_supported": true,
		"backchannel_logout_supported":                   true,
		"backchannel_logout_session_supported":           true,
		"frontchannel_logout_supported":                  true,
		"frontchannel_logout_session_supported":          true,
	})
}

func (o *OP) jwks(w http.ResponseWriter, _ *http.Request) {
	text, err := o.JWKS()
	if err != nil {
		o.config.Log.Error("OpenID provider: key set", slog.Any("error", err))
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // the client may be gone
}

// client finds a client by its name.
func (o *OP) client(id string) (Client, bool) {
	for _, c := range o.config.Clients {
		if c.ID == id {
			return c, true
		}
	}
	return Client{}, false
}
