package standin

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"log/slog"

	"github.com/esgateway/esgateway/internal/standin/pkirealm"
)

const delegatePKI = security + "delegate_pki"

// delegatePKIRoute is POST /_security/delegate_pki. The licence is asked before the
// body is read.
func delegatePKIRoute(c *call) (action, error) {
	if !c.licensed("gold") {
		return nil, nonCompliant("pki")
	}
	var chain []*x509.Certificate
	if err := c.parse("delegate_pki_request", certificates("x509_certificate_chain", &chain)); err != nil {
		return nil, err
	}
	if chain == nil {
		e := contentException("Failed to build [delegate_pki_request] after last required field arrived")
		return nil, e.causedBy(nullPointer(`Cannot invoke "java.util.Collection.toArray()" because "coll" is null`))
	}
	return func() (*answer, error) {
		if err := validateChain(chain); err != nil {
			return nil, err
		}
		if err := c.authorize(delegatePKI); err != nil {
			return nil, err
		}
		return c.delegate(chain)
	}, nil
}

// certificates declares an array of certificates in base64.
func certificates(name string, into *[]*x509.Certificate) field {
	var list []string
	read := texts(name, &list).read
	return field{name, func(r *jsonReader) error {
		if err := read(r); err != nil {
			return err
		}
		*into = []*x509.Certificate{}
		for _, s := range list {
			certificate, cause := decodeCertificate(s)
			if cause != nil {
				e := contentException(r.where() + " [" + r.parser + "] failed to parse field [" + name + "]")
				return e.causedBy(cause)
			}
			*into = append(*into, certificate)
		}
		return nil
	}}
}

// decodeCertificate reads what Java's certificate factory reads: DER or PEM, and of
// either the first certificate alone.
func decodeCertificate(s string) (*x509.Certificate, *exception) {
	text, err := decodeBase64(s)
	if err != nil {
		return nil, illegalArgument(err.Error())
	}
	if block, _ := pem.Decode(text); block != nil {
		text = block.Bytes
	}
	var first asn1.RawValue
	if _, err := asn1.Unmarshal(text, &first); err != nil {
		return nil, noCertificate(err)
	}
	certificate, err := x509.ParseCertificate(first.FullBytes)
	if err != nil {
		return nil, noCertificate(err)
	}
	return certificate, nil
}

func noCertificate(err error) *exception {
	return &exception{kind: "runtime_exception", reason: "java.security.cert.CertificateException: " + err.Error(), java: true}
}

// validateChain looks at names alone; signatures are the realm's business.
func validateChain(chain []*x509.Certificate) error {
	var v validation
	v.require(len(chain) > 0, "certificates chain must not be empty")
	ordered := true
	for i := 1; i < len(chain); i++ {
		ordered = ordered && pkirealm.SameName(chain[i-1].RawIssuer, chain[i].RawSubject)
	}
	v.require(ordered, "certificates chain must be an ordered chain")
	return v.err()
}

// delegate asks the PKI realms in their order. Why each of them refuses stands in
// the log alone.
func (c *call) delegate(chain []*x509.Certificate) (*answer, error) {
	by := pkirealm.Delegatee{User: c.caller.user.name, Realm: c.caller.user.realm.name}
	for _, r := range c.cluster.pki {
		user, err := r.Authenticate(c.now, chain, by, func(u pkirealm.User) []string {
			return c.cluster.rolesOf(candidate{realm: r.Name(), user: u.Principal, metadata: u.Metadata()})
		})
		if err != nil {
			c.log(slog.LevelWarn, "Authentication to realm failed", "realm", r.Name(), "cause", err.Error())
			continue
		}
		auth := ofRealm(c.cluster.withAnonymousRoles(identity{
			name: user.Principal, roles: append([]string{}, user.Roles...), metadata: user.Metadata(), realm: realmRef{r.Name(), "pki"},
		}))
		pair, err := c.create(grant{auth: auth, creator: c.caller})
		if err != nil {
			return nil, err
		}
		return ok(obj("access_token", pair.access.String(), "type", "Bearer", "expires_in", c.expiresIn(),
			"authentication", auth.object(c.cluster.release)))
	}
	return nil, c.unable(pkirealm.Name(chain[0].RawSubject), "for action ["+delegatePKI+"]")
}
