package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/logs"
	"github.com/esgateway/esgateway/internal/metrics"
	"github.com/esgateway/esgateway/internal/plugins"
	"github.com/esgateway/esgateway/internal/server"
)

const headerTime = 10 * time.Second

// serve starts everything, in the order in which one needs the other, and ends
// it in the opposite order.
func serve(ctx context.Context, s settings, out io.Writer, now func() time.Time) error {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()

	listeners, err := s.listen(ctx)
	if err != nil {
		return err
	}
	h, err := newHouse(s, now)
	if err != nil {
		return err
	}
	logged, err := os.OpenFile(filepath.Join(s.dir, "gateway.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = logged.Close() }() // written line by line
	background := func(l net.Listener, srv *http.Server) {
		srv.ReadHeaderTimeout = headerTime
		running.Go(func() { _ = srv.Serve(l) }) // ends with Close below
		running.Go(func() {
			<-ctx.Done()
			_ = srv.Close()
		})
	}
	background(h.overTLS(listeners.elasticsearch), h.es.Server())
	background(listeners.idp, &http.Server{Handler: h.idp})
	background(listeners.op, &http.Server{Handler: h.op})
	front := h.front()
	background(tls.NewListener(listeners.front, front.TLSConfig), front)
	background(listeners.app, &http.Server{Handler: h.application()})

	if h.apiKey, err = h.newKey(ctx); err != nil {
		return err
	}
	ready, edited, err := h.configure()
	if err != nil {
		return err
	}
	log := slog.New(logs.NewECSHandler(logged, slog.LevelInfo))
	lasting := server.Lasting{Metrics: metrics.New(), Audit: audit.New(log), Log: log, Now: now}
	return server.Run(ctx, ready, lasting, func(server.Addresses) { h.greet(out, edited) })
}

// configure writes the file, unless somebody has edited it, and reads it as the
// gateway does.
func (h *house) configure() (ready *config.Ready, edited bool, err error) {
	edited, err = h.writeFiles()
	if err != nil {
		return nil, false, err
	}
	ready, err = config.Load(h.file("gateway.yaml"), nil, plugins.Plugins())
	if err != nil {
		err = fmt.Errorf("%w\nStart with -reset to have the demo's own configuration again", err)
	}
	return ready, edited, err
}

// listeners are opened before anything starts, so that a busy port is the first
// thing that is said.
type listeners struct{ elasticsearch, idp, op, front, app net.Listener }

func (s settings) listen(ctx context.Context) (l listeners, err error) {
	var config net.ListenConfig
	var opened []net.Listener
	defer func() {
		if err == nil {
			return
		}
		for _, one := range opened {
			_ = one.Close() // the error that matters is the one we have
		}
	}()
	open := func(name string, port int) net.Listener {
		if err != nil {
			return nil
		}
		one, failed := config.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if failed != nil {
			err = busy(name, port, failed)
			return nil
		}
		opened = append(opened, one)
		return one
	}
	l = listeners{open("elasticsearch", s.elasticsearch), open("idp", s.idp), open("op", s.op), open("front", s.front), open("app", s.app)}
	for name, port := range map[string]int{"gateway": s.gateway, "operations": s.operations} {
		if probe := open(name, port); probe != nil { // the gateway opens its own
			opened = opened[:len(opened)-1]
			_ = probe.Close()
		}
	}
	return l, err
}

// busy says which port is taken and how to choose another.
func busy(name string, port int, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d: %w", port, err)
	}
	return fmt.Errorf("port %d is in use by another program; stop that, or choose another port: make demo ARGS=\"-%s %d\"", port, name, port+100)
}
