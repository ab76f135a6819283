package proxy

import (
	"errors"
	"io"
	"net/http"
	"testing"
)

// The server closes a request's body as soon as the answer begins. What net/http
// reads behind the end must not be an error then.
func TestTheEndOfABodyStaysItsEnd(t *testing.T) {
	t.Parallel()
	b := &body{ReadCloser: &closedAtItsEnd{}}
	if n, err := b.Read(make([]byte, 8)); n != 8 || !errors.Is(err, io.EOF) {
		t.Fatalf("got %d, %v", n, err)
	}
	if n, err := b.Read(make([]byte, 8)); n != 0 || !errors.Is(err, io.EOF) || b.broke.Load() {
		t.Errorf("behind the end: %d, %v", n, err)
	}
}

// closedAtItsEnd is a server's body that the server has closed behind the last byte.
type closedAtItsEnd struct{ read bool }

func (c *closedAtItsEnd) Read(p []byte) (int, error) {
	if c.read {
		return 0, http.ErrBodyReadAfterClose
	}
	c.read = true
	return len(p), io.EOF
}

func (c *closedAtItsEnd) Close() error { return nil }
