package certs

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// maxFile bounds a file: the largest revocation lists in use have some 20 MiB.
const maxFile = 64 << 20

// A file as it was read.
type file struct {
	name string
	text []byte
}

// Source is what files hold, as they were when they were last good.
type Source[T any] struct {
	names []string
	parse func([]file) (T, error)
	now   func() time.Time

	current atomic.Pointer[version[T]]
	status  atomic.Pointer[Status]

	mu     sync.Mutex // guards the rest: one poll at a time
	stamps []os.FileInfo
	sum    [sha256.Size]byte // of what was read last
	readAt time.Time
}

type version[T any] struct {
	value  T
	number uint64
}

// Status is how a Source is doing.
type Status struct {
	// Loaded is when the value in use was read.
	Loaded time.Time
	// Err is why what the files hold now is not in use; nil: it is.
	Err error
	// Since is when Err was met first.
	Since time.Time
}

// open reads the files for the first time.
func open[T any](now func() time.Time, names []string, parse func([]file) (T, error)) (*Source[T], error) {
	if len(names) == 0 {
		return nil, errors.New("no file is named")
	}
	s := &Source[T]{names: names, parse: parse, now: now}
	s.status.Store(&Status{})
	if _, err := s.Poll(); err != nil {
		return nil, err
	}
	return s, nil
}

// Value is what is in use. It is immutable and the same for everybody who asks between
// two changes.
func (s *Source[T]) Value() T { return s.current.Load().value }

// Version is another number whenever Value is another value.
func (s *Source[T]) Version() uint64 { return s.current.Load().number }

// Status says whether the files are good, and since when they are not.
func (s *Source[T]) Status() Status { return *s.status.Load() }

// Poll looks whether the files have changed and if so reads them. changed reports
// whether Value is new. What is wrong is tried again at each poll, so that a file that
// was half written when it was read does no harm.
func (s *Source[T]) Poll() (changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	before := s.stat()
	if s.status.Load().Err == nil && s.current.Load() != nil && s.same(before) {
		return false, nil
	}
	files, err := s.readAll()
	if err != nil {
		return false, s.fail(now, err)
	}
	sum := hash(files)
	if sum == s.sum && s.current.Load() != nil {
		s.stamps, s.readAt = before, now
		return false, nil // touched: what was wrong has no sum (fail)
	}
	value, err := s.parse(files)
	s.stamps, s.sum, s.readAt = before, sum, now
	if err != nil {
		return false, s.fail(now, err)
	}
	next := &version[T]{value: value, number: 1}
	if last := s.current.Load(); last != nil {
		next.number = last.number + 1
	}
	s.current.Store(next)
	s.status.Store(&Status{Loaded: now})
	return true, nil
}

// fail notes what is wrong, and forgets what was read: it is read again next time,
// since what is right may depend on others (the issuer of a list), too.
func (s *Source[T]) fail(now time.Time, err error) error {
	status := s.Status()
	if status.Err == nil {
		status.Since = now
	}
	status.Err = err
	s.status.Store(&status)
	s.sum = [sha256.Size]byte{}
	return err
}

// racy is how coarse the clocks of file systems are: a file that was changed so
// shortly before it was read may have been changed once more without another time.
const racy = 2 * time.Second

// same reports whether the files are those that were read last.
func (s *Source[T]) same(now []os.FileInfo) bool {
	if len(s.stamps) != len(now) {
		return false
	}
	for i, last := range s.stamps {
		if last == nil || now[i] == nil || !os.SameFile(last, now[i]) || last.Size() != now[i].Size() ||
			!last.ModTime().Equal(now[i].ModTime()) || last.ModTime().After(s.readAt.Add(-racy)) {
			return false
		}
	}
	return true
}

// stat follows links: Kubernetes changes a mounted secret by changing a link.
func (s *Source[T]) stat() []os.FileInfo {
	infos := make([]os.FileInfo, len(s.names))
	for i, name := range s.names {
		infos[i], _ = os.Stat(name) // nil: reading will say why
	}
	return infos
}

func (s *Source[T]) readAll() ([]file, error) {
	var files []file
	for _, name := range s.names {
		text, err := readFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, text})
	}
	return files, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxFile:
		return nil, fmt.Errorf("%s has more than 64 MiB", name)
	case len(text) == 0:
		return nil, fmt.Errorf("%s is empty", name)
	}
	return text, nil
}

func hash(files []file) [sha256.Size]byte {
	h := sha256.New()
	for _, f := range files {
		one := sha256.Sum256(f.text)
		h.Write(one[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}
