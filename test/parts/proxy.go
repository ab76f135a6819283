package parts

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// StartProxy starts a forward proxy as companies have them, and gives its address. It
// takes every name for 127.0.0.1: a program behind it finds the hosts of a test.
func StartProxy(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(tunnel))
	t.Cleanup(server.Close)
	return server.URL
}

// tunnel is CONNECT. A tunnel ends when either side does.
func tunnel(w http.ResponseWriter, r *http.Request) {
	_, port, err := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || err != nil {
		http.Error(w, "for CONNECT only", http.StatusMethodNotAllowed)
		return
	}
	there, err := (&net.Dialer{Timeout: Patience}).DialContext(r.Context(), "tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	here, early, err := http.NewResponseController(w).Hijack()
	if err != nil {
		there.Close()
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		defer there.Close()
		_, _ = io.Copy(there, early)
	}()
	defer here.Close()
	_, _ = io.Copy(here, there)
}
