package saml

import (
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/session"
)

const person = `<saml:Assertion ID="_a"><saml:Subject><saml:NameID>ali<!-- x -->ce</saml:NameID></saml:Subject>` +
	`<saml:AuthnStatement SessionIndex="_s" SessionNotOnOrAfter="2026-03-02T10:00:00Z"/></saml:Assertion>`

// TestHowTheProviderKnowsThePerson: read of the bytes that ES has accepted, and compared
// with what ES shows.
func TestHowTheProviderKnowsThePerson(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name, message, shown, refused string
		want                          session.Provider
	}{
		{name: "all of it", message: person, shown: "alice", want: session.Provider{Subject: "alice", Session: "_s", Until: until}},
		{name: "ES shows no name", message: person, want: session.Provider{Subject: "alice", Session: "_s", Until: until}},
		{name: "ES shows another", message: person, shown: "bob", refused: "another subject"},
		{name: "ES shows a part of it", message: person, shown: "ali", refused: "another subject"},
		{name: "a comment is no part of the name", message: strings.ReplaceAll(person, "ali<!-- x -->ce", "al<?x y?>ice"), shown: "alice", want: session.Provider{Subject: "alice", Session: "_s", Until: until}},
		{name: "no name at all", message: `<saml:Assertion ID="_a"/>`, want: session.Provider{}},
		{name: "no name, and ES shows one", message: `<saml:Assertion ID="_a"/>`, shown: "alice", refused: "another subject"},
		{name: "two assertions", message: person + person, shown: "alice", refused: "exactly one"},
		{name: "none", message: "", refused: "exactly one"},
		{name: "one and an encrypted one", message: person + `<saml:EncryptedAssertion/>`, refused: "exactly one"},
		{name: "encrypted, without a key", message: `<saml:EncryptedAssertion/>`, shown: "alice", want: session.Provider{Subject: "alice"}},
		{name: "an assertion further inside is none", message: `<samlp:Extensions>` + strings.ReplaceAll(person, "alice", "evil") + `</samlp:Extensions>` + person, shown: "alice", want: session.Provider{Subject: "alice", Session: "_s", Until: until}},
		{name: "the earlier of two ends", message: strings.Replace(person, "<saml:AuthnStatement", `<saml:AuthnStatement SessionNotOnOrAfter="2026-03-02T10:30:00Z"/><saml:AuthnStatement`, 1), want: session.Provider{Subject: "alice", Session: "_s", Until: until}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			answer, err := readResponse([]byte(xmlResponse("", tc.message)))
			if err != nil {
				t.Fatal(err)
			}
			identity := elastic.Identity{Metadata: map[string]any{"saml_nameid": tc.shown}}
			got, err := (&Method{}).provider(answer, identity)
			switch {
			case tc.refused != "" && (err == nil || !strings.Contains(err.Error(), tc.refused)):
				t.Errorf("got %+v, %v; want a refusal with %q", got, err, tc.refused)
			case tc.refused == "" && (err != nil || got != tc.want):
				t.Errorf("got %+v, %v; want %+v", got, err, tc.want)
			}
		})
	}
}
