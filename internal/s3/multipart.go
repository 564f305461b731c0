package s3

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// S3's limits of an upload in parts. Only the last part may be shorter than MinPartBytes.
const (
	MinPartBytes = 5 << 20
	MaxParts     = 10000
)

// Upload is an upload in parts, which may be sent side by side. Nothing can be read at its address before [Upload.Complete], and its
// parts take room on the server until Complete or [Upload.Abort].
type Upload struct {
	client  *Client
	address Address
	id      string
}

// StartUpload begins an upload in parts. contentType may be empty.
func (c *Client) StartUpload(ctx context.Context, a Address, contentType string) (*Upload, error) {
	in := &awss3.CreateMultipartUploadInput{Bucket: &a.Bucket, Key: &a.Key}
	if contentType != "" {
		in.ContentType = &contentType
	}
	out, err := c.s3.CreateMultipartUpload(ctx, in)
	if err != nil {
		return nil, c.failure("start upload", a.String(), err)
	}
	return &Upload{client: c, address: a, id: aws.ToString(out.UploadId)}, nil
}

// Part sends a part, numbered from 1, and returns its ETag. The server verifies the bytes by the checksum that the SDK sends along. The
// content is read twice or more.
func (u *Upload) Part(ctx context.Context, number int, content io.ReadSeeker, size int64) (etag string, err error) {
	n := int32(number) //nolint:gosec // at most MaxParts
	out, err := u.client.s3.UploadPart(ctx, &awss3.UploadPartInput{
		Bucket: &u.address.Bucket, Key: &u.address.Key, UploadId: &u.id, PartNumber: &n, Body: content, ContentLength: &size,
	})
	if err != nil {
		return "", u.client.failure("put part", u.address.String(), err)
	}
	return aws.ToString(out.ETag), nil
}

// Complete makes the object of its parts, given the ETags of parts 1, 2, 3, …, and returns the object's ETag.
func (u *Upload) Complete(ctx context.Context, etags []string) (etag string, err error) {
	parts := make([]types.CompletedPart, len(etags))
	for i := range etags {
		n := int32(i + 1) //nolint:gosec // at most MaxParts
		parts[i] = types.CompletedPart{PartNumber: &n, ETag: &etags[i]}
	}
	out, err := u.client.s3.CompleteMultipartUpload(ctx, &awss3.CompleteMultipartUploadInput{
		Bucket: &u.address.Bucket, Key: &u.address.Key, UploadId: &u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil {
		return "", u.client.failure("complete upload", u.address.String(), err)
	}
	return aws.ToString(out.ETag), nil
}

// Abort throws the parts away.
func (u *Upload) Abort(ctx context.Context) error {
	_, err := u.client.s3.AbortMultipartUpload(ctx, &awss3.AbortMultipartUploadInput{Bucket: &u.address.Bucket, Key: &u.address.Key, UploadId: &u.id})
	if err != nil {
		return u.client.failure("abort upload", u.address.String(), err)
	}
	return nil
}
