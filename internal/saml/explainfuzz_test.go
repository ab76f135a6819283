package saml

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/esgateway/esgateway/internal/elastic"
)

// FuzzExplain: whatever a message says, and whatever Elasticsearch says of it, there is
// one cause of our list, and what is shown of the message is bounded and harmless.
func FuzzExplain(f *testing.F) {
	f.Add(capturedXML, "Rejecting SAML assertion because [2026-03-02T11:57:00Z] is on/after [2026-03-02T11:05:00Z]")
	f.Add(xmlResponse("", "<saml:EncryptedAssertion/>"), "")
	want := expected{acs: testACS, entityID: testSP, issuer: testIdP, requestID: "_q", principal: "uid", classes: []string{"urn:strong"}, at: noon, skew: usualSkew}
	f.Fuzz(func(t *testing.T, message, reason string) {
		answer, err := readResponse([]byte(message))
		if err != nil {
			return
		}
		clockOf(reason)
		findings := explain(answer, want)
		one := judged(reason, findings)
		for _, finding := range append(findings, one) {
			if known, ok := remedies[finding.cause]; !ok || known.text == "" || finding.remedy.text == "" {
				t.Errorf("%q means nothing", finding.cause)
			}
			harmless(t, finding.expected)
			harmless(t, finding.got)
		}
		for _, answers := range []bool{false, true} {
			shows := one.fault(answer, answers, noon, &elastic.Error{})
			if !answers && len(shows.Facts) > 0 {
				t.Errorf("a stranger's message shows %v", shows.Facts)
			}
			for _, fact := range shows.Facts {
				harmless(t, fact.Value)
			}
		}
		for line := range strings.Lines(report(answer, want)) {
			harmless(t, strings.TrimSuffix(line, "\n"))
		}
	})
}

// harmless: what is shown fits a screen, stays in its line and is what it looks like.
func harmless(t *testing.T, text string) {
	t.Helper()
	const most = (maxJoined + 1) * 230
	if len(text) > utf8.UTFMax*most || !utf8.ValidString(text) {
		t.Errorf("%d bytes are shown", len(text))
	}
	for _, c := range text {
		if !unicode.IsPrint(c) {
			t.Errorf("%U is shown in %q", c, text)
		}
	}
}
