package spool

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// MaxRecord is the most bytes of one record's payload.
const MaxRecord = 16 << 20

const headerSize = 20

var (
	magic      = []byte("MLSP")
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	order      = binary.LittleEndian
)

// appendHeader writes the header of a payload.
func appendHeader(b, payload []byte, items int) []byte {
	start := len(b)
	b = append(b, magic...)
	b = order.AppendUint32(b, uint32(len(payload))) //nolint:gosec // At most MaxRecord.
	b = order.AppendUint32(b, uint32(items))        //nolint:gosec // Append has checked it.
	b = order.AppendUint32(b, crc32.Checksum(payload, castagnoli))
	return order.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

// header is what a record begins with.
type header struct {
	length, items int
	sum           uint32
}

// readHeader is false for bytes that are no header.
func readHeader(b []byte) (header, bool) {
	if len(b) < headerSize || !bytes.HasPrefix(b, magic) || crc32.Checksum(b[:headerSize-4], castagnoli) != order.Uint32(b[headerSize-4:]) {
		return header{}, false
	}
	h := header{length: int(order.Uint32(b[4:])), items: int(order.Uint32(b[8:])), sum: order.Uint32(b[12:])}
	return h, h.length <= MaxRecord
}

// find looks for the first whole record in b, which more bytes follow that are not read yet. The payload is a part of b, skipped are the
// bytes before it. Without one, skipped are the bytes that belong to no record whatever follows: all of b, or those before a header whose
// payload goes on behind b.
func find(b []byte, more int64) (payload []byte, items, skipped int) {
	for at := 0; ; at++ {
		next := bytes.Index(b[at:], magic)
		if next < 0 {
			return nil, 0, len(b)
		}
		at += next
		h, ok := readHeader(b[at:])
		rest := len(b) - at - headerSize
		switch {
		case !ok:
		case h.length > rest && int64(h.length) <= int64(rest)+more:
			return nil, 0, at
		case h.length <= rest:
			payload := b[at+headerSize:][:h.length:h.length]
			if crc32.Checksum(payload, castagnoli) == h.sum {
				return payload, h.items, at
			}
		}
	}
}
