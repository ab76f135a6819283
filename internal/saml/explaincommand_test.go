package saml

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/login"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// capturedXML is a response as somebody captures it. Its signature is none, which
// nobody here can tell.
const capturedXML = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="2026-03-02T11:59:58Z" InResponseTo="_q" Destination="https://sso.example/_gateway/saml/corp/acs">
 <saml:Issuer>urn:test:idp</saml:Issuer>
 <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
 <saml:Assertion ID="_a" Version="2.0" IssueInstant="2026-03-02T11:59:58Z">
  <saml:Issuer>urn:test:idp</saml:Issuer>
  <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:Reference URI="#_a"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/></ds:Transforms></ds:Reference></ds:SignedInfo></ds:Signature>
  <saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">secret-name</saml:NameID>
   <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="_q" NotOnOrAfter="2026-03-02T12:04:58Z" Recipient="https://sso.example/_gateway/saml/corp/acs"/></saml:SubjectConfirmation>
  </saml:Subject>
  <saml:Conditions NotBefore="2026-03-02T11:59:58Z" NotOnOrAfter="2026-03-02T12:04:58Z"><saml:AudienceRestriction><saml:Audience>urn:test:sp</saml:Audience></saml:AudienceRestriction></saml:Conditions>
  <saml:AuthnStatement AuthnInstant="2026-03-02T11:59:58Z" SessionNotOnOrAfter="2026-03-02T20:00:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
  <saml:AttributeStatement><saml:Attribute Name="urn:oid:0.9.2342.19200300.100.1.1" FriendlyName="uid"><saml:AttributeValue>secret-uid</saml:AttributeValue></saml:Attribute><saml:Attribute Name="groups"><saml:AttributeValue>secret-a</saml:AttributeValue><saml:AttributeValue>secret-b</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>
 </saml:Assertion>
