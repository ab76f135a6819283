package redisstore

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/esgateway/esgateway/internal/session"
)

// A value is a head and the sealed bytes. The scripts read the first two numbers.
//
//	version  8 bytes, big-endian
//	expires  8 bytes, big-endian: Unix time in nanoseconds
//	writing  8 random bytes, other ones with each write
//	labels   1 byte: how many; then 32 bytes each
//
// The members of a label's set are key and writing, so that whoever removes what an
// earlier write has left cannot remove what a later one needs.
const (
	fixedHead = 25
	labelSize = len(session.Label{})
	keySize   = len(session.Key{})
	idSize    = 8
)

var errBadValue = errors.New("a value in Redis is not one of this version of the gateway")

// writing tells the writes of one record apart.
type writing [idSize]byte

func newWriting() (w writing) {
	_, _ = rand.Read(w[:]) // never fails: crypto/rand ends the process instead
	return w
}

func encode(rec session.Record, w writing) ([]byte, error) {
	if len(rec.Labels) > 255 {
		return nil, fmt.Errorf("%d labels are too many", len(rec.Labels))
	}
	b := make([]byte, 0, fixedHead+len(rec.Labels)*labelSize+len(rec.Sealed))
	b = binary.BigEndian.AppendUint64(b, rec.Version+1)
	b = binary.BigEndian.AppendUint64(b, uint64(max(rec.Expires.UnixNano(), 0)))
	b = append(b, w[:]...)
	b = append(b, byte(len(rec.Labels)))
	for _, l := range rec.Labels {
		b = append(b, l[:]...)
	}
	return append(b, rec.Sealed...), nil
}

// decode reads a value, or the head of one. Sealed and b share their bytes.
func decode(b []byte) (session.Record, writing, error) {
	if len(b) < fixedHead {
		return session.Record{}, writing{}, errBadValue
	}
	n := int(b[fixedHead-1])
	rest := b[fixedHead:]
	if len(rest) < n*labelSize {
		return session.Record{}, writing{}, errBadValue
	}
	rec := session.Record{
		Version: binary.BigEndian.Uint64(b),
		Expires: time.Unix(0, int64(binary.BigEndian.Uint64(b[8:]))), //nolint:gosec // written by encode, never above
	}
	for i := range n {
		rec.Labels = append(rec.Labels, session.Label(rest[i*labelSize:]))
	}
	rec.Sealed = slices.Clip(rest[n*labelSize:])
	return rec, writing(b[16:]), nil
}

func member(k session.Key, w writing) string { return string(k[:]) + string(w[:]) }

func (s *Store) recordName(k session.Key) string {
	return s.cfg.Prefix + "r:" + base64.RawURLEncoding.EncodeToString(k[:])
}

func (s *Store) labelName(l session.Label) string {
	return s.cfg.Prefix + "l:" + base64.RawURLEncoding.EncodeToString(l[:])
}
