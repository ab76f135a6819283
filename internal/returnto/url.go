package returnto

// URL is an address that is ours. Only Policy.Parse makes one; the zero value is none.
type URL struct {
	origin string // "https://app.example.com"
	host   string
	rest   string // path, query and fragment, as they came
}

// String is the absolute address: the origin as browsers write it, the rest as it came.
func (u URL) String() string { return u.origin + u.rest }

// Origin is scheme, host and port, as browsers write them.
func (u URL) Origin() string { return u.origin }

// Host is the host in lower case, without port; an IPv6 address without brackets.
func (u URL) Host() string { return u.host }

// IsZero reports whether there is no address.
func (u URL) IsZero() bool { return u.origin == "" }
