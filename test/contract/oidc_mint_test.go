package contract

// The OpenID provider of these tests, written for them alone: it shares no code with
// the stand-in that it is to judge, and it lies on request.

import (
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"
)

// opRealm is a realm as the provider sees it.
type opRealm struct{ name, issuer, client, callback string }

// The realms of deploy/contract/elasticsearch.yml.
var (
	oidc1 = opRealm{"oidc1", "https://op.contract.test", "es-1", "https://rp.contract.test/1"}  // id_token
	oidc2 = opRealm{"oidc2", "https://op2.contract.test", "es 2", "https://rp.contract.test/2"} // code, userinfo, no logout
	oidc3 = opRealm{"oidc3", "https://op2.contract.test", "es-3", "https://rp.contract.test/3"} // id_token token, no metadata
	oidc4 = opRealm{"oidc4", "https://op4.contract.test", "es-4", "https://rp.contract.test/4"} // id_token, another realm knows the user
)

// opAddress is where Elasticsearch reaches this provider; opSecret is the clients'.
const (
	opAddress = "http://op.contract.test:9801"
	opSecret  = "contract-client secret/of:several%kinds"
)

// A grantee is a person's ID token before it is minted.
type grantee struct {
	claims     object
	algorithm  string // "none": unsigned
	foreignKey bool   // sign with a key that the key set does not have
	tamper     bool   // change the claims after signing
}

func newGrantee(s *server, r opRealm, user, nonce string) *grantee {
	now := s.now()
	return &grantee{algorithm: "RS256", claims: object{
		"iss": r.issuer, "aud": r.client, "sub": user + "-sub", "nonce": nonce, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"uid": user, "groups": []string{"readers", "others"}, "name": "Alice Example", "mail": "alice@contract.test",
	}}
}

// but returns the grantee with a change.
func (g *grantee) but(change func(*grantee)) *grantee {
	change(g)
	return g
}

// with sets a claim; nil takes it away.
func (g *grantee) with(name string, value any) *grantee {
	g.claims[name] = value
	if value == nil {
		delete(g.claims, name)
	}
	return g
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// mint is the ID token.
func (g *grantee) mint(t *testing.T) string {
	t.Helper()
	header := encoded(t, object{"alg": g.algorithm, "kid": "contract"})
	body := header + "." + encoded(t, g.claims)
	if g.algorithm == "none" {
		return body + "."
	}
	key := readKey(t, "idp.key")
	if g.foreignKey {
		key = readKey(t, "sp.key")
	}
	digest := sha256.Sum256([]byte(body))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	if g.tamper {
		g.claims["uid"] = "mallory"
		body = header + "." + encoded(t, g.claims)
	}
	return body + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// halfHash is at_hash for RS256.
func halfHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// An opReply is what one of the provider's endpoints says.
type opReply struct {
	status    int    // 0: 200
	mediaType string // "": application/json
	body      object
}

// endpoints are what Elasticsearch itself asks of the provider.
type endpoints struct {
	mu       sync.Mutex
	down     bool
	tokens   map[string]opReply // by code; each is good once
	userinfo map[string]opReply // by access token
	asked    map[string]*http.Request
}

func newEndpoints() *endpoints {
	return &endpoints{tokens: map[string]opReply{}, userinfo: map[string]opReply{}, asked: map[string]*http.Request{}}
}

// grants keeps an answer and gives its code.
func (e *endpoints) grants(token, userinfo opReply) (code string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	code = rand.Text()
	e.tokens[code] = token
	if access, ok := token.body["access_token"].(string); ok {
		e.userinfo[access] = userinfo
	}
	return code
}

func (e *endpoints) request(code string) *http.Request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked[code]
}

func (e *endpoints) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // what is missing is refused
	e.mu.Lock()
	defer e.mu.Unlock()
	reply := opReply{status: http.StatusBadRequest, body: object{"error": "invalid_grant"}}
	switch r.URL.Path {
	case "/token":
		code := r.PostForm.Get("code")
		if good, ok := e.tokens[code]; ok {
			delete(e.tokens, code)
			e.asked[code], reply = r, good
		}
	case "/userinfo":
		if good, ok := e.userinfo[trimBearer(r)]; ok {
			reply = good
		}
	}
	text, err := json.Marshal(reply.body)
	if err != nil {
		reply.status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", cmp.Or(reply.mediaType, "application/json"))
	w.WriteHeader(cmp.Or(reply.status, http.StatusOK))
	_, _ = w.Write(text)
}

func trimBearer(r *http.Request) string {
	const scheme = "Bearer "
	if header := r.Header.Get("Authorization"); len(header) > len(scheme) {
		return header[len(scheme):]
	}
	return ""
}

// listening serves a real cluster, for as long as the tests run.
var listening = sync.OnceValues(func() (*endpoints, error) {
	e := newEndpoints()
	l, err := net.Listen("tcp", cmp.Or(os.Getenv("CONTRACT_OP"), ":9801"))
	if err != nil {
		return nil, err
	}
	go func() { _ = http.Serve(l, e) }()
	return e, nil
})

// provider is the provider's side of the server's realms.
func (s *server) provider(t *testing.T) *endpoints {
	t.Helper()
	if s.endpoints != nil {
		return s.endpoints
	}
	e, err := listening()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// tokenReply is a good answer of the token endpoint.
func tokenReply(idToken string) opReply {
	return opReply{body: object{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 300, "id_token": idToken}}
}

// fragment is a callback of the implicit flow.
func fragment(r opRealm, pairs ...string) string { return r.callback + "#" + query(pairs...) }

func query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q.Encode()
}
