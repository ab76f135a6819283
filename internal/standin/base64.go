package standin

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// base64Error carries the text of Java's decoder, which Elasticsearch shows.
type base64Error string

func (e base64Error) Error() string { return string(e) }

// decodeBase64 decodes as java.util.Base64 does: standard alphabet, no white
// space, padding may be missing but must be right when there.
func decodeBase64(s string) ([]byte, error) {
	body := strings.TrimRight(s, "=")
	for i := range len(body) {
		if !isBase64(body[i]) {
			return nil, base64Error(fmt.Sprintf("Illegal base64 character %x", body[i]))
		}
	}
	padding := len(s) - len(body)
	if len(body)%4 == 1 {
		return nil, base64Error("Last unit does not have enough valid bits")
	}
	if padding > 0 && (len(body)+padding)%4 != 0 || padding > 2 {
		return nil, base64Error("Input byte array has wrong 4-byte ending unit")
	}
	return base64.RawStdEncoding.DecodeString(body)
}

func isBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}
