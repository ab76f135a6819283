//go:build long

package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// p99 asks for a page n times, one after the other, and returns the time that the
// slowest but one in a hundred took.
func p99(t *testing.T, client *http.Client, address, host string, n int) time.Duration {
	t.Helper()
	var all []time.Duration
	for range n {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		began := time.Now()
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("a good client got %s", resp.Status)
		}
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return all[len(all)*99/100]
}

// unharmed lets a good client work before and during a flood. In a test with the race
// detector on two cores the limit of twice the usual time has a floor.
func unharmed(t *testing.T, ask func(n int) time.Duration, flood func()) {
	t.Helper()
	before := ask(1000)
	flood()
	during := ask(1000)
	t.Logf("measured: %s: p99 of a good client %s before, %s during", t.Name(), before, during)
	if during > max(2*before, 50*time.Millisecond) {
		t.Errorf("a good client's p99 went from %s to %s", before, during)
	}
}

// F10: 2,000 clients send a byte of a head now and then. All are cut off in the time
// that a head has, and good clients do not notice.
func TestSlowHeadsStarveNobody(t *testing.T) {
	g := gatewaytest.Start(t, gatewaytest.Options{})
	const clients = 2000
	var open sync.WaitGroup
	began := time.Now()
	unharmed(t, func(n int) time.Duration {
		return p99(t, http.DefaultClient, g.URL.String()+"/public", g.URL.Host, n)
	}, func() {
		for range clients {
			conn := dialed(t, g)
			open.Go(func() {
				for _, b := range []byte("GET /public HTTP/1.1\r\nHost: localhost\r\nA: bbbbbbbbbbbbbbbbbbbbbbbb") {
					if _, err := conn.Write([]byte{b}); err != nil {
						return
					}
					if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
						return
					}
					if _, err := conn.Read(make([]byte, 1)); !timedOut(err) {
						return // it is closed
					}
				}
				t.Error("a head took half a minute")
			})
		}
	})
	open.Wait()
	t.Logf("measured: %d slow clients were gone after %s", clients, time.Since(began).Round(time.Second))
}

func timedOut(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// F13: clients that say nothing, or something that is no TLS.
func TestSilentTLSClientsStarveNobody(t *testing.T) {
	g := gatewaytest.Start(t, gatewaytest.Options{Listen: ", header_time: 3s"})
	front := overTLS(t, g)
	var open sync.WaitGroup
	unharmed(t, func(n int) time.Duration {
		return p99(t, front.Client(), front.URL+"/public", g.URL.Host, n)
	}, func() {
		for i := range 1000 {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", front.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			if i%2 == 0 {
				_, _ = conn.Write([]byte("\x16\x03\x01\x02")) // the beginning of a ClientHello; garbage would be refused at once
			}
			open.Go(func() { ends(t, conn) })
		}
	})
	open.Wait()
}

// F16: streams that are opened and reset, and headers without end, on one connection;
// others keep their latency, and memory stays.
func TestHTTP2FloodsStarveNobody(t *testing.T) {
	g := gatewaytest.Start(t, gatewaytest.Options{})
	front := overTLS(t, g)
	for name, flood := range map[string]func(t *testing.T, f *http2.Framer){
		"rapid reset":        rapidReset,
		"CONTINUATION flood": continuations,
		"settings and pings": settingsAndPings,
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			unharmed(t, func(n int) time.Duration {
				return p99(t, front.Client(), front.URL+"/public", g.URL.Host, n)
			}, func() {
				conn := tlsConn(t, front.Listener.Addr().String(), front.Client().Transport.(*http.Transport).TLSClientConfig)
				send(t, conn, "%s", http2.ClientPreface)
				framer := http2.NewFramer(conn, conn)
				if err := framer.WriteSettings(); err != nil {
					t.Fatal(err)
				}
				go func() { // what the server says is of no interest, but must be taken
					for {
						if _, err := framer.ReadFrame(); err != nil {
							return
						}
					}
				}()
				go flood(t, http2.NewFramer(conn, nil))
			})
			runtime.GC()
			runtime.ReadMemStats(&after)
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
				t.Errorf("memory grew by %d MiB", grown>>20)
			}
		})
	}
}

func tlsConn(t *testing.T, address string, config *tls.Config) net.Conn {
	t.Helper()
	dialer := tls.Dialer{Config: config.Clone()}
	dialer.Config.NextProtos = []string{"h2"}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// rapidReset ends when the server has had enough.
func rapidReset(t *testing.T, f *http2.Framer) {
	t.Helper()
	head := headers("/public")
	for id := uint32(1); id < 100_000; id += 2 {
		if f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: head, EndStream: true, EndHeaders: true}) != nil ||
			f.WriteRSTStream(id, http2.ErrCodeCancel) != nil {
			return
		}
	}
}

func continuations(t *testing.T, f *http2.Framer) {
	t.Helper()
	if f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: headers("/public")}) != nil {
		return
	}
	var more bytes.Buffer
	encoder := hpack.NewEncoder(&more)
	for i := range 10_000 {
		more.Reset()
		_ = encoder.WriteField(hpack.HeaderField{Name: fmt.Sprintf("x-%d", i), Value: "y", Sensitive: true}) // a bytes.Buffer never fails
		if f.WriteContinuation(1, false, more.Bytes()) != nil {
			return
		}
	}
}

func settingsAndPings(t *testing.T, f *http2.Framer) {
	t.Helper()
	for range 50_000 {
		if f.WriteSettings() != nil || f.WritePing(false, [8]byte{}) != nil {
			return
		}
	}
}

func headers(path string) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range []hpack.HeaderField{
		{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "localhost"}, {Name: ":path", Value: path},
	} {
		_ = encoder.WriteField(field) // a bytes.Buffer never fails
	}
	return block.Bytes()
}
