package contract

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"testing"
	"time"
)

// TestPKI shows the rows of delegated PKI.
func TestPKI(t *testing.T) {
	t.Parallel()
	run(t, []row{
		{name: "01_order_of_checks", kind: wire, test: pkiOrderOfChecks},
		{name: "02_strict_body", kind: wire, test: pkiStrictBody},
		{name: "04_privileges", kind: wire, test: pkiPrivileges},
		{name: "18_order_and_trust", kind: wire, test: pkiOrderAndTrust},
		{name: "19_realms", kind: wire, test: pkiRealms},
		{name: "20_success", kind: wire, test: pkiSuccess},
		{name: "21_memory", kind: controlled, test: pkiMemory},
		{name: "22_user_name", kind: wire, test: pkiUserName},
		{name: "28_token_service_off", kind: controlled, test: pkiTokenServiceOff},
		{name: "29_license", kind: controlled, test: pkiLicense},
		{name: "30_no_roles", kind: wire, test: pkiNoRoles},
		{name: "31_authenticate", kind: wire, test: pkiAuthenticate},
	})
}

const (
	delegatePath   = "/_security/delegate_pki"
	delegateAction = "cluster:admin/xpack/security/delegate_pki"
)

// certified is a certificate with the key to issue others.
type certified struct {
	*x509.Certificate
	key any
}

// certify makes a certificate with the subject cn, then o, in DER order; above is nil
// for one that signs itself.
func certify(t *testing.T, above *certified, cn string, changes ...func(*x509.Certificate)) *certified {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: cn}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(365 * 24 * time.Hour), BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, change := range changes {
		change(template)
	}
	parent, signer := template, any(key)
	if above != nil {
		parent, signer = above.Certificate, above.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &certified{certificate, key}
}

func asAuthority(c *x509.Certificate) {
	c.IsCA, c.KeyUsage, c.ExtKeyUsage = true, x509.KeyUsageCertSign, nil
}

// pkiRoot is the authority that the realms pki1, pki2 and pki3 trust.
func pkiRoot(t *testing.T) *certified {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(readPEM(t, "pki.key"))
	if err != nil {
		t.Fatal(err)
	}
	return &certified{readCertificate(t, "pki.crt"), key}
}

// pkiChain is a leaf with the authorities above it.
func pkiChain(t *testing.T, cn string, changes ...func(*x509.Certificate)) (leaf, sub, root *certified) {
	t.Helper()
	root = pkiRoot(t)
	sub = certify(t, root, "Sub", asAuthority)
	return certify(t, sub, cn, changes...), sub, root
}

func chain(list ...*certified) object {
	encoded := []string{}
	for _, c := range list {
		encoded = append(encoded, base64.StdEncoding.EncodeToString(c.Raw))
	}
	return object{"x509_certificate_chain": encoded}
}

// untrusted expects the one 401 of all refusals.
func (a answer) untrusted(t *testing.T, dn string) answer {
	t.Helper()
	a.fails(t, 401, "security_exception", "unable to authenticate user ["+dn+"] for action ["+delegateAction+"]")
	return a.allChallenges(t)
}

func pkiOrderOfChecks(t *testing.T, s *server) {
	leaf, _, root := pkiChain(t, "pki.contract.test")
	s.nobody().post(t, delegatePath, "{broken").fails(t, 401, "security_exception", fmt.Sprintf(missing, delegatePath)).allChallenges(t)
	s.as(account{"esgateway", "wrong"}).post(t, delegatePath, "{}").fails(t, 401, "security_exception", fmt.Sprintf(unable, "esgateway", delegatePath))
	joe := s.user("contract-joe")
	joe.post(t, delegatePath, "{broken").fails(t, 400, "x_content_parse_exception", "…")
	joe.post(t, delegatePath, chain()).
		fails(t, 400, "action_request_validation_exception", "Validation Failed: 1: certificates chain must not be empty;")
	joe.post(t, delegatePath, chain(leaf, root)).
		fails(t, 400, "action_request_validation_exception", "Validation Failed: 1: certificates chain must be an ordered chain;")
	joe.post(t, delegatePath, chain(leaf)).fails(t, 403, "security_exception",
		fmt.Sprintf(forbidden, delegateAction, "contract-joe", "contract_none", "cluster", "delegate_pki,all"))
	s.user("contract-pki").post(t, delegatePath, chain(leaf)).untrusted(t, "CN=pki.contract.test")
}

