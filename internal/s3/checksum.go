package s3

import (
	"bytes"
	"crypto/md5" // what servers make ETags of; it identifies, it does not protect
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// ErrDamaged is what a [Verifier] finds.
var ErrDamaged = errors.New("it was damaged on its way or at its place")

// Verifier compares bytes with the checksum that the server keeps of an object. All bytes are written to it, in order; then Check tells.
type Verifier struct {
	hash.Hash
	name string
	want []byte
}

// Check returns nil when what was written has the object's checksum.
func (v *Verifier) Check() error { return v.Same(v.Sum(nil)) }

// crc64NVME is the polynomial of the checksum that the AWS tools put by default.
var crc64NVME = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// checksums are those that an answer may hold, in base64, the strongest first.
type checksums struct{ sha256, crc64, crc32c, crc32 *string }

// verifier makes one of the first checksum that there is. Checksums of checksums, which an upload in parts may leave, are no use.
func (c checksums) verifier(kind types.ChecksumType) *Verifier {
	if kind == types.ChecksumTypeComposite {
		return nil
	}
	for _, known := range []struct {
		name  string
		value *string
		make  func() hash.Hash
	}{
		{"SHA-256", c.sha256, sha256.New},
		{"CRC-64/NVME", c.crc64, func() hash.Hash { return crc64.New(crc64NVME) }},
		{"CRC-32C", c.crc32c, func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }},
		{"CRC-32", c.crc32, func() hash.Hash { return crc32.NewIEEE() }},
	} {
		if known.value == nil {
			continue
		}
		if want, err := base64.StdEncoding.DecodeString(*known.value); err == nil {
			if h := known.make(); h.Size() == len(want) {
				return &Verifier{h, known.name, want}
			}
		}
	}
	return nil
}

// ETagVerifier makes a Verifier of an ETag that is an MD5: of an object, or a part, that was put in one piece and that the server did not
// encrypt with a key of its own management (encryption is the header X-Amz-Server-Side-Encryption). It returns nil for any other ETag.
func ETagVerifier(etag, encryption string) *Verifier {
	want, ok := md5OfETag(etag)
	if !ok || strings.HasPrefix(encryption, "aws:kms") {
		return nil
	}
	return &Verifier{md5.New(), "MD5", want}
}

func md5OfETag(etag string) ([]byte, bool) {
	sum, err := hex.DecodeString(strings.Trim(etag, `"`))
	return sum, err == nil && len(sum) == md5.Size
}

// ETagOfParts is the ETag that S3 gives to an object made of parts with these ETags: the MD5 of their MD5s and their number. It returns ""
// when an ETag is not an MD5, so that nobody can know.
func ETagOfParts(etags []string) string {
	whole := md5.New()
	for _, etag := range etags {
		sum, ok := md5OfETag(etag)
		if !ok {
			return ""
		}
		_, _ = whole.Write(sum) // never fails
	}
	return `"` + hex.EncodeToString(whole.Sum(nil)) + "-" + strconv.Itoa(len(etags)) + `"`
}

// Same returns nil when a sum that was made elsewhere, by the same function, is the object's.
func (v *Verifier) Same(sum []byte) error {
	if !bytes.Equal(sum, v.want) {
		return fmt.Errorf("the content's %s is %x and the store's %x: %w", v.name, sum, v.want, ErrDamaged)
	}
	return nil
}
