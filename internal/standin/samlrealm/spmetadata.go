package samlrealm

// Metadata is the realm's own metadata as a service provider, in XML.
func (r *Realm) Metadata() string { return "" }
