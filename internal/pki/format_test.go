package pki_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/pki"
)

// A row is what a front sends and what it means. A refusal is "reason Header".
type row struct {
	name  string
	lines []string
	want  string // "leaf sub root verified", "none", "unknown", or a refusal
}

// rows has a table for each format. A new case is one line.
func rows(w world) map[string][]row {
	one, two, three := escaped(w.leaf), escaped(w.leaf, w.sub), escaped(w.leaf, w.sub, w.root)
	der, ders := b64(w.leaf), b64(w.sub, w.root)
	const cert, chain, verify = "X-SSL-Client-Cert: ", "X-SSL-Client-Chain: ", "X-SSL-Client-Verify: "
	long := strings.Repeat("A", 64<<10+1)
	twelve := slices.Repeat([]*x509.Certificate{w.sub}, 12)
	return map[string][]row{
		"rfc9440": {
			{"a certificate", []string{"Client-Cert: :" + der + ":"}, "leaf unknown"},
			{"without padding", []string{"Client-Cert: :" + strings.TrimRight(der, "=") + ":"}, "leaf unknown"},
			{"with its issuers", []string{"Client-Cert: :" + der + ":", "Client-Cert-Chain: :" + b64(w.sub) + ":, :" + b64(w.root) + ":"}, "leaf sub root unknown"},
			{"issuers in two lines", []string{"Client-Cert: :" + der + ":", "Client-Cert-Chain: :" + b64(w.sub) + ":", "Client-Cert-Chain: :" + b64(w.root) + ":"}, "leaf sub root unknown"},
			{"nothing", nil, "unknown"},
			{"empty is no proof of none", []string{"Client-Cert: "}, "unknown"},
			{"an empty sequence is none either", []string{"Client-Cert: ::"}, "unknown"},
			{"two", []string{"Client-Cert: :" + der + ":", "Client-Cert: :" + der + ":"}, "twice Client-Cert"},
			{"two in one line", []string{"Client-Cert: :" + der + ":, :" + der + ":"}, "broken Client-Cert"},
			{"a parameter", []string{"Client-Cert: :" + der + ":;a=1"}, "broken Client-Cert"},
			{"no colons", []string{"Client-Cert: " + der}, "broken Client-Cert"},
			{"one colon", []string{"Client-Cert: :"}, "broken Client-Cert"},
			{"PEM", []string{"Client-Cert: :" + blanks(w.leaf) + ":"}, "broken Client-Cert"},
			{"two certificates in one sequence", []string{"Client-Cert: :" + b64(w.leaf, w.sub) + ":"}, "broken Client-Cert"},
			{"the URL alphabet", []string{"Client-Cert: :" + strings.NewReplacer("+", "-", "/", "_").Replace(der) + ":"}, "broken Client-Cert"},
			{"no certificate", []string{"Client-Cert: :MAA=:"}, "broken Client-Cert"},
			{"a placeholder", []string{"Client-Cert: :{http.request.tls.client.certificate_der_base64}:"}, "placeholder Client-Cert"},
			{"a dash", []string{"Client-Cert: -"}, "placeholder Client-Cert"},
			{"too long", []string{"Client-Cert: :" + long + ":"}, "too_long Client-Cert"},
			{"a chain alone", []string{"Client-Cert-Chain: :" + b64(w.sub) + ":"}, "contradiction Client-Cert-Chain"},
			{"a broken chain", []string{"Client-Cert: :" + der + ":", "Client-Cert-Chain: :" + b64(w.sub) + ":,"}, "broken Client-Cert-Chain"},
			{"a placeholder in the chain", []string{"Client-Cert: :" + der + ":", "Client-Cert-Chain: ${chain}"}, "placeholder Client-Cert-Chain"},
			{"a chain of eleven", []string{"Client-Cert: :" + der + ":", "Client-Cert-Chain: " + strings.Repeat(":"+b64(w.sub)+":, ", 9) + ":" + b64(w.sub) + ":"}, "too_long Client-Cert-Chain"},
		},
		"envoy": {
			{"a certificate", []string{`X-Forwarded-Client-Cert: By=spiffe://a;Hash=00;Cert="` + one + `"`}, "leaf unknown"},
			{"a chain", []string{`X-Forwarded-Client-Cert: Hash=00;Chain="` + three + `"`}, "leaf sub root unknown"},
			{"both", []string{`X-Forwarded-Client-Cert: Cert="` + one + `";Chain="` + two + `"`}, "leaf sub unknown"},
			{"without quotes", []string{"X-Forwarded-Client-Cert: cert=" + one}, "leaf unknown"},
			{"the last element is our peer's", []string{`X-Forwarded-Client-Cert: Cert="` + escaped(w.root) + `",Cert="` + one + `"`}, "leaf unknown"},
			{"a subject with all that divides", []string{`X-Forwarded-Client-Cert: Subject="CN=a,O=\"b\";Cert=c";URI=;Cert="` + one + `";DNS=x;DNS=y`}, "leaf unknown"},
			{"nothing", nil, "unknown"},
			{"empty", []string{"X-Forwarded-Client-Cert: "}, "unknown"},
			{"two lines", []string{`X-Forwarded-Client-Cert: Cert="` + one + `"`, `X-Forwarded-Client-Cert: Cert="` + one + `"`}, "twice X-Forwarded-Client-Cert"},
			{"an open quote before our peer's", []string{`X-Forwarded-Client-Cert: Subject="x,Cert="` + one + `"`}, "broken X-Forwarded-Client-Cert"},
			{"a quote that swallows our peer's", []string{`X-Forwarded-Client-Cert: Cert="` + escaped(w.root) + `";URI=",Subject="CN=a";Cert="` + one + `"`}, "broken X-Forwarded-Client-Cert"},
			{"only a hash", []string{"X-Forwarded-Client-Cert: Hash=00;Subject=\"CN=a\""}, "broken X-Forwarded-Client-Cert"},
			{"the last one has none", []string{`X-Forwarded-Client-Cert: Cert="` + one + `",Hash=00`}, "broken X-Forwarded-Client-Cert"},
			{"an element too much", []string{`X-Forwarded-Client-Cert: Cert="` + one + `",`}, "broken X-Forwarded-Client-Cert"},
			{"Cert twice", []string{`X-Forwarded-Client-Cert: Cert="` + one + `";cert="` + one + `"`}, "contradiction X-Forwarded-Client-Cert"},
			{"two leaves", []string{`X-Forwarded-Client-Cert: Cert="` + escaped(w.root) + `";Chain="` + two + `"`}, "contradiction X-Forwarded-Client-Cert"},
			{"a chain in Cert", []string{`X-Forwarded-Client-Cert: Cert="` + two + `"`}, "too_long X-Forwarded-Client-Cert"},
			{"a chain of twelve", []string{`X-Forwarded-Client-Cert: Chain="` + escaped(twelve...) + `"`}, "too_long X-Forwarded-Client-Cert"},
			{"encoded twice", []string{`X-Forwarded-Client-Cert: Cert="` + strings.ReplaceAll(one, "%", "%25") + `"`}, "broken X-Forwarded-Client-Cert"},
			{"a placeholder", []string{"X-Forwarded-Client-Cert: Cert=-"}, "placeholder X-Forwarded-Client-Cert"},
			{"a format string", []string{"X-Forwarded-Client-Cert: %DOWNSTREAM_PEER_CERT%"}, "broken X-Forwarded-Client-Cert"},
			{"too long", []string{"X-Forwarded-Client-Cert: Cert=" + long}, "too_long X-Forwarded-Client-Cert"},
		},
		"nginx": {
			{"a certificate", []string{cert + one, verify + "SUCCESS"}, "leaf verified"},
			{"none", []string{cert, verify + "NONE"}, "none"},
			{"none, and nginx leaves the empty one out", []string{verify + "NONE"}, "none"},
			{"nothing", nil, "unknown"},
			{"empty without a word is no proof", []string{cert}, "unknown"},
			{"failed", []string{cert + one, verify + "FAILED:certificate has expired"}, "not_verified X-Ssl-Client-Verify"},
			{"failed without one", []string{verify + "FAILED"}, "not_verified X-Ssl-Client-Verify"},
			{"no word", []string{cert + one}, "contradiction X-Ssl-Client-Verify"},
			{"a certificate and none", []string{cert + one, verify + "NONE"}, "contradiction X-Ssl-Client-Cert"},
			{"verified what", []string{verify + "SUCCESS"}, "contradiction X-Ssl-Client-Cert"},
			{"another word", []string{cert + one, verify + "OK"}, "broken X-Ssl-Client-Verify"},
			{"another case", []string{cert + one, verify + "success"}, "broken X-Ssl-Client-Verify"},
			{"a variable", []string{cert + one, verify + "$ssl_client_verify"}, "broken X-Ssl-Client-Verify"},
			{"two words", []string{cert + one, verify + "SUCCESS", verify + "SUCCESS"}, "twice X-Ssl-Client-Verify"},
			{"two certificates", []string{cert + one, cert + one, verify + "SUCCESS"}, "twice X-Ssl-Client-Cert"},
			{"two in one", []string{cert + two, verify + "SUCCESS"}, "too_long X-Ssl-Client-Cert"},
			{"two, joined", []string{cert + one + ", " + one, verify + "SUCCESS"}, "broken X-Ssl-Client-Cert"},
			{"a dash", []string{cert + "-", verify + "SUCCESS"}, "placeholder X-Ssl-Client-Cert"},
			{"a variable's name", []string{cert + "$ssl_client_escaped_cert", verify + "SUCCESS"}, "placeholder X-Ssl-Client-Cert"},
			{"a bad escape", []string{cert + one + "%0", verify + "SUCCESS"}, "broken X-Ssl-Client-Cert"},
			{"encoded twice", []string{cert + strings.ReplaceAll(one, "%", "%25"), verify + "SUCCESS"}, "broken X-Ssl-Client-Cert"},
			{"text before it", []string{cert + "x" + one, verify + "SUCCESS"}, "broken X-Ssl-Client-Cert"},
			{"not closed", []string{cert + one[:len(one)-10], verify + "SUCCESS"}, "broken X-Ssl-Client-Cert"},
			{"a key", []string{cert + strings.ReplaceAll(one, "CERTIFICATE", "PRIVATE%20KEY"), verify + "SUCCESS"}, "broken X-Ssl-Client-Cert"},
			{"too long", []string{cert + long, verify + "SUCCESS"}, "too_long X-Ssl-Client-Cert"},
		},
		"haproxy": {
			{"a certificate", []string{cert + der, verify + "SUCCESS"}, "leaf verified"},
			{"with its issuers", []string{cert + der, chain + ders, verify + "SUCCESS"}, "leaf sub root verified"},
			{"none", []string{verify + "NONE"}, "none"},
			{"nothing", nil, "unknown"},
			{"failed", []string{cert + der, verify + "FAILED"}, "not_verified X-Ssl-Client-Verify"},
			{"HAProxy's own number", []string{cert + der, verify + "0"}, "broken X-Ssl-Client-Verify"},
			{"no word", []string{cert + der}, "contradiction X-Ssl-Client-Verify"},
			{"issuers alone", []string{chain + ders, verify + "SUCCESS"}, "contradiction X-Ssl-Client-Chain"},
			{"two", []string{cert + der, cert + der, verify + "SUCCESS"}, "twice X-Ssl-Client-Cert"},
			{"two chains", []string{cert + der, chain + ders, chain + ders, verify + "SUCCESS"}, "twice X-Ssl-Client-Chain"},
			{"a variable's name", []string{cert + "%[ssl_c_der,base64]", verify + "SUCCESS"}, "placeholder X-Ssl-Client-Cert"},
			{"a placeholder for the chain", []string{cert + der, chain + "-", verify + "SUCCESS"}, "placeholder X-Ssl-Client-Chain"},
			{"two in one", []string{cert + b64(w.leaf, w.sub), verify + "SUCCESS"}, "broken X-Ssl-Client-Cert"},
			{"a broken chain", []string{cert + der, chain + ders[:len(ders)-8], verify + "SUCCESS"}, "broken X-Ssl-Client-Chain"},
			{"a chain that is no base64", []string{cert + der, chain + "?", verify + "SUCCESS"}, "broken X-Ssl-Client-Chain"},
			{"twelve issuers", []string{cert + der, chain + b64(twelve...), verify + "SUCCESS"}, "too_long X-Ssl-Client-Chain"},
			{"too long", []string{cert + long, verify + "SUCCESS"}, "too_long X-Ssl-Client-Cert"},
		},
		"apache": {
			{"a certificate", []string{cert + blanks(w.leaf), verify + "SUCCESS"}, "leaf verified"},
			{"with its issuers", []string{cert + blanks(w.leaf), "X-SSL-Client-Chain-0: " + blanks(w.sub), "X-SSL-Client-Chain-1: " + blanks(w.root), verify + "SUCCESS"}, "leaf sub root verified"},
			{"none", []string{verify + "NONE"}, "none"},
			{"nothing", nil, "unknown"},
			{"(null) for none", []string{cert + "(null)", verify + "NONE"}, "placeholder X-Ssl-Client-Cert"},
			{"(null) for an issuer", []string{cert + blanks(w.leaf), "X-SSL-Client-Chain-0: (null)", verify + "SUCCESS"}, "placeholder X-Ssl-Client-Chain-0"},
			{"(null) for the word", []string{cert + blanks(w.leaf), verify + "(null)"}, "broken X-Ssl-Client-Verify"},
			{"a lenient front", []string{cert + blanks(w.leaf), verify + "GENEROUS"}, "broken X-Ssl-Client-Verify"},
			{"failed", []string{cert + blanks(w.leaf), verify + "FAILED:10"}, "not_verified X-Ssl-Client-Verify"},
			{"no word", []string{cert + blanks(w.leaf)}, "contradiction X-Ssl-Client-Verify"},
			{"issuers alone", []string{"X-SSL-Client-Chain-0: " + blanks(w.sub), verify + "NONE"}, "contradiction X-Ssl-Client-Chain-0"},
			{"a gap", []string{cert + blanks(w.leaf), "X-SSL-Client-Chain-1: " + blanks(w.root), verify + "SUCCESS"}, "contradiction X-Ssl-Client-Chain-1"},
			{"two", []string{cert + blanks(w.leaf), cert + blanks(w.leaf), verify + "SUCCESS"}, "twice X-Ssl-Client-Cert"},
			{"two in one", []string{cert + blanks(w.leaf, w.sub), verify + "SUCCESS"}, "too_long X-Ssl-Client-Cert"},
			{"escaped", []string{cert + one, verify + "SUCCESS"}, "broken X-Ssl-Client-Cert"},
			{"a fifth issuer", []string{cert + blanks(w.leaf), "X-SSL-Client-Chain-4: " + blanks(w.sub), verify + "SUCCESS"}, "too_long X-Ssl-Client-Chain-4"},
			{"too long", []string{cert + long, verify + "SUCCESS"}, "too_long X-Ssl-Client-Cert"},
		},
		"caddy": {
			{"a certificate", []string{cert + der, verify + "SUCCESS"}, "leaf verified"},
			{"none", []string{verify + "NONE"}, "none"},
			{"none, as newer ones write it", []string{cert, verify + "NONE"}, "none"},
			{"nothing", nil, "unknown"},
			{"the placeholder itself", []string{cert + "{http.request.tls.client.certificate_der_base64}", verify + "NONE"}, "placeholder X-Ssl-Client-Cert"},
			{"no word", []string{cert + der}, "contradiction X-Ssl-Client-Verify"},
			{"a certificate and none", []string{cert + der, verify + "NONE"}, "contradiction X-Ssl-Client-Cert"},
			{"two", []string{cert + der, cert + der, verify + "SUCCESS"}, "twice X-Ssl-Client-Cert"},
			{"PEM", []string{cert + blanks(w.leaf), verify + "SUCCESS"}, "broken X-Ssl-Client-Cert"},
			{"too long", []string{cert + long, verify + "SUCCESS"}, "too_long X-Ssl-Client-Cert"},
		},
		"traefik": {
			{"a certificate", []string{"X-Forwarded-Tls-Client-Cert: " + der}, "leaf unknown"},
			{"with its issuers", []string{"X-Forwarded-Tls-Client-Cert: " + der + "," + b64(w.sub) + "," + b64(w.root)}, "leaf sub root unknown"},
			{"as older ones write it", []string{"X-Forwarded-Tls-Client-Cert: " + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D", ",", "%2C").Replace(der+","+b64(w.sub))}, "leaf sub unknown"},
			{"nothing", nil, "unknown"},
			{"empty", []string{"X-Forwarded-Tls-Client-Cert: "}, "unknown"},
			{"two", []string{"X-Forwarded-Tls-Client-Cert: " + der, "X-Forwarded-Tls-Client-Cert: " + der}, "twice X-Forwarded-Tls-Client-Cert"},
			{"an empty one", []string{"X-Forwarded-Tls-Client-Cert: " + der + ","}, "broken X-Forwarded-Tls-Client-Cert"},
			{"PEM", []string{"X-Forwarded-Tls-Client-Cert: " + one}, "broken X-Forwarded-Tls-Client-Cert"},
			{"encoded twice", []string{"X-Forwarded-Tls-Client-Cert: " + strings.ReplaceAll(der, "+", "%252B")}, "broken X-Forwarded-Tls-Client-Cert"},
			{"a placeholder", []string{"X-Forwarded-Tls-Client-Cert: <nil>"}, "placeholder X-Forwarded-Tls-Client-Cert"},
			{"eleven", []string{"X-Forwarded-Tls-Client-Cert: " + der + strings.Repeat(","+b64(w.sub), 10)}, "too_long X-Forwarded-Tls-Client-Cert"},
			{"too long", []string{"X-Forwarded-Tls-Client-Cert: " + long}, "too_long X-Forwarded-Tls-Client-Cert"},
		},
		"alb": {
			{"a certificate", []string{"X-Amzn-Mtls-Clientcert-Leaf: " + escapedByAWS(w.leaf)}, "leaf verified"},
			{"escaped all through", []string{"X-Amzn-Mtls-Clientcert-Leaf: " + one}, "leaf verified"},
			{"nothing", nil, "unknown"},
			{"empty", []string{"X-Amzn-Mtls-Clientcert-Leaf: "}, "unknown"},
			{"passed through and not verified", []string{"X-Amzn-Mtls-Clientcert: " + escapedByAWS(w.leaf, w.sub)}, "unknown"},
			{"text about one", []string{"X-Amzn-Mtls-Clientcert-Subject: CN=service"}, "unknown"},
			{"two", []string{"X-Amzn-Mtls-Clientcert-Leaf: " + one, "X-Amzn-Mtls-Clientcert-Leaf: " + one}, "twice X-Amzn-Mtls-Clientcert-Leaf"},
			{"a blank for a plus", []string{"X-Amzn-Mtls-Clientcert-Leaf: " + strings.Replace(escapedByAWS(w.leaf), "+", "", 1)}, "broken X-Amzn-Mtls-Clientcert-Leaf"},
			{"a chain", []string{"X-Amzn-Mtls-Clientcert-Leaf: " + escapedByAWS(w.leaf, w.sub)}, "too_long X-Amzn-Mtls-Clientcert-Leaf"},
			{"line breaks alone", []string{"X-Amzn-Mtls-Clientcert-Leaf: %0A"}, "broken X-Amzn-Mtls-Clientcert-Leaf"},
			{"a dash", []string{"X-Amzn-Mtls-Clientcert-Leaf: -"}, "placeholder X-Amzn-Mtls-Clientcert-Leaf"},
			{"too long", []string{"X-Amzn-Mtls-Clientcert-Leaf: " + long}, "too_long X-Amzn-Mtls-Clientcert-Leaf"},
		},
	}
}

// said prints what was read as the tables do.
func said(t testing.TB, w world, p pki.Presented, err error) string {
	t.Helper()
	if err != nil {
		refusal, is := errors.AsType[*pki.Refusal](err)
		if !is {
			t.Fatalf("not a refusal: %v", err)
		}
		if len(p.Chain) > 0 || p.State != "" {
			t.Errorf("a refusal comes with %+v", p)
		}
		return string(refusal.Reason) + " " + refusal.Header
	}
	var words []string
	for _, c := range p.Chain {
		switch {
		case c.Equal(w.leaf):
			words = append(words, "leaf")
		case c.Equal(w.sub):
			words = append(words, "sub")
		case c.Equal(w.root):
			words = append(words, "root")
		}
	}
	return strings.Join(append(words, string(p.State)), " ")
}

func TestFormats(t *testing.T) {
	t.Parallel()
	w := certificates(t)
	tables := rows(w)
	if got := slices.Sorted(maps.Keys(tables)); !slices.Equal(got, pki.Formats()) {
		t.Errorf("tables for %v, formats are %v", got, pki.Formats())
	}
	for name, table := range tables {
		f := format(t, name)
		for _, tc := range table {
			t.Run(name+"/"+tc.name, func(t *testing.T) {
				t.Parallel()
				p, err := f.Read(headers(tc.lines...))
				if got := said(t, w, p, err); got != tc.want {
					t.Errorf("got %s (%v), want %s", got, err, tc.want)
				}
			})
		}
	}
}

// TestRefusalsHoldNothingOfTheValue: they stand in logs.
func TestRefusalsHoldNothingOfTheValue(t *testing.T) {
	t.Parallel()
	for _, name := range pki.Formats() {
		f := format(t, name)
		for _, value := range []string{"planted-value", ":planted-value:", `Cert="planted-value"`, "${planted-value}", "%25planted-value", "planted-value,planted-value"} {
			h := http.Header{}
			for _, header := range f.Headers {
				h.Set(header, value)
			}
			if _, err := f.Read(h); err == nil || strings.Contains(err.Error(), "planted") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}

// TestAnythingBrokenIsRefused cuts a good value off and changes octets of it.
func TestAnythingBrokenIsRefused(t *testing.T) {
	t.Parallel()
	w := certificates(t)
	f := format(t, "nginx")
	good := escaped(w.leaf)
	for i := range good {
		for what, value := range map[string]string{"cut off": good[:i], "with a NUL": good[:i] + "\x00" + good[i:]} {
			p, err := f.Read(headers("X-SSL-Client-Cert: "+value, "X-SSL-Client-Verify: SUCCESS"))
			if err == nil && !p.Chain[0].Equal(w.leaf) {
				t.Errorf("%s at %d: got another certificate", what, i)
			}
			if what == "cut off" && err == nil && i < len(strings.TrimRight(good, "%0A")) {
				t.Errorf("cut off at %d: accepted", i)
			}
		}
	}
}

func TestNamesCanBeChosen(t *testing.T) {
	t.Parallel()
	w := certificates(t)
	f, err := pki.New("haproxy", pki.Names{Cert: "x-my-cert", Chain: "X_MY_CHAIN", Verify: "x-MY-verify"})
	if err != nil {
		t.Fatal(err)
	}
	h := headers("X-My-Cert: "+b64(w.leaf), "X_my_chain: "+b64(w.sub), "X-My-Verify: SUCCESS", "X-SSL-Client-Cert: junk")
	p, err := f.Read(h)
	if got := said(t, w, p, err); got != "leaf sub verified" {
		t.Errorf("got %s", got)
	}
	if want := []string{"X-My-Cert", "X_my_chain", "X-My-Verify"}; !slices.Equal(f.Headers, want) {
		t.Errorf("headers: got %q, want %q", f.Headers, want)
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		format string
		names  pki.Names
		want   string
	}{
		{"nginx2", pki.Names{}, "there are alb, apache, caddy, envoy"},
		{"envoy", pki.Names{Verify: "X-Verify"}, "the format envoy has no header for verify"},
		{"caddy", pki.Names{Chain: "X-Chain"}, "the format caddy has no header for chain"},
		{"nginx", pki.Names{Cert: "X Cert"}, "is no header name"},
		{"nginx", pki.Names{Cert: "X-Cert:"}, "is no header name"},
		{"nginx", pki.Names{Cert: "authorization"}, "another meaning"},
		{"nginx", pki.Names{Cert: "x-ssl-client-VERIFY"}, "two headers have the same name"},
	} {
		if _, err := pki.New(tc.format, tc.names); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s, %+v: got %v, want ... %s ...", tc.format, tc.names, err, tc.want)
		}
	}
}

func TestHeadersAreCanonical(t *testing.T) {
	t.Parallel()
	for _, name := range pki.Formats() {
		for _, header := range format(t, name).Headers {
			if canonical := http.CanonicalHeaderKey(header); header != canonical {
				t.Errorf("%s: %s is not %s", name, header, canonical)
			}
		}
	}
}

// TestTheKeyNeverPasses: a front that sends too much is refused, not believed.
func TestTheKeyNeverPasses(t *testing.T) {
	t.Parallel()
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret")})
	h := headers("X-SSL-Client-Verify: SUCCESS")
	h.Set("X-Ssl-Client-Cert", strings.ReplaceAll(string(key), "\n", " "))
	if _, err := format(t, "apache").Read(h); err == nil {
		t.Error("accepted")
	}
}
