package s3

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Address names an object: its bucket and its key, which holds no leading slash by itself.
type Address struct{ Bucket, Key string }

// String returns s3://bucket/key, as [ParseAddress] reads it.
func (a Address) String() string { return "s3://" + a.Bucket + "/" + a.Key }

// bucketName is Amazon's rule for names of general purpose buckets, without its list of reserved prefixes.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// maxKeyBytes is the longest key S3 takes.
const maxKeyBytes = 1024

// ParseAddress reads s3://bucket/key. The key is everything after the bucket's slash, as it stands: nothing in it is decoded,
// since "%", "?" and "#" are ordinary characters of a key.
func ParseAddress(uri string) (Address, error) {
	rest, ok := strings.CutPrefix(uri, "s3://")
	if !ok {
		return Address{}, fmt.Errorf("%q is not an address of an object; write s3://bucket/key", uri)
	}
	bucket, key, _ := strings.Cut(rest, "/")
	if err := checkBucket(bucket); err != nil {
		return Address{}, fmt.Errorf("%q: %w", uri, err)
	}
	switch {
	case key == "":
		return Address{}, fmt.Errorf("%q names a bucket and no object; write s3://bucket/key", uri)
	case len(key) > maxKeyBytes:
		return Address{}, fmt.Errorf("the key of %q… is %d bytes long; S3 takes %d", uri[:64], len(key), maxKeyBytes)
	case !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl):
		return Address{}, fmt.Errorf("the key of %q holds a control character or is not UTF-8", uri)
	}
	return Address{Bucket: bucket, Key: key}, nil
}

func checkBucket(bucket string) error {
	if !bucketName.MatchString(bucket) || strings.Contains(bucket, "..") {
		return fmt.Errorf("%q is not a bucket name: 3 to 63 of a-z, 0-9, '-' and '.', starting and ending with a letter or digit", bucket)
	}
	return nil
}
