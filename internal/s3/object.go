package s3

import (
	"context"
	"crypto/md5" // what servers make ETags of; it identifies, it does not protect
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Info describes an object.
type Info struct {
	Size int64 // bytes
	// ETag changes with the content. Of an object that was put in one piece, without encryption by the server, it is the MD5 in hex and
	// in double quotes.
	ETag string
	// SHA256 is the checksum in base64 that the object was put with; empty when it was put with another or with none.
	SHA256       string
	ContentType  string
	LastModified time.Time
	// Metadata is what the object was put with, by names in lower case.
	Metadata map[string]string

	verifier func() *Verifier
}

// Verifier gives what to check the object's content with, or nil when the server keeps no checksum of the whole.
func (i Info) Verifier() *Verifier {
	if i.verifier == nil {
		return nil
	}
	return i.verifier()
}

// Holds reports that the object is known to hold exactly these bytes: by its SHA-256 where it has one, else by the MD5 that an ETag
// may be. False also means that neither tells.
func (i Info) Holds(content []byte) bool {
	if i.Size != int64(len(content)) {
		return false
	}
	if i.SHA256 != "" {
		sum := sha256.Sum256(content)
		return i.SHA256 == base64.StdEncoding.EncodeToString(sum[:])
	}
	sum := md5.Sum(content)
	return strings.EqualFold(strings.Trim(i.ETag, `"`), hex.EncodeToString(sum[:]))
}

// Object is an object being read. Close it.
type Object struct {
	Info
	io.ReadCloser
}

// Get opens an object for reading. An object of more than maxBytes bytes is refused with [ErrTooBig] before anything of it is
// read; 0 means no limit. Where the server sends a checksum the SDK verifies it, and the last Read fails when it differs.
// The body is not retried: it fails when the connection is cut, and the caller may Get again.
func (c *Client) Get(ctx context.Context, a Address, maxBytes int64) (*Object, error) {
	out, err := c.s3.GetObject(ctx, &awss3.GetObjectInput{Bucket: &a.Bucket, Key: &a.Key, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		return nil, c.failure("get", a.String(), err)
	}
	info := Info{
		Size: aws.ToInt64(out.ContentLength), ETag: aws.ToString(out.ETag), SHA256: aws.ToString(out.ChecksumSHA256),
		ContentType: aws.ToString(out.ContentType), LastModified: aws.ToTime(out.LastModified),
	}
	if maxBytes > 0 && (out.ContentLength == nil || info.Size > maxBytes) {
		_ = out.Body.Close()
		return nil, &Error{Op: "get", Target: a.String(), Err: fmt.Errorf("%w: %d bytes, more than %d", ErrTooBig, info.Size, maxBytes)}
	}
	return &Object{Info: info, ReadCloser: &body{ReadCloser: out.Body, client: c, address: a}}, nil
}

// GetRange opens length bytes of an object from offset on, of which there must be at least one. It fails when the object's ETag is no longer
// the given one: parts of two objects make none. The server's checksum is of the whole and not verified here; see [Info.Verifier].
func (c *Client) GetRange(ctx context.Context, a Address, offset, length int64, etag string) (io.ReadCloser, error) {
	span := fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)
	out, err := c.s3.GetObject(ctx, &awss3.GetObjectInput{Bucket: &a.Bucket, Key: &a.Key, Range: &span, IfMatch: &etag})
	if err != nil {
		return nil, c.failure("get", a.String(), err)
	}
	if got := aws.ToInt64(out.ContentLength); got != length {
		_ = out.Body.Close()
		return nil, &Error{Op: "get", Target: a.String(), Err: fmt.Errorf("the server answered %s with %d bytes", span, got)}
	}
	return &body{ReadCloser: out.Body, client: c, address: a}, nil
}

// body turns failures of reading into this package's errors.
type body struct {
	io.ReadCloser
	client  *Client
	address Address
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.client.failure("read", b.address.String(), err)
	}
	return n, err
}

// Head describes an object without reading it.
func (c *Client) Head(ctx context.Context, a Address) (Info, error) {
	out, err := c.s3.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &a.Bucket, Key: &a.Key, ChecksumMode: types.ChecksumModeEnabled})
	if err == nil {
		return Info{
			Size: aws.ToInt64(out.ContentLength), ETag: aws.ToString(out.ETag), SHA256: aws.ToString(out.ChecksumSHA256),
			ContentType: aws.ToString(out.ContentType), LastModified: aws.ToTime(out.LastModified), Metadata: out.Metadata,
			verifier: func() *Verifier {
				sums := checksums{out.ChecksumSHA256, out.ChecksumCRC64NVME, out.ChecksumCRC32C, out.ChecksumCRC32}
				if v := sums.verifier(out.ChecksumType); v != nil {
					return v
				}
				return ETagVerifier(aws.ToString(out.ETag), string(out.ServerSideEncryption)+aws.ToString(out.SSECustomerAlgorithm))
			},
		}, nil
	}
	failure := c.failure("head", a.String(), err)
	if errors.Is(failure, ErrNoSuchKey) { // an answer without a body does not tell what is missing
		if bucketErr := c.headBucket(ctx, a.Bucket); errors.Is(bucketErr, ErrNoSuchBucket) {
			return Info{}, bucketErr
		}
	}
	return Info{}, failure
}

// Put writes an object, replacing what has its key, and lets the server verify the bytes by their SHA-256. The content runs
// from the reader's current position to its end; it is read twice or more, for the checksum and for each attempt.
// contentType may be empty.
func (c *Client) Put(ctx context.Context, a Address, content io.ReadSeeker, contentType string) (Info, error) {
	return c.PutWith(ctx, a, content, contentType, nil)
}

// PutWith is Put with metadata, whose names and values are ASCII, at most 2 KB in all.
func (c *Client) PutWith(ctx context.Context, a Address, content io.ReadSeeker, contentType string, metadata map[string]string) (Info, error) {
	size, checksum, err := measure(content)
	if err != nil {
		return Info{}, &Error{Op: "put", Target: a.String(), Err: fmt.Errorf("read the content: %w", err)}
	}
	in := &awss3.PutObjectInput{
		Bucket: &a.Bucket, Key: &a.Key, Body: content, ContentLength: &size,
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: &checksum, Metadata: metadata,
	}
	if contentType != "" {
		in.ContentType = &contentType
	}
	out, err := c.s3.PutObject(ctx, in)
	if err != nil {
		return Info{}, c.failure("put", a.String(), err)
	}
	return Info{Size: size, ETag: aws.ToString(out.ETag), SHA256: checksum, ContentType: contentType, Metadata: metadata}, nil
}

// measure returns the length and the base64 SHA-256 of the rest of content, and seeks back.
func measure(content io.ReadSeeker) (int64, string, error) {
	start, err := content.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, "", err
	}
	sum := sha256.New()
	size, err := io.Copy(sum, content)
	if err != nil {
		return 0, "", err
	}
	if _, err := content.Seek(start, io.SeekStart); err != nil {
		return 0, "", err
	}
	return size, base64.StdEncoding.EncodeToString(sum.Sum(nil)), nil
}
