package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"log/slog"
)

const mask = "[secret]"

// Text is a secret string. Its zero value is the empty secret.
type Text struct{ value string }

// Of makes a secret of value.
func Of(value string) Text { return Text{value} }

// Reveal returns the secret itself. Use it only where it is sent or stored sealed.
func (t Text) Reveal() string { return t.value }

// Empty reports whether there is no secret.
func (t Text) Empty() bool { return t.value == "" }

// Equal compares in constant time.
func (t Text) Equal(other Text) bool {
	return subtle.ConstantTimeCompare([]byte(t.value), []byte(other.value)) == 1
}

// Hash is a short one-way name of the secret for logs and comparisons.
func (t Text) Hash() string {
	sum := sha256.Sum256([]byte(t.value))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// String, GoString, Format, LogValue, MarshalText and MarshalJSON print a mask,
// so that no verb and no encoder can show the secret.
func (t Text) String() string { return mask }

// GoString prints a mask.
func (t Text) GoString() string { return mask }

// Format prints a mask, whatever the verb.
func (t Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(mask)) } // a Formatter has nobody to tell

// LogValue logs a mask.
func (t Text) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText encodes a mask.
func (t Text) MarshalText() ([]byte, error) { return []byte(mask), nil }

// UnmarshalText takes the secret from configuration.
func (t *Text) UnmarshalText(b []byte) error {
	t.value = string(b)
	return nil
}