func pkiStrictBody(t *testing.T, s *server) {
	const content = "x_content_parse_exception"
	pki := s.user("contract-pki")
	pki.post(t, delegatePath, "").fails(t, 400, "parse_exception", "request body is required")
	pki.post(t, delegatePath, `{"nonsense":1}`).fails(t, 400, content, "[1:2] [delegate_pki_request] unknown field [nonsense]")
	pki.post(t, delegatePath, `{"x509_certificate_chain":null}`).
		fails(t, 400, content, "[1:27] [delegate_pki_request] x509_certificate_chain doesn't support values of type: VALUE_NULL")
	pki.post(t, delegatePath, `{"x509_certificate_chain":7}`).
		fails(t, 400, content, "[1:27] [delegate_pki_request] x509_certificate_chain doesn't support values of type: VALUE_NUMBER")
	pki.post(t, delegatePath, `{}`).fails(t, 400, content, "Failed to build [delegate_pki_request] after last required field arrived")
	for _, value := range []string{"-", "MI-_", "MAA=", "MA A="} { // the last two are no certificate, and base64 with a blank
		a := pki.post(t, delegatePath, object{"x509_certificate_chain": []string{value}}).fails(t, 400, content, "[1:…")
		if a.at(t, "error.caused_by") == nil {
			t.Errorf("no cause\n%s", a)
		}
	}
}

func pkiPrivileges(t *testing.T, s *server) {
	leaf, sub, _ := pkiChain(t, "pki.contract.test")
	for _, user := range []string{"contract-saml", "contract-oidc", "contract-tokens"} {
		s.user(user).post(t, delegatePath, chain(leaf, sub)).want(t, 403)
	}
	s.home().post(t, delegatePath, chain(leaf, sub)).want(t, 200)
	pki := s.user("contract-pki")
	token := pki.post(t, delegatePath, chain(leaf, sub)).want(t, 200).text(t, "access_token")
	pki.post(t, "/_security/saml/prepare", object{"realm": "saml1"}).want(t, 403)
	pki.post(t, "/_security/oauth2/token", object{"grant_type": "client_credentials"}).want(t, 403)
	pki.del(t, "/_security/oauth2/token", object{"token": token}).want(t, 200).is(t, object{"invalidated_tokens": 1})
	s.bearer(token).who(t).fails(t, 401, "security_exception", "token expired")
}

func pkiOrderAndTrust(t *testing.T, s *server) {
	const dn = "CN=pki.contract.test"
	leaf, sub, root := pkiChain(t, "pki.contract.test")
	otherRoot := certify(t, nil, "PKI Root", asAuthority)
	otherSub := certify(t, otherRoot, "Sub", asAuthority)
	pki := s.user("contract-pki")
	pki.post(t, delegatePath, chain(leaf, sub)).want(t, 200)
	pki.post(t, delegatePath, chain(leaf, sub, root)).want(t, 200) // the root may be there
	pki.post(t, delegatePath, chain(sub, leaf)).
		fails(t, 400, "action_request_validation_exception", "Validation Failed: 1: certificates chain must be an ordered chain;")
	pki.post(t, delegatePath, chain(leaf)).untrusted(t, dn)           // what is between is not looked for
	pki.post(t, delegatePath, chain(leaf, otherSub)).untrusted(t, dn) // in order by name, by another key
	pki.post(t, delegatePath, chain(certify(t, otherSub, "pki.contract.test"), otherSub)).untrusted(t, dn)
	pki.post(t, delegatePath, chain(certify(t, nil, "pki.contract.test"))).untrusted(t, dn)
	over := func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(time.Minute) }
	pki.post(t, delegatePath, chain(certify(t, sub, "over", over), sub)).untrusted(t, "CN=over")
	serverOnly := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }
	pki.post(t, delegatePath, chain(certify(t, sub, "server", serverOnly), sub)).untrusted(t, "CN=server")
	noUse := func(c *x509.Certificate) { c.ExtKeyUsage = nil }
	pki.post(t, delegatePath, chain(certify(t, sub, "pki.contract.test", noUse), sub)).want(t, 200)
}

