package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/certs"
)

func TestABundleFollowsItsFile(t *testing.T) {
	t.Parallel()
	c, d := newClock(), newDir(t)
	one, two := certify(t, nil, "one", authority), certify(t, nil, "two", authority)
	s := d.bundle(t, c, "ca.pem", one)
	poll(t, s, false)
	version := s.Version()
	d.write(t, "ca.pem", inPEM(one, two))
	c.move(time.Minute)
	poll(t, s, true)
	if got := s.Value().Certificates(); len(got) != 2 || s.Version() == version || !s.Status().Loaded.Equal(c.Now()) {
		t.Errorf("got %d certificates, version %d, %+v", len(got), s.Version(), s.Status())
	}
	poll(t, s, false)
	if err := os.Chtimes(d.path("ca.pem"), time.Now(), time.Now().Add(-time.Hour)); err != nil { // touched, the same
		t.Fatal(err)
	}
	version = s.Version()
	if poll(t, s, false); s.Version() != version {
		t.Error("a touched file is another version")
	}
}

func TestAFileThatChangesWithinItsTimeIsSeen(t *testing.T) {
	t.Parallel()
	c, d := newClock(), newDir(t)
	one, two := certify(t, nil, "one", authority), certify(t, nil, "two", authority)
	first, second := inPEM(one), inPEM(two)
	for len(second) > len(first) {
		first = append(first, '\n')
	}
	for len(second) < len(first) {
		second = append(second, '\n')
	}
	stamp := time.Now()
	put := func(content []byte) { // in place: the same file, size and time
		if err := os.WriteFile(d.path("ca.pem"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(d.path("ca.pem"), stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
	put(first)
	s, err := certs.OpenBundle(c.Now, d.path("ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	put(second)
	if poll(t, s, true); !s.Value().Certificates()[0].Equal(two.Certificate) {
		t.Error("the change was not seen")
	}
}

func TestALinkThatIsChangedIsSeen(t *testing.T) {
	t.Parallel()
	c, d := newClock(), newDir(t)
	for i, folder := range []string{"v1", "v2"} {
		if err := os.Mkdir(d.path(folder), 0o750); err != nil {
			t.Fatal(err)
		}
		name := []string{"one", "two"}[i]
		if err := os.WriteFile(d.path(folder+"/ca.pem"), inPEM(certify(t, nil, name, authority)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to string) {
		if err := os.Symlink(to, d.path(".data")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(d.path(".data"), d.path("data")); err != nil {
			t.Fatal(err)
		}
	}
	link("v1")
	s, err := certs.OpenBundle(c.Now, d.path("data/ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	link("v2")
	if poll(t, s, true); s.Value().Certificates()[0].Subject.CommonName != "two" {
		t.Error("the change was not seen")
	}
}

// TestTheLastGoodStays: each content is wrong, and what was good goes on.
func TestTheLastGoodStays(t *testing.T) {
	t.Parallel()
	one := certify(t, nil, "one", authority)
	whole := inPEM(one, one)
	for _, tc := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty", nil, "is empty"},
		{"garbage", []byte("garbage"), "certificate 1"},
		{"cut off", whole[:len(whole)-30], "only 1 of 2 PEM blocks"},
		{"cut off in the first", whole[:30], "only 0 of 1 PEM blocks"},
		{"a key among them", append(inPEM(one), one.keyPEM(t)...), "block 2 is of another type"},
		{"a block that is no certificate", armoured("CERTIFICATE", []byte("x")), "certificate 1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c, d := newClock(), newDir(t)
			s := d.bundle(t, c, "ca.pem", one)
			d.write(t, "ca.pem", tc.content)
			c.move(time.Minute)
			since := c.Now()
			for range 2 {
				if changed, err := s.Poll(); changed || err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("poll: got %v, %v, want ... %s ...", changed, err, tc.want)
				}
				if status := s.Status(); status.Err == nil || !status.Since.Equal(since) || len(s.Value().Certificates()) != 1 {
					t.Errorf("status: %+v", status)
				}
				c.move(time.Minute)
			}
			d.write(t, "ca.pem", inPEM(one, one))
			if poll(t, s, true); s.Status().Err != nil || len(s.Value().Certificates()) != 2 {
				t.Errorf("after the repair: %+v", s.Status())
			}
			if _, err := certs.OpenBundle(c.Now, d.write(t, "other.pem", tc.content)); err == nil {
				t.Error("it is good enough at the start")
			}
		})
	}
}

func TestAFileThatIsGone(t *testing.T) {
	t.Parallel()
	c, d := newClock(), newDir(t)
	one := certify(t, nil, "one", authority)
	s := d.bundle(t, c, "ca.pem", one)
	if err := os.Remove(d.path("ca.pem")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Poll(); err == nil || len(s.Value().Certificates()) != 1 {
		t.Errorf("got %v", err)
	}
	d.write(t, "ca.pem", inPEM(one))
	if _, err := s.Poll(); err != nil || s.Status().Err != nil {
		t.Errorf("it is back: %v", err)
	}
	if _, err := certs.OpenBundle(c.Now, d.path("none.pem")); err == nil {
		t.Error("no file is a bundle")
	}
	if _, err := certs.OpenBundle(c.Now); err == nil {
		t.Error("no name is a bundle")
	}
}

func TestDERIsReadToo(t *testing.T) {
	t.Parallel()
	c, d := newClock(), newDir(t)
	one := certify(t, nil, "one", authority)
	s, err := certs.OpenBundle(c.Now, d.write(t, "ca.der", one.Raw), d.write(t, "ca.pem", append([]byte("# a comment\n"), inPEM(one)...)))
	if err != nil || len(s.Value().Certificates()) != 2 {
		t.Errorf("got %v", err)
	}
}

// TestAPairChangesTogether rewrites certificate and key one after the other, under the
// load of handshakes: none of them fails, and all that begin after the poll get the new
// certificate.
func TestAPairChangesTogether(t *testing.T) {
	t.Parallel()
	c, d := newClock(), newDir(t)
	root := certify(t, nil, "root", authority)
	server := func(c *x509.Certificate) {
		c.DNSNames, c.ExtKeyUsage = []string{"localhost"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	pair := certify(t, root, "0", server)
	s, err := certs.OpenPair(c.Now, d.write(t, "tls.crt", inPEM(pair, root)), d.write(t, "tls.key", pair.keyPEM(t)))
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.Value(), nil }}
	srv.StartTLS()
	defer srv.Close()
	trust := x509.NewCertPool()
	trust.AddCert(root.Certificate)
	shake := func() (string, error) {
		conn, err := (&tls.Dialer{NetDialer: &net.Dialer{}, Config: &tls.Config{RootCAs: trust, ServerName: "localhost"}}).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
		if err != nil {
			return "", err
		}
		defer conn.Close()
		return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName, nil
	}
	done := make(chan struct{})
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := shake(); err != nil {
					t.Errorf("a handshake under change: %v", err)
				}
			}
		})
	}
	for _, name := range []string{"1", "2", "3", "4", "5"} {
		next := certify(t, root, name, server)
		d.write(t, "tls.crt", inPEM(next, root))
		if changed, err := s.Poll(); changed || err == nil {
			t.Errorf("a certificate without its key: %v, %v", changed, err)
		}
		d.write(t, "tls.key", next.keyPEM(t))
		poll(t, s, true)
		if got, err := shake(); err != nil || got != name {
			t.Errorf("after the poll: got %q, %v, want %q", got, err, name)
		}
	}
	close(done)
	load.Wait()
}

// TestReadersAndWritersAtOnce writes a file in place, piece by piece, while it is
// polled and used: every value is one that was meant.
func TestReadersAndWritersAtOnce(t *testing.T) {
	t.Parallel()
	c, d := newClock(), newDir(t)
	one, two := certify(t, nil, "one", authority), certify(t, nil, "two", authority)
	s := d.bundle(t, c, "ca.pem", one)
	done := make(chan struct{})
	var work sync.WaitGroup
	for range 3 {
		work.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				_, _ = s.Poll() // half a file is an error, which is right
				_ = s.Status()
				if n := len(s.Value().Certificates()); n < 1 || n > 2 {
					t.Errorf("%d certificates", n)
				}
			}
		})
	}
	content := inPEM(one, two)
	for range 20 {
		f, err := os.OpenFile(d.path("ca.pem"), os.O_WRONLY|os.O_TRUNC, 0)
		if err != nil {
			t.Fatal(err)
		}
		for len(content) > 0 {
			n, err := f.Write(content[:min(100, len(content))])
			if err != nil {
				t.Fatal(err)
			}
			content = content[n:]
		}
		f.Close()
		content = inPEM(one, two)
	}
	close(done)
	work.Wait()
	if _, err := s.Poll(); err != nil || len(s.Value().Certificates()) != 2 {
		t.Errorf("in the end: %v", err)
	}
}
