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
