package pki

import "net/http"

// alb reads what an AWS Application Load Balancer writes in its verify mode: the
// client's certificate alone, in PEM that is percent-encoded but for + = and /. It
// lets nobody through whom it has not verified, so that there is no word for none. The
// header of its passthrough mode is not read: there the balancer vouches for nothing.
func alb(n Names) Format {
	headers := []string{n.Cert}
	for _, other := range []string{"", "-Serial-Number", "-Issuer", "-Subject", "-Validity"} {
		headers = append(headers, "X-Amzn-Mtls-Clientcert"+other)
	}
	return Format{Headers: headers, Verdict: true, Read: func(h http.Header) (Presented, error) {
		cert, err := escaped(h, n.Cert)
		if err != nil {
			return Presented{}, err
		}
		if cert.value == "" {
			return Presented{State: Unknown}, nil
		}
		chain, err := cert.pem(1)
		if err != nil {
			return Presented{}, err
		}
		if len(chain) == 0 {
			return Presented{}, cert.refuse(Broken, "a certificate in PEM was expected")
		}
		return Presented{Chain: chain, State: Verified}, nil
	}}
}
