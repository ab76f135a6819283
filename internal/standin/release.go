package standin

import (
	"fmt"
	"strconv"
	"strings"
)

// A release is a version number of Elasticsearch; behaviour hangs on it.
type release struct {
	text         string
	major, minor int
}

func parseRelease(text string) (release, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return release{}, fmt.Errorf("standin: version %q is not major.minor.patch", text)
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return release{}, fmt.Errorf("standin: version %q: %w", text, err)
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return release{}, fmt.Errorf("standin: version %q: %w", text, err)
	}
	return release{text: text, major: major, minor: minor}, nil
}

func (r release) since(major, minor int) bool {
	return r.major > major || r.major == major && r.minor >= minor
}

// samlSpeaks tells whether SAML failures carry their own reason and a 401
// instead of a mask and a 500 (SAML contract, section 2).
func (r release) samlSpeaks() bool { return r.since(9, 3) }

// tokenManagedBy tells whether _authenticate has a "token" member.
func (r release) tokenManagedBy() bool { return r.since(9, 4) }

func (r release) apiKeyManagedBy() bool { return r.since(9, 2) }

// commaInBasic tells whether the Basic challenge has a comma.
func (r release) commaInBasic() bool { return r.since(8, 15) }

// buildHash is what a real build would be known by.
const buildHash = "2b6a7fed44faa321997703718f07ee0420804b41"