// pkiRealms: pki3 trusts the same authority and permits no delegation, and comes
// first; pki2 takes another part of the subject than pki1 and comes last.
func pkiRealms(t *testing.T, s *server) {
	leaf, sub, _ := pkiChain(t, "pki.contract.test")
	pki := s.user("contract-pki")
	pki.post(t, delegatePath, chain(leaf, sub)).want(t, 200).is(t, object{
		"authentication.authentication_realm.name": "pki1", "authentication.authentication_realm.type": "pki",
	})
	s.user("contract-security").post(t, delegatePath, chain(leaf, sub)).fails(t, 403, "security_exception",
		fmt.Sprintf(forbidden, delegateAction, "contract-security", "contract_security", "cluster", "delegate_pki,all"))
	unit := func(c *x509.Certificate) { c.Subject = pkix.Name{OrganizationalUnit: []string{"batch"}} }
	pki.post(t, delegatePath, chain(certify(t, sub, "", unit), sub)).want(t, 200).is(t, object{
		"authentication.username": "batch", "authentication.authentication_realm.name": "pki2",
	})
}

func pkiSuccess(t *testing.T, s *server) {
	leaf, sub, _ := pkiChain(t, "pki.contract.test")
	s.home().post(t, delegatePath, chain(leaf, sub)).want(t, 200).product(t).
		ordered(t, "", "access_token", "type", "expires_in", "authentication").
		ordered(t, "authentication", "username", "roles", "full_name", "email", "metadata", "enabled", "authentication_realm", "lookup_realm", "authentication_type").
		is(t, object{
			"type": "Bearer", "authentication.username": "pki.contract.test", "authentication.roles": []string{"contract_reader"},
			"authentication.authentication_type": "realm", "authentication.lookup_realm.name": "pki1",
			"authentication.metadata.pki_dn":                "CN=pki.contract.test",
			"authentication.metadata.pki_delegated_by_user": s.gateway.name,
		})
	a := s.user("contract-pki").post(t, delegatePath, chain(certify(t, sub, "another"), sub)).want(t, 200)
	if realm := a.text(t, "authentication.metadata.pki_delegated_by_realm"); realm == "" {
		t.Errorf("the caller's realm is not named\n%s", a)
	}
	// base64 of PEM passes, and so does one string for an array of one.
	direct := certify(t, pkiRoot(t), "direct")
	s.home().post(t, delegatePath, object{"x509_certificate_chain": base64.StdEncoding.EncodeToString(direct.Raw)}).want(t, 200)
	text := "-----BEGIN CERTIFICATE-----\n" + base64.StdEncoding.EncodeToString(direct.Raw) + "\n-----END CERTIFICATE-----\n"
	s.home().post(t, delegatePath, object{"x509_certificate_chain": []string{base64.StdEncoding.EncodeToString([]byte(text))}}).want(t, 200)
}

func pkiMemory(t *testing.T, s *server) {
	ends := func(c *x509.Certificate) { c.NotAfter = s.now().Add(5 * time.Minute) }
	leaf, sub, root := pkiChain(t, "pki.contract.test", ends)
	s.home().post(t, delegatePath, chain(leaf, sub)).want(t, 200)
	s.controls.advance(19 * time.Minute)
	s.user("contract-pki").post(t, delegatePath, chain(leaf, sub)).want(t, 200).
		is(t, object{"authentication.metadata.pki_delegated_by_user": "esgateway"})
	s.home().post(t, delegatePath, chain(leaf, sub, root)).untrusted(t, "CN=pki.contract.test")
	s.controls.advance(2 * time.Minute)
	s.home().post(t, delegatePath, chain(leaf, sub)).untrusted(t, "CN=pki.contract.test")
}

