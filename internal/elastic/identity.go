package elastic

// Realm is the realm of Elasticsearch that a user belongs to.
type Realm struct {
	Name string `json:"name"`
	Type string `json:"type"` // "saml", "oidc", "pki", "kerberos", "native", "file", ...
}

// Identity is who a token stands for, as Elasticsearch reports it. It never holds a
// secret: the raw ID token that Elasticsearch keeps among the metadata is dropped.
type Identity struct {
	Username string `json:"username"`
	// Roles are those of the sign-in: Elasticsearch freezes them in the token, and a
	// refresh does not read them again.
	Roles    []string       `json:"roles"`
	FullName string         `json:"full_name,omitempty"`
	Email    string         `json:"email,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`
	// Realm is the authenticating one; a token keeps it.
	Realm   Realm `json:"realm"`
	Enabled bool  `json:"enabled"`
}
