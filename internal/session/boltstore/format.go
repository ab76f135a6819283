package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"

	"github.com/esgateway/esgateway/internal/session"
)

// A record is stored under its 32 bytes of key as
//
//	format  1 byte   formatOne
//	version 8 bytes  big endian, like all numbers here
//	expires 8 bytes  seconds since 1970, then
//	        4 bytes  nanoseconds
//	labels  1 byte   how many, then 32 bytes each
//	sealed  the rest, but for
//	sum     4 bytes  CRC-32C of the key and all before
//
// bbolt has no sum of its own for its pages, and the seal guards the content
// alone: a flipped bit in a version or a deadline would go unnoticed.
const (
	formatOne = 1
	fixedSize = 1 + 8 + 8 + 4 + 1
	sumSize   = crc32.Size
)

// Bounds of one record, far above what a session needs: so large a record is a
// mistake of ours, and should not fill the disk.
const (
	maxSealed = 1 << 20
	maxLabels = 64
)

var (
	errTooLarge  = errors.New("the record is too large for the store")
	errNoExpiry  = errors.New("the record has no expiry")
	errFormat    = errors.New("a record has a format that this version of the gateway does not know")
	errBadRecord = errors.New("a record cannot be read")
)

// encode returns the record as it is on disk.
func encode(k session.Key, rec session.Record) []byte {
	b := make([]byte, 0, fixedSize+len(rec.Labels)*len(session.Label{})+len(rec.Sealed)+sumSize)
	b = append(b, formatOne)
	b = binary.BigEndian.AppendUint64(b, rec.Version)
	b = binary.BigEndian.AppendUint64(b, uint64(rec.Expires.Unix()))
	b = binary.BigEndian.AppendUint32(b, uint32(rec.Expires.Nanosecond()))
	b = append(b, byte(len(rec.Labels)))
	for _, l := range rec.Labels {
		b = append(b, l[:]...)
	}
	b = append(b, rec.Sealed...)
	return binary.BigEndian.AppendUint32(b, sum(k, b))
}

// decode is the reverse of encode. The record does not keep b.
func decode(k session.Key, b []byte) (session.Record, error) {
	if len(b) < fixedSize+sumSize {
		return session.Record{}, errBadRecord
	}
	content, tail := b[:len(b)-sumSize], b[len(b)-sumSize:]
	if sum(k, content) != binary.BigEndian.Uint32(tail) {
		return session.Record{}, errBadRecord
	}
	if content[0] != formatOne {
		return session.Record{}, errFormat
	}
	rec := session.Record{
		Version: binary.BigEndian.Uint64(content[1:]),
		Expires: time.Unix(int64(binary.BigEndian.Uint64(content[9:])), int64(binary.BigEndian.Uint32(content[17:]))),
	}
	count, rest := int(content[fixedSize-1]), content[fixedSize:]
	if len(rest) < count*len(session.Label{}) {
		return session.Record{}, errBadRecord
	}
	rec.Labels = make([]session.Label, count)
	for i := range rec.Labels {
		rec.Labels[i] = session.Label(rest)
		rest = rest[len(session.Label{}):]
	}
	rec.Sealed = bytes.Clone(rest)
	return rec, nil
}

func sum(k session.Key, content []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // made once by the library
	return crc32.Update(crc32.Checksum(k[:], table), table, content)
}

// owned copies what the caller gave, as it will come back from the disk, so
// that a caller who uses its slices again changes nothing here.
func owned(rec session.Record) (session.Record, error) {
	if rec.Expires.IsZero() {
		return session.Record{}, errNoExpiry
	}
	if len(rec.Sealed) > maxSealed || len(rec.Labels) > maxLabels {
		return session.Record{}, errTooLarge
	}
	copied := session.Record{
		Version: rec.Version,
		Sealed:  bytes.Clone(rec.Sealed),
		Expires: time.Unix(rec.Expires.Unix(), int64(rec.Expires.Nanosecond())),
	}
	seen := make(map[session.Label]bool, len(rec.Labels))
	for _, l := range rec.Labels {
		if !seen[l] {
			seen[l] = true
			copied.Labels = append(copied.Labels, l)
		}
	}
	return copied, nil
}