</samlp:Response>`

// explaining runs the command.
func explaining(t *testing.T, in string, load func(string) (login.Site, error), args ...string) (out, remarks string, err error) {
	t.Helper()
	var o, e strings.Builder
	err = explainCommand().Run(t.Context(), login.Call{
		Args: args, In: strings.NewReader(in), Out: &o, Err: &e, Now: func() time.Time { return noon },
		Load: load,
	})
	return o.String(), e.String(), err
}

func TestExplainAtTheCommandLine(t *testing.T) {
	t.Parallel()
	offline := []string{"--acs", testACS, "--entity-id", testSP, "--issuer", testIdP, "--request-id", "_q", "--principal-attribute", "uid"}
	encryptedXML := capturedXML[:strings.Index(capturedXML, " <saml:Assertion")] + " <saml:EncryptedAssertion/>\n</samlp:Response>"
	for _, tc := range []struct {
		name    string
		message string
		args    []string
	}{
		{"good", capturedXML, nil},
		{"late", capturedXML, []string{"--at", "2026-03-02T12:30:00+01:00"}},
		{"foreign", strings.NewReplacer("<saml:Issuer>urn:test:idp", "<saml:Issuer>urn:other:idp", "urn:test:sp", "urn:other:sp", "sso.example", "other.example", `"_q"`, `"_other"`).Replace(capturedXML), nil},
		{"denied", strings.Replace(encryptedXML[:strings.Index(encryptedXML, " <saml:Enc")], `status:Success"/>`, `status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:RequestDenied"/></samlp:StatusCode><samlp:StatusMessage>not assigned</samlp:StatusMessage>`, 1) + "</samlp:Response>", nil},
		{"encrypted", encryptedXML, nil},
		{"hostile", strings.NewReplacer("#_a", "#_b", "urn:test:sp", "\u202eevil&#9;\u200b"+strings.Repeat("x", 300), `Name="groups"`, `Name="&#10;fake row"`, `FriendlyName="uid"`, "").Replace(capturedXML), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			out, remarks, err := explaining(t, tc.message, nil, append(append(offline[:len(offline):len(offline)], tc.args...), "-")...)
			if err != nil || remarks != "" {
				t.Fatalf("%v %s", err, remarks)
			}
			if strings.Contains(out, "secret-") {
				t.Errorf("a value was printed:\n%s", out)
			}
			file := filepath.Join("testdata", "explain", tc.name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || out != string(want) {
				t.Errorf("got\n%s\nwant\n%s%v", out, want, err)
			}
		})
	}
}

func TestExplainReadsWhatPeopleCopy(t *testing.T) {
	t.Parallel()
	encoded := base64.StdEncoding.EncodeToString([]byte(capturedXML))
	file := filepath.Join(t.TempDir(), "response.xml")
	if err := os.WriteFile(file, []byte("\uFEFF\n"+capturedXML+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, in, file string
		refused        string
	}{
		{name: "a file of XML", file: file},
		{name: "base64", in: encoded, file: "-"},
		{name: "base64 in lines", in: encoded[:60] + "\n" + encoded[60:] + "\n", file: "-"},
		{name: "a form", in: "RelayState=x&SAMLResponse=" + url.QueryEscape(encoded) + "&a=b", file: "-"},
		{name: "a form within a command", in: "curl --data-raw 'SAMLResponse=" + url.QueryEscape(encoded) + "&a='", file: "-"},
		{name: "an escaped value", in: url.QueryEscape(encoded) + "%0A", file: "-"},
		{name: "nothing", in: "", file: "-", refused: "EOF"},
		{name: "something else", in: "hello!", file: "-", refused: "base64"},
		{name: "a bad escape", in: "%zz", file: "-", refused: "escape"},
		{name: "another message", in: `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>`, file: "-", refused: "not a SAML Response"},
		{name: "a document type", in: "<!DOCTYPE x>" + capturedXML, file: "-", refused: "does not hand it on"},
		{name: "a flood", in: strings.Repeat("x", maxCaptured+1), file: "-", refused: "longer than"},
		{name: "no file", file: file + "x", refused: "no such file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			out, _, err := explaining(t, tc.in, nil, "--acs", testACS, "--entity-id", testSP, tc.file)
			switch {
			case tc.refused != "" && (err == nil || !strings.Contains(err.Error(), tc.refused) || out != ""):
				t.Errorf("got %v, want %q", err, tc.refused)
			case tc.refused == "" && (err != nil || !strings.Contains(out, "uid (1 value), groups (2 values)")):
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestExplainSaysThatACapturedResponseIsOld(t *testing.T) {
	t.Parallel()
	old := strings.ReplaceAll(capturedXML, "2026-03-02T11:59:58Z", "2026-03-02T09:00:00Z")
	for _, tc := range []struct {
		name, in string
		args     []string
		remark   bool
	}{
		{"an old one", old, nil, true},
		{"an old one with its time", old, []string{"--at", "2026-03-02T09:00:05Z"}, false},
		{"a new one", capturedXML, nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, remarks, err := explaining(t, tc.in, nil, append([]string{"--acs", testACS}, append(tc.args, "-")...)...)
			if err != nil || strings.Contains(remarks, "issued at 2026-03-02T09:00:00Z") != tc.remark {
				t.Errorf("%v %q", err, remarks)
			}
		})
	}
}

func TestExplainIsUsedInTheRightWay(t *testing.T) {
	t.Parallel()
	broken := errors.New("the file is wrong")
	sites := map[string]login.Site{
		"none": {}, "two": {Methods: []login.SiteMethod{{Name: "a"}, {Name: "b"}}},
		"other": {Methods: []login.SiteMethod{{Name: "a", Build: func() (login.Method, error) { return nil, broken }}}},
	}
	load := func(file string) (login.Site, error) {
		site, ok := sites[file]
		if !ok {
			return site, broken
		}
		return site, nil
	}
	for _, tc := range []struct {
		args  string
		want  string
		usage bool
	}{
		{"", "one file is expected, got 0", true},
		{"a b", "one file is expected, got 2", true},
		{"--acs x --config y -", "where there is no configuration", true},
		{"--entity-id x --at noon -", `--at "noon" is not a time`, true},
		{"--sp x -", "not defined", true},
		{"-", "the file is wrong", false},
		{"--config none -", "no method of type saml", true},
		{"--config two -", "--method a|b", true},
		{"--config two --method c -", "--method a|b", true},
		{"--config other -", "the file is wrong", false},
	} {
		t.Run(tc.args, func(t *testing.T) {
			t.Parallel()
			out, _, err := explaining(t, capturedXML, load, strings.Fields(tc.args)...)
			if err == nil || !strings.Contains(err.Error(), tc.want) || errors.Is(err, login.ErrUsage) != tc.usage || out != "" {
				t.Errorf("got %v %s", err, out)
			}
		})
	}
	var help strings.Builder
	err := explainCommand().Run(context.Background(), login.Call{Args: []string{"--help"}, Out: &help, Err: io.Discard})
	if !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "-entity-id ID") {
		t.Errorf("%v %s", err, &help)
	}
}
