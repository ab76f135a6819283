package samlrealm

// A User is what a realm makes of an assertion; roles are mapped elsewhere.
type User struct {
	Principal           string
	FullName, Email, DN *string
	Groups              []string
	// Metadata is the user's: saml(<Name>) and saml_<FriendlyName> are []string,
	// saml_nameid and saml_nameid_format are string.
	Metadata map[string]any
	// TokenMetadata has the seven keys that are stored with the tokens; all are
	// present, nil when unknown.
	TokenMetadata map[string]*string
	// InResponseTo is the Response's; empty when it has none.
	InResponseTo string
}

// user maps attributes and NameID to a user.
func (r *Realm) user(found []samlAttribute, n *nameID, session *string) (*User, error) {
	names := r.config.Attributes
	principal := first(lookup(names.Principal, found, n))
	if principal == nil || *principal == "" {
		return nil, r.nobody(found, n)
	}
	return &User{
		Principal:     *principal,
		FullName:      first(lookup(names.Name, found, n)),
		Email:         first(lookup(names.Mail, found, n)),
		DN:            first(lookup(names.DN, found, n)),
		Groups:        lookup(names.Groups, found, n),
		Metadata:      r.userMetadata(found, n),
		TokenMetadata: r.tokenMetadata(n, session),
	}, nil
}

// first is the value that counts where a user can have only one.
func first(values []string) *string {
	if len(values) == 0 {
		return nil
	}
	return &values[0]
}

// nobody is the refusal of an assertion that names no principal.
func (r *Realm) nobody(found []samlAttribute, n *nameID) *Rejection {
	name := "null"
	if n != nil {
		name = n.value
	}
	texts := make([]string, 0, len(found))
	for _, a := range found {
		texts = append(texts, a.String())
	}
	refused := refuse("SAML Attribute [%s] for [xpack.security.authc.realms.saml.%s.attributes.principal] not found in saml attributes%s or NameID [%s]",
		r.config.Attributes.Principal, r.config.Name, list(texts), name)
	refused.Generic = true
	return refused
}

// userMetadata is what role mappings and the user's own page see. Of two
// attributes of one name the later wins, and the NameID wins over both.
func (r *Realm) userMetadata(found []samlAttribute, n *nameID) map[string]any {
	metadata := map[string]any{}
	for _, a := range found {
		if r.config.HideUserMetadata {
			break
		}
		metadata["saml("+a.name+")"] = a.values
		if hasText(a.friendlyName) {
			metadata["saml_"+*a.friendlyName] = a.values
		}
	}
	if n != nil {
		metadata["saml_nameid"] = n.value
		if n.format != nil {
			metadata["saml_nameid_format"] = *n.format
		}
	}
	return metadata
}
