package target

// Refusal is why a request cannot be taken. Its text is a sentence for the person
// and holds nothing of the request, so it may be shown: it becomes the public text
// of a bad request (HTTP 400).
type Refusal string

// Error is the sentence.
func (r Refusal) Error() string { return string(r) }

// The refusals.
const (
	// ErrMethod: CONNECT would make a tunnel that nobody checks, TRACE shows headers
	// that the gateway adds, and unknown or lower-case methods are read differently by
	// different servers.
	ErrMethod = Refusal("This method is not served here.")
	// ErrHost: no host, or one that no route can have.
	ErrHost = Refusal("The request names no valid host.")
	// ErrForm: neither "/path", nor "*" with OPTIONS, nor an absolute address of the same host.
	ErrForm = Refusal("The request target has a form that is not served here.")
	// ErrEscape: a percent sign in the path without two hex digits.
	ErrEscape = Refusal("The path has an invalid percent escape.")
	// ErrByte: a control byte, a blank or an overlong UTF-8 sequence, encoded or not.
	ErrByte = Refusal("The path has a byte that is not allowed.")
	// ErrFragment: servers disagree on whether a raw "#" ends the path
	// (CVE-2026-41059, CVE-2023-47106). Elasticsearch says that it does.
	ErrFragment = Refusal("The request target has a raw # sign; encode it as %23.")
	// ErrBackslash: some servers take it for a slash.
	ErrBackslash = Refusal("The path has a raw backslash; encode it as %5C.")
	// ErrDots: "." and ".." are resolved by some servers and kept by others.
	ErrDots = Refusal("The path has dot segments.")
	// ErrEmptySegment: Elasticsearch reads //_search as a search in all indices.
	ErrEmptySegment = Refusal("The path has an empty segment (//), which Elasticsearch would read as all indices.")
	// ErrSniffing: the answer holds the nodes' own addresses, and a client that asked
	// for them then walks round the gateway.
	ErrSniffing = Refusal("Node discovery (sniffing) is not served here; switch it off in the client.")
	// ErrUpgrade: any other protocol could carry requests that nobody checks (h2c).
	ErrUpgrade = Refusal("Only an upgrade to websocket is served here.")
)
