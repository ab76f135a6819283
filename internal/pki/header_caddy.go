package pki

// caddy reads {http.request.tls.client.certificate_der_base64}, the client's
// certificate alone. Caddy has no word for its verification: deploy/examples/caddy
// writes nginx's. Without a certificate some versions write the placeholder itself,
// which is refused, and others nothing.
func caddy(n Names) Format {
	return Format{Headers: []string{n.Cert, n.Verify}, Verdict: true, Read: n.flagged(readDER, nil)}
}
