package elastic

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// What the operator can do. The texts hold nothing that came from outside.
const (
	hintProxy      = "the answer is not Elasticsearch's; look for a proxy or a wrong address in elasticsearch.urls"
	hintRedirect   = "the answer is a redirect, which is never followed; correct elasticsearch.urls (https? a path?)"
	hintTrust      = "the node's certificate is not trusted; check elasticsearch.ca or fingerprint, and that the certificate names the host"
	hintPassword   = "Elasticsearch refuses the gateway's own account; check username and password_file, and that a native user's security index is healthy (a file user needs none)"
	hintPrivilege  = "the gateway's own account lacks a privilege; give its role what the installation page lists"
	hintClient     = "the account that was named for this call lacks a privilege, such as manage_token for tokens"
	hintLicence    = "Elasticsearch's licence does not include this; SAML, OpenID Connect and Kerberos need platinum, PKI gold, tokens standard (before late 2026)"
	hintTokensOff  = "the token service is off; set xpack.security.authc.token.enabled: true and HTTP TLS at Elasticsearch"
	hintNoSecurity = "Elasticsearch does not know this endpoint; check that security is on and that the version is 8.17 or later"
	hintRequest    = "Elasticsearch does not understand the request; check that its version is supported"
	hintRealm      = "Elasticsearch cannot use this realm; check the method's realm name, the realm's IdP metadata and Elasticsearch's log"
	hintPerson     = "the cause stands in Elasticsearch's log; it is the same answer when the realm does not exist or its IdP metadata cannot be loaded"
	hintOIDCRealm  = "Elasticsearch cannot use this realm; check the method's realm name and that the realm is of type oidc"
	hintOIDCPerson = "the cause stands in Elasticsearch's log; it is the same answer when the provider cannot be reached from there"
	hintChain      = "the cause stands in Elasticsearch's log; a PKI realm needs delegation.enabled: true and its own certificate_authorities, and the whole chain below them must be sent"
	hintInternal   = "Elasticsearch failed while it authenticated; the cause stands in its log"
	hintTokens     = "Elasticsearch's tokens index is missing or closed"
	hintOwner      = "another account of Elasticsearch made these tokens; elasticsearch.username or its realm was changed"
	hintSkew       = "the clocks of Elasticsearch's nodes differ by more than 30 s"
	hintPartial    = "Elasticsearch could not end the token; its log has the cause"
)

// isTrust reports whether a handshake failed for the node's certificate.
func isTrust(err error) bool {
	if errors.Is(err, errPin) {
		return true
	}
	_, verify := errors.AsType[*tls.CertificateVerificationError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	return verify || name || authority
}
