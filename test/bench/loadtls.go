package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// loadTLS loads an address as wrk does: each connection is kept and sends the next
// request when the answer to the last one has come. wrk has no client certificates,
// ab speaks HTTP/1.0, and what is made of net/http's client costs as much as what is
// measured, which on one machine hides half of a difference. So this writes the same
// bytes again and again, and reads no more of an answer than it must.
func (b *bench) loadTLS(ctx context.Context, p *process, connections int, who client) (result, error) {
	address := p.address
	ctx, cancel := context.WithTimeout(ctx, b.each+30*time.Second)
	defer cancel()
	dialer := tls.Dialer{Config: who.trust}
	var wires []*wire
	defer func() {
		for _, w := range wires {
			w.conn.Close()
		}
	}()
	for i := range connections {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return result{}, err
		}
		request := "GET / HTTP/1.1\r\nHost: " + hostOf(address) + "\r\n"
		if len(who.cookies) > 0 {
			request += "Cookie: " + who.cookies[i%len(who.cookies)] + "\r\n"
		}
		wires = append(wires, &wire{conn: conn, request: []byte(request + "\r\n"), answers: bufio.NewReader(conn)})
	}
	defer context.AfterFunc(ctx, func() { // whoever waits for an answer waits no longer
		for _, w := range wires {
			w.conn.Close()
		}
	})()
	if _, err := drive(wires, time.Second); err != nil {
		return result{}, err
	}
	return p.costs(func() (result, error) { return drive(wires, b.each) }, b.each)
}

// wire is a connection under load.
type wire struct {
	conn    net.Conn
	request []byte
	answers *bufio.Reader
	took    []time.Duration
	err     error
}

// drive loads all connections for some time.
func drive(wires []*wire, d time.Duration) (result, error) {
	begun := time.Now()
	end := begun.Add(d)
	var running sync.WaitGroup
	for _, w := range wires {
		w.took = w.took[:0]
		running.Go(func() {
			for at := time.Now(); at.Before(end) && w.err == nil; {
				w.err = w.ask()
				now := time.Now()
				w.took = append(w.took, now.Sub(at))
				at = now
			}
		})
	}
	running.Wait()
	lasted := time.Since(begun)
	var all []time.Duration
	for _, w := range wires {
		if w.err != nil {
			return result{}, w.err
		}
		all = append(all, w.took...)
	}
	slices.Sort(all)
	part := func(percent int) string {
		return fmt.Sprintf("%.2fms", all[(len(all)-1)*percent/100].Seconds()*1000)
	}
	return result{rate: float64(len(all)) / lasted.Seconds(), p50: part(50), p99: part(99)}, nil
}

// ask sends the request and reads the whole answer. One that is not good, or that does
// not say how long it is, is an error.
func (w *wire) ask() error {
	if _, err := w.conn.Write(w.request); err != nil {
		return err
	}
	status, err := w.answers.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		text := string(status)
		rest, _ := io.ReadAll(io.LimitReader(w.answers, int64(w.answers.Buffered())))
		return errors.New(text + string(rest))
	}
	length := -1
	for {
		line, err := w.answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == len("\r\n") {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("an answer does not say how long it is")
	}
	_, err = w.answers.Discard(length)
	return err
}
