package returnto

// URL is an address that is ours. Only Policy.Parse makes one; the zero value is none.
type URL struct {
	origin string // "https://app.example.com"
	host   string
	rest   string // path, query and fragment, as they came
	public bool
}

// String is the absolute address: the origin as browsers write it, the rest as it came.
func (u URL) String() string { return u.origin + u.rest }

// Origin is scheme, host and port, as browsers write them.
func (u URL) Origin() string { return u.origin }

// Host is the host in lower case, without port; an IPv6 address without brackets.
func (u URL) Host() string { return u.host }

// IsPublicHost reports whether it lies on the public URL's host, whose cookie the
// sign-in has set, so that no ticket is needed.
func (u URL) IsPublicHost() bool { return u.public }

// IsZero reports whether there is no address.
func (u URL) IsZero() bool { return u.origin == "" }
