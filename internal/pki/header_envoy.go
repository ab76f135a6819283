package pki

import (
	"crypto/x509"
	"net/http"
	"strings"
)

// envoy reads X-Forwarded-Client-Cert: elements with commas between them, one for each
// proxy on the way, of pairs with semicolons between them. The last element is that of
// our peer; what stands before it was written by somebody whom we do not know, and is
// looked at for its form alone: an open quote there would swallow what our peer wrote.
//
// Of the pairs only Cert (the client's certificate) and Chain (the same with its
// issuers), in percent-encoded PEM, count. Hash, Subject, URI and DNS are text about a
// certificate and none.
func envoy(n Names) Format {
	return Format{Headers: []string{n.Cert}, Read: func(h http.Header) (Presented, error) {
		f, err := once(h, n.Cert)
		if err != nil {
			return Presented{}, err
		}
		if f.value == "" {
			return Presented{State: Unknown}, nil
		}
		last, err := f.lastElement()
		if err != nil {
			return Presented{}, err
		}
		cert, err := f.certificates(last["cert"], 1)
		if err != nil {
			return Presented{}, err
		}
		chain, err := f.certificates(last["chain"], maxChain)
		switch {
		case err != nil:
			return Presented{}, err
		case len(cert) == 0 && len(chain) == 0:
			return Presented{}, f.refuse(Broken, "the front must send cert or chain (set_current_client_cert_details)")
		case len(chain) == 0:
			return Presented{Chain: cert, State: Unknown}, nil
		case len(cert) > 0 && !cert[0].Equal(chain[0]):
			return Presented{}, f.refuse(Contradiction, "Cert and Chain begin with different certificates")
		}
		return Presented{Chain: chain, State: Unknown}, nil
	}}
}

// certificates reads the value of a pair.
func (f field) certificates(value string, limit int) ([]*x509.Certificate, error) {
	f.value = value
	if err := f.real(); err != nil {
		return nil, err
	}
	plain, err := f.unescape()
	if err != nil {
		return nil, err
	}
	return plain.pem(limit)
}

// lastElement reads the whole header and gives the pairs of its last element, by their
// names in lower case. Cert and Chain may be there once; URI and DNS may repeat.
func (f field) lastElement() (map[string]string, error) {
	element := map[string]string{}
	for rest := f.value; ; {
		name, after, found := strings.Cut(rest, "=")
		name = strings.ToLower(strings.Trim(name, " \t"))
		if !found || name == "" || strings.ContainsAny(name, "\";, \t") {
			return nil, f.refuse(Broken, "pairs of a name and a value were expected")
		}
		value, after, ok := pairValue(after)
		if !ok {
			return nil, f.refuse(Broken, "a quote is not closed, or something follows it")
		}
		if _, twice := element[name]; twice && (name == "cert" || name == "chain") {
			return nil, f.refuse(Contradiction, "a pair is there twice")
		}
		element[name] = value
		if after == "" {
			return element, nil
		}
		if after[0] == ',' {
			element = map[string]string{}
		}
		rest = after[1:]
	}
}

// pairValue reads a value, in quotes or not, up to a separator or the end.
func pairValue(text string) (value, after string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, ",;")
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], !strings.Contains(text[:end], `"`)
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case text[i] == '"':
			after = text[i+1:]
			return b.String(), after, after == "" || after[0] == ',' || after[0] == ';'
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", false
}