func pkiUserName(t *testing.T, s *server) {
	_, sub, _ := pkiChain(t, "")
	pki := s.user("contract-pki")
	subject := func(pairs ...string) func(*x509.Certificate) { // in DER order
		ids := map[string]asn1.ObjectIdentifier{
			"CN": {2, 5, 4, 3}, "O": {2, 5, 4, 10}, "OU": {2, 5, 4, 11}, "E": {1, 2, 840, 113549, 1, 9, 1}, "DC": {0, 9, 2342, 19200300, 100, 1, 25},
		}
		var name pkix.RDNSequence
		for i := 0; i < len(pairs); i += 2 {
			name = append(name, pkix.RelativeDistinguishedNameSET{{Type: ids[pairs[i]], Value: pairs[i+1]}})
		}
		return func(c *x509.Certificate) {
			raw, err := asn1.Marshal(name)
			if err != nil {
				t.Fatal(err)
			}
			c.RawSubject = raw
		}
	}
	for _, tc := range []struct {
		pairs    []string
		dn, user string
	}{
		{[]string{"CN", "Test Client", "OU", "Contract", "O", "org"}, "O=org, OU=Contract, CN=Test Client", "Test Client"},
		{[]string{"DC", "test", "CN", "a", "E", "a@b.test"}, "EMAILADDRESS=a@b.test, CN=a, DC=test", "a"},
		{[]string{"CN", "first", "CN", "last"}, "CN=last, CN=first", "last"},
		{[]string{"CN", "Doe, Jane"}, `CN="Doe, Jane"`, `"Doe`}, // cut at the comma, as it is there
	} {
		pki.post(t, delegatePath, chain(certify(t, sub, "", subject(tc.pairs...)), sub)).want(t, 200).is(t, object{
			"authentication.username": tc.user, "authentication.metadata.pki_dn": tc.dn,
		})
	}
	pki.post(t, delegatePath, chain(certify(t, sub, "", subject("O", "org")), sub)).untrusted(t, "O=org")
}

func pkiTokenServiceOff(t *testing.T, s *server) {
	leaf, sub, _ := pkiChain(t, "pki.contract.test")
	s.controls.tokenServiceOff()
	s.home().post(t, delegatePath, chain(leaf, sub)).fails(t, 400, "feature_not_enabled_exception", "security tokens are not enabled")
}

func pkiLicense(t *testing.T, s *server) {
	s.controls.license("standard")
	s.home().post(t, delegatePath, "{broken").fails(t, 403, "security_exception", "current license is non-compliant for [pki]").
		is(t, object{"error.license.expired.feature": "pki"})
}

func pkiNoRoles(t *testing.T, s *server) {
	leaf, sub, _ := pkiChain(t, "nobody.contract.test")
	a := s.home().post(t, delegatePath, chain(leaf, sub)).want(t, 200).is(t, object{"authentication.roles": []string{}})
	s.bearer(a.text(t, "access_token")).get(t, "/contract-logs/_search").want(t, 403)
}

func pkiAuthenticate(t *testing.T, s *server) {
	leaf, sub, _ := pkiChain(t, "pki.contract.test")
	token := s.home().post(t, delegatePath, chain(leaf, sub)).want(t, 200).text(t, "access_token")
	s.bearer(token).who(t).want(t, 200).is(t, object{
		"username": "pki.contract.test", "roles": []string{"contract_reader"}, "authentication_type": "token",
		"metadata.pki_dn": "CN=pki.contract.test", "authentication_realm.name": "pki1", "lookup_realm.type": "pki",
	})
	s.bearer(token).get(t, "/contract-logs/_search").want(t, 200)
}
