package saml

import (
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
)

// maxJoined bounds how many texts are shown in a line.
const maxJoined = 20

// shown makes a text of a message fit to be shown and logged.
func shown(text string) string { return fault.Shown(text) }

// received is a single value as it came, or that none did.
func received(text string) string {
	if text = shown(text); text == "" {
		return "none"
	}
	return text
}

// joined is some texts of a message in a line.
func joined(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	rest := ""
	if len(all) > maxJoined {
		all, rest = all[:maxJoined], ", ..."
	}
	out := make([]string, 0, len(all))
	for _, text := range all {
		out = append(out, shown(text))
	}
	return strings.Join(out, ", ") + rest
}

func printed(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }

// localStatus is a status code of SAML without its prefix, any other as it is.
func localStatus(code string) string {
	return strings.TrimPrefix(strings.TrimSpace(code), statusPrefix)
}

// statusOf is all that the identity provider says of a failure.
func statusOf(s status) string {
	codes := []string{shown(localStatus(s.Code.Value))}
	for code := s.Code.Second; code != nil && len(codes) < 3; code = code.Second {
		codes = append(codes, shown(localStatus(code.Value)))
	}
	if codes[0] == "" {
		codes[0] = "none"
	}
	out := strings.Join(codes, " / ")
	if message := shown(s.Message); message != "" {
		out += ": " + message
	}
	return out
}

// attributeNames are the names of an assertion's attributes, the friendly ones where
// there are any.
func attributeNames(a *assertion) []string {
	all := make([]string, 0, len(a.Attributes))
	for _, one := range a.Attributes {
		name := one.FriendlyName
		if name == "" {
			name = one.Name
		}
		all = append(all, name)
	}
	return all
}
