package server_test

import (
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin/idp"
)

// TestARefusalIsWrittenDownOnce, with the name of whom Elasticsearch knows, whoever waits
// for the answer.
func TestARefusalIsWrittenDownOnce(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string][]string{
		"a person":  nil,
		"a program": {"Sec-Fetch-Mode", "", "Sec-Fetch-Dest", "", "Accept", "application/json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{})
			b := g.Browser()
			response, relay, err := g.IdP.Respond(b.Begin("/"), g.Person("nobody"), idp.Answer{})
			if err != nil {
				t.Fatal(err)
			}
			got := b.PostTo(prefix+"/saml/corp/acs", map[string][]string{"SAMLResponse": {response}, "RelayState": {relay}}, headers...)
			if got.Header.Get("X-Gateway-Response") != "no_roles" {
				t.Fatalf("got %d %s", got.Status, got.Body)
			}
			log := g.Log.String()
			if n := strings.Count(log, `"event.action":"sign-in-failed"`); n != 1 || !strings.Contains(log, `"user.name":"nobody"`) {
				t.Errorf("written down %d times:\n%s", n, log)
			}
		})
	}
}
