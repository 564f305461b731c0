package s3

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Entry is one line of a [Client.List].
type Entry struct {
	// Key is the whole key; that of a folder ends with a slash.
	Key string
	// Folder says that keys begin with Key, which is no object's then.
	Folder bool
	// Size is in bytes, 0 for a folder.
	Size int64
}

// List gives what lies directly below a prefix of keys, folders being what a slash ends, in the order of the keys. A prefix of a folder ends
// with a slash itself; "" is the whole bucket. Nothing below a prefix is an empty list.
func (c *Client) List(ctx context.Context, bucket, prefix string) ([]Entry, error) {
	var entries []Entry
	err := c.pages(ctx, bucket, prefix, "/", func(page *awss3.ListObjectsV2Output) error {
		for _, folder := range page.CommonPrefixes {
			entries = append(entries, Entry{Key: aws.ToString(folder.Prefix), Folder: true})
		}
		for _, object := range page.Contents {
			entries = append(entries, Entry{Key: aws.ToString(object.Key), Size: aws.ToInt64(object.Size)})
		}
		return nil
	})
	return entries, err
}

// Delete removes an object, and tells nobody whether it was there: S3 does not.
func (c *Client) Delete(ctx context.Context, a Address) error {
	if _, err := c.s3.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &a.Bucket, Key: &a.Key}); err != nil {
		return c.failure("delete", a.String(), err)
	}
	return nil
}

// DeleteBelow removes all objects whose keys begin with a prefix, which must end with a slash so that it is a folder, and returns how
// many there were. It stops at the first failure; what is gone by then stays gone.
func (c *Client) DeleteBelow(ctx context.Context, bucket, prefix string) (deleted int, err error) {
	target := Address{bucket, prefix}.String()
	if !strings.HasSuffix(prefix, "/") {
		return 0, &Error{Op: "delete", Target: target, Err: fmt.Errorf("the prefix %q does not end with a slash: it would take its neighbours along", prefix)}
	}
	err = c.pages(ctx, bucket, prefix, "", func(page *awss3.ListObjectsV2Output) error {
		if len(page.Contents) == 0 {
			return nil
		}
		keys := make([]types.ObjectIdentifier, len(page.Contents))
		for i, object := range page.Contents {
			keys[i] = types.ObjectIdentifier{Key: object.Key}
		}
		out, err := c.s3.DeleteObjects(ctx, &awss3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: keys, Quiet: aws.Bool(true)}})
		if err != nil {
			return c.failure("delete", target, err)
		}
		if len(out.Errors) > 0 {
			first := out.Errors[0]
			return &Error{
				Op: "delete", Target: Address{bucket, aws.ToString(first.Key)}.String(), Code: aws.ToString(first.Code),
				Err: fmt.Errorf("%d of %d objects were not deleted; of this one the server says: %s", len(out.Errors), len(keys), aws.ToString(first.Message)),
			}
		}
		deleted += len(keys)
		return nil
	})
	return deleted, err
}

// pages walks over the pages of a listing.
func (c *Client) pages(ctx context.Context, bucket, prefix, delimiter string, do func(*awss3.ListObjectsV2Output) error) error {
	if err := checkBucket(bucket); err != nil {
		return err
	}
	in := &awss3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
	if delimiter != "" {
		in.Delimiter = &delimiter
	}
	for pages := awss3.NewListObjectsV2Paginator(c.s3, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return c.failure("list", Address{bucket, prefix}.String(), err)
		}
		if err := do(page); err != nil {
			return err
		}
	}
	return nil
}
