package samlrealm

import "github.com/beevik/etree"

// A nameID is a NameID; each part but the value may be missing.
type nameID struct {
	value                                             string
	format, qualifier, spQualifier, serviceProvidedID *string
}

// readNameID reads a NameID; nil stays nil.
func readNameID(e *etree.Element) *nameID {
	if e == nil {
		return nil
	}
	return &nameID{
		value:             value(e),
		format:            attribute(e, "Format"),
		qualifier:         attribute(e, "NameQualifier"),
		spQualifier:       attribute(e, "SPNameQualifier"),
		serviceProvidedID: attribute(e, "SPProvidedID"),
	}
}

// subjectName is the NameID of an assertion's subject. An EncryptedID there is
// not opened.
func subjectName(assertion *etree.Element) *nameID {
	subject := child(assertion, assertionNS, "Subject")
	if subject == nil {
		return nil
	}
	return readNameID(child(subject, assertionNS, "NameID"))
}

// The keys of a token's metadata, in Elasticsearch's order.
const (
	keyValue       = "saml_nameid_val"
	keyFormat      = "saml_nameid_fmt"
	keyQualifier   = "saml_nameid_qual"
	keySPQualifier = "saml_nameid_sp_qual"
	keySPProvided  = "saml_nameid_sp_id"
	keySession     = "saml_session"
	keyRealm       = "saml_realm"
)

// tokenMetadata are the seven values by which a logout finds its tokens. All
// keys are there, nil when unknown.
func (r *Realm) tokenMetadata(n *nameID, session *string) map[string]*string {
	values := map[string]*string{
		keyValue: nil, keyFormat: nil, keyQualifier: nil, keySPQualifier: nil, keySPProvided: nil,
		keySession: session, keyRealm: &r.config.Name,
	}
	if n != nil {
		values[keyValue], values[keyFormat] = &n.value, n.format
		values[keyQualifier], values[keySPQualifier] = n.qualifier, n.spQualifier
		values[keySPProvided] = n.serviceProvidedID
	}
	return values
}
