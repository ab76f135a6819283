package fronts_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/pkirealm"
	"github.com/esgateway/esgateway/test/parts"
)

// TestTheGatewayBehindEachFront: a robot with a certificate comes in through a real load
// balancer, as far as Elasticsearch; whoever writes the headers himself does not.
func TestTheGatewayBehindEachFront(t *testing.T) {
	t.Parallel()
	for _, f := range fronts {
		t.Run(f.example, func(t *testing.T) {
			t.Parallel()
			server, root := parts.NewCA(t), parts.NewCA(t)
			sub := root.Sub(t, "issuing")
			robot := sub.Issue(t, "robot")
			g := behind(t, f.format, root, sub)
			running := f.start(t, parts.FrontConfig{Example: f.example, Server: server.Issue(t, parts.FrontName), Clients: root, Gateway: g.Address()})
			w := &world{front: f, Front: running, server: server.Pool()}

			if status, body := w.page(t, w.client(t, &robot)); status != http.StatusOK || !strings.Contains(body, `"username":"robot"`) {
				t.Errorf("with a certificate: %d %s", status, body)
			}
			certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: robot.Certificate[0]})
			for name, forged := range map[string]http.Header{
				"nothing":       {},
				"nginx's":       {"X-Ssl-Client-Cert": {strings.ReplaceAll(url.QueryEscape(string(certificate)), "+", "%20")}, "X-Ssl-Client-Verify": {"SUCCESS"}},
				"Envoy's":       {"X-Forwarded-Client-Cert": {`Hash=0;Cert="` + url.PathEscape(string(certificate)) + `"`}},
				"Traefik's":     {"X-Forwarded-Tls-Client-Cert": {base64.StdEncoding.EncodeToString(robot.Certificate[0])}},
				"rfc9440's":     {"Client-Cert": {":" + base64.StdEncoding.EncodeToString(robot.Certificate[0]) + ":"}},
				"HAProxy's":     {"X-SSL-Client-Cert": {base64.StdEncoding.EncodeToString(robot.Certificate[0])}, "x_ssl_client_verify": {"SUCCESS"}},
				"in Connection": {"X-Ssl-Client-Cert": {strings.ReplaceAll(url.QueryEscape(string(certificate)), "+", "%20")}, "X-Ssl-Client-Verify": {"SUCCESS"}, "Connection": {"X-Ssl-Client-Verify, X-Ssl-Client-Cert"}},
			} {
				if status, body := w.page(t, w.client(t, nil), forged); status == http.StatusOK {
					t.Errorf("without a certificate, with the headers of %s: %d %s", name, status, body)
				}
			}
			if n := g.ES.LiveTokens("robot"); n != 1 {
				t.Errorf("%d tokens of robot live, want one", n)
			}
		})
	}
}

// behind is a gateway that takes certificates from the front alone.
func behind(t *testing.T, format string, root, sub *parts.CA) *gatewaytest.Gateway {
	t.Helper()
	dir := t.TempDir()
	ca, between := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "between.pem")
	parts.Write(t, ca, root.PEM())
	parts.Write(t, between, sub.PEM()) // fronts do not always hand it on
	return gatewaytest.Start(t, gatewaytest.Options{
		Listen: `, trusted_proxies: ["127.0.0.1"]`,
		Method: fmt.Sprintf("}\n  - {name: services, type: pki, from: header, format: %s, ca: '%s', intermediates: '%s', realm: pki1", format, ca, between),
		Routes: "  - {host: " + parts.FrontName + ", to: [\"{{es}}\"], ca: \"{{ca}}\", elasticsearch: true}\n",
		Elastic: func(g *gatewaytest.Gateway, c *standin.Config) {
			g.Clock.Advance(time.Since(g.Clock.Now())) // the fronts have the world's clock
			block, _ := pem.Decode(root.PEM())
			trust, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Error(err)
			}
			c.PKI = []pkirealm.Config{{Name: "pki1", CertificateAuthorities: []*x509.Certificate{trust}, DelegationEnabled: true}}
			c.RoleMappings = append(c.RoleMappings, standin.RoleMapping{Realm: "pki1", Users: []string{"robot"}, Roles: []string{"analyst"}})
		},
	})
}

// page asks Elasticsearch, through front and gateway, who somebody is.
func (w *world) page(t *testing.T, client *http.Client, more ...http.Header) (status int, body string) {
	t.Helper()
	_, port, err := net.SplitHostPort(w.Address)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+net.JoinHostPort(w.Name, port)+"/_security/_authenticate", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range more {
		for name, values := range h {
			request.Header[name] = values
		}
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(read)
}
