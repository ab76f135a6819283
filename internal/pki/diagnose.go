package pki

import (
	"context"
	"fmt"
	"time"

	"github.com/esgateway/esgateway/internal/login"
)

var _ login.Checker = (*Method)(nil)

// soon is how far ahead an end is worth a warning.
const soon = 30 * 24 * time.Hour

// Diagnose says what certificates are judged by. Whether Elasticsearch takes them shows
// with a certificate only.
func (m *Method) Diagnose(context.Context) []login.Finding {
	var all []login.Finding
	if m.cfg.From == fromHeader && m.trusted.None() {
		all = append(all, login.Finding{
			Subject: "from", Text: "is header, and listen.trusted_proxies is empty, so nobody is believed",
			Advice: "name the load balancer's addresses there",
		})
	}
	if m.judge == nil {
		return append(all, login.Finding{OK: true, Subject: "verified_by", Text: "is front: the load balancer decides whose certificate counts, and nobody asks for revocation"})
	}
	now := m.now()
	for _, c := range m.judge.Authorities() {
		one := login.Finding{OK: true, Subject: "ca", Text: fmt.Sprintf("an authority stands until %s", c.NotAfter.UTC().Format(time.DateOnly))}
		if c.NotAfter.Before(now.Add(soon)) {
			one.OK, one.Advice = false, "put its successor into the file as well, and give clients new certificates in time"
		}
		all = append(all, one)
	}
	return append(all, m.diagnoseLists(now)...)
}

func (m *Method) diagnoseLists(now time.Time) []login.Finding {
	lists := m.judge.Lists()
	if len(lists) == 0 {
		return []login.Finding{{OK: true, Subject: "crl", Text: "there is none: a certificate that was revoked counts until its end"}}
	}
	var all []login.Finding
	for _, list := range lists {
		one := login.Finding{OK: true, Subject: "crl", Text: fmt.Sprintf("%s: %d revoked, the next list is due at %s", list.File, list.Entries, list.NextUpdate.UTC().Format(time.RFC3339))}
		if list.Stale(now) {
			one.OK, one.Advice = false, "fetch the next one; until then stale_crl decides"
		}
		all = append(all, one)
	}
	return all
}
