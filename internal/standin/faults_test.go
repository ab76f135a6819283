package standin_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin"
)

func TestDownAndLostAnswers(t *testing.T) {
	t.Parallel()
	n := start(t)
	p := n.signIn("bob")
	n.es.SetFaults(standin.Faults{Down: true})
	if _, err := n.request("POST", tokenPath, basic("gateway"), "{}"); err == nil {
		t.Error("an answer from a node that is down")
	}
	n.es.SetFaults(standin.Faults{LoseAnswer: func(r *http.Request) bool { return r.URL.Path == tokenPath }})
	body := `{"grant_type":"refresh_token","refresh_token":"` + p.refresh + `"}`
	if _, err := n.request("POST", tokenPath, basic("gateway"), body); err == nil {
		t.Error("an answer that should be lost")
	}
	n.es.SetFaults(standin.Faults{})
	n.pair(n.refresh(p.refresh))
	if got := n.es.Counters().RefreshedPairs; got != 1 {
		t.Errorf("%d pairs: the lost answer did its work and the second call got the same pair", got)
	}
}

func TestStatusFault(t *testing.T) {
	t.Parallel()
	n := start(t)
	for status, kind := range map[int]string{429: "es_rejected_execution_exception", 503: "cluster_block_exception"} {
		n.es.SetFaults(standin.Faults{Status: status})
		a := n.do("GET", "/", "", "")
		if a.status != status || n.problem(a)["type"] != kind || a.header.Get("X-Elastic-Product") == "" {
			t.Errorf("got %d %s", a.status, a.body)
		}
	}
}

func TestDelayHoldsUntilReleasedOrLeft(t *testing.T) {
	t.Parallel()
	n := start(t)
	release, held := make(chan struct{}), make(chan struct{}, 2)
	n.es.SetFaults(standin.Faults{Delay: func(*http.Request) <-chan struct{} {
		held <- struct{}{}
		return release
	}})
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, n.url+tokenPath, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	left := make(chan error, 1)
	go func() {
		res, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			_ = res.Body.Close()
		}
		left <- err
	}()
	<-held
	leave()
	if err := <-left; err == nil {
		t.Error("a client that left got an answer")
	}
	answered := make(chan reply, 1)
	go func() {
		a, _ := n.request("GET", "/_security/_authenticate", basic("bob"), "") // a failure shows as status 0
		answered <- a
	}()
	<-held
	close(release)
	if a := <-answered; a.status != http.StatusOK {
		t.Errorf("after the wait: %d %s", a.status, a.body)
	}
}

func TestTokenServiceOff(t *testing.T) {
	t.Parallel()
	n := start(t)
	p := n.signIn("bob")
	n.es.SetFaults(standin.Faults{TokenServiceOff: true})
	a := n.whoami(bearer(p.access))
	n.refused(a, http.StatusUnauthorized, "security_exception", generic401)
	if got := a.header.Values("WWW-Authenticate"); len(got) != 2 {
		t.Errorf("challenges %q", got)
	}
	off := n.refresh(p.refresh)
	n.refused(off, http.StatusBadRequest, "feature_not_enabled_exception", "security tokens are not enabled")
	if got := n.problem(off)["disabled.feature"]; got != "security_tokens" {
		t.Errorf("disabled.feature %v", got)
	}
	n.oauth(n.do("POST", tokenPath, basic("bob"), "{}"), "unsupported_grant_type",
		"Validation Failed: 1: grant_type only supports the values: [password, _kerberos, refresh_token, client_credentials];")
	wrong := `{"grant_type":"password","username":"bob","password":"x"}`
	n.refused(n.do("POST", tokenPath, basic("gateway"), wrong), http.StatusUnauthorized, "security_exception",
		"unable to authenticate user [bob] for action [cluster:admin/xpack/security/token/create]")
}

func TestBasicLicence(t *testing.T) {
	t.Parallel()
	n := start(t)
	p := n.signIn("bob")
	n.es.SetFaults(standin.Faults{License: "basic"})
	for method, feature := range map[string]string{"POST": "security tokens", "DELETE": "security tokens"} {
		a := n.do(method, tokenPath, basic("bob"), "{no json")
		n.refused(a, http.StatusForbidden, "security_exception", "current license is non-compliant for ["+feature+"]")
		if got := n.problem(a)["license.expired.feature"]; got != feature {
			t.Errorf("feature %v", got)
		}
	}
	a := n.whoami(bearer(p.access))
	n.refused(a, http.StatusUnauthorized, "security_exception", generic401)
	if got := a.header.Values("WWW-Authenticate"); len(got) != 3 {
		t.Errorf("challenges %q", got)
	}
	n.es.SetFaults(standin.Faults{License: "standard"})
	n.refused(n.do("POST", "/_security/saml/prepare", basic("bob"), "{no json"), http.StatusForbidden, "security_exception",
		"current license is non-compliant for [saml]")
	if a := n.do("GET", "/_license", basic("gateway"), ""); !strings.Contains(a.body, `"type":"standard"`) {
		t.Errorf("licence: %s", a.body)
	}
}

func TestRefreshFaults(t *testing.T) {
	t.Parallel()
	n := start(t)
	p := n.signIn("bob")
	n.es.SetFaults(standin.Faults{RefreshDescription: "token has been invalidated"})
	n.oauth(n.refresh(p.refresh), "invalid_grant", "token has been invalidated")
	n.es.SetFaults(standin.Faults{CreateFails: true})
	if a := n.do("POST", tokenPath, basic("gateway"), `{"grant_type":"client_credentials"}`); a.status != http.StatusServiceUnavailable {
		t.Errorf("create: %d %s", a.status, a.body)
	}
	n.es.SetFaults(standin.Faults{RefreshBetweenWrites: true})
	if a := n.refresh(p.refresh); a.status != http.StatusServiceUnavailable || n.problem(a)["type"] != "unavailable_shards_exception" {
		t.Errorf("between the writes: %d %s", a.status, a.body)
	}
	n.es.SetFaults(standin.Faults{})
	n.oauth(n.refresh(p.refresh), "invalid_grant", "could not refresh the requested token")
	n.clock.advance(31 * time.Second)
	n.oauth(n.refresh(p.refresh), "invalid_grant", "token has already been refreshed more than 30 seconds in the past")
}

func TestNodesShareStateButNotFaults(t *testing.T) {
	t.Parallel()
	n := start(t)
	second := serve(t, n.es.Node(), n.clock)
	p := n.signIn("bob")
	n.es.SetFaults(standin.Faults{Down: true})
	if a := second.whoami(bearer(p.access)); a.status != http.StatusOK {
		t.Errorf("the other node: %d %s", a.status, a.body)
	}
	second.es.SetFaults(standin.Faults{ClockSkew: 21 * time.Minute})
	second.refused(second.whoami(bearer(p.access)), http.StatusUnauthorized, "security_exception", "token expired")
	calls := second.es.Counters().Calls
	if calls["GET /_security/_authenticate"] != 2 || len(calls) != 1 || second.es.Counters().BearerReads != 2 {
		t.Errorf("counters %+v", second.es.Counters())
	}
}

func TestReadLagHidesFreshTokens(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.es.SetFaults(standin.Faults{ReadLag: 100 * time.Millisecond})
	p := n.signIn("bob")
	n.refused(n.whoami(bearer(p.access)), http.StatusUnauthorized, "security_exception", generic401)
	n.clock.advance(100 * time.Millisecond)
	if a := n.whoami(bearer(p.access)); a.status != http.StatusOK {
		t.Errorf("after the lag: %s", a.body)
	}
}
