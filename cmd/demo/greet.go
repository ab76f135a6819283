package main

import (
	"fmt"
	"io"
	"path/filepath"
)

// greet says what runs where, who can sign in, and what to try.
func (h *house) greet(out io.Writer, edited bool) {
	config := h.file("gateway.yaml")
	if full, err := filepath.Abs(config); err == nil {
		config = full
	}
	note := ""
	if edited {
		note = " (yours: you have edited it)"
	}
	_, _ = fmt.Fprintf(out, `
  The gateway is ready:   %[1]s

  Sign in as              alice / alice   (analyst: sees the reports)
                          bob / bob       (admin: sees the salaries too)

  What runs here
    gateway               %[1]s
    identity provider     %[2]s   (SAML)
    OpenID provider       %[9]s   (the same people)
    load balancer         %[10]s   (asks for client certificates)
    sample application    %[3]s   (behind the gateway; alone it knows nobody)
    Elasticsearch         %[4]s   (a stand-in that knows the security API)
    operations            http://127.0.0.1:%[5]d/readyz  /metrics

  Try
    the application       open %[1]s, sign in as alice, search; then as bob
    a deep link           %[1]s/?q=report#results
    who you are           %[1]s/_gateway/session
    an API client         curl -i %[1]s/_search
      with an API key     curl -H "Authorization: ApiKey $(cat %[11]s)" %[1]s/_search
      with a certificate  curl --cacert %[12]s --cert %[13]s --key %[14]s %[10]s/_search
    only for admins       %[1]s/admin
    the configuration     %[6]s%[7]s
    the log               %[8]s

  Ctrl-C ends everything.

`, h.url(h.gateway), h.url(h.settings.idp), h.url(h.app), h.elasticURL(), h.operations, config, note, h.file("gateway.log"), h.url(h.settings.op), fmt.Sprintf("https://localhost:%d", h.settings.front),
		h.file("api-key"), h.file("es-ca.crt"), h.file("robot.crt"), h.file("robot.key")) // a terminal that is gone reads nothing
}
