//go:build long

package chaos_test

import (
	"context"
	"net"
	"os/exec"
	"testing"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/test/parts"
)

// F14: a flood of connections takes all of the process's file descriptors. It lives,
// and serves as soon as they are gone.
func TestNoFileDescriptorsLeft(t *testing.T) {
	g := gatewaytest.Start(t, gatewaytest.Options{})
	w := &world{t: t, es: g}
	address := parts.Loopback(parts.FreePort(t))
	cmd := exec.CommandContext(context.Background(), "sh", "-c", `ulimit -n 64 && exec "$0" "$@"`, parts.Build(t, "./cmd/gateway"), "serve", "--config", g.Ready.File)
	cmd.Env = append(cmd.Environ(), "ESGATEWAY_LISTEN_ADDRESS="+address, "ESGATEWAY_SESSIONS_STORE_PATH="+t.TempDir()+"/sessions.db")
	p := parts.Start(t, "gateway", cmd)
	well := func(ctx context.Context) error { return w.answers(ctx, address) }
	p.Ready(t, well)
	for range 3 {
		var all []net.Conn
		for range 200 {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
			if err != nil {
				t.Fatal(err) // the system's queue takes them
			}
			all = append(all, conn)
		}
		for _, conn := range all {
			conn.Close()
		}
		p.Ready(t, well)
	}
	select {
	case <-p.Ended():
		t.Error("the process has ended")
	default:
	}
}
