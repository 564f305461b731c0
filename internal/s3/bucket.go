package s3

import (
	"context"
	"errors"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// EnsureBucket makes the bucket unless it is there already and is ours, and tells whether it made it. A bucket of somebody
// else is refused with [ErrAccessDenied].
func (c *Client) EnsureBucket(ctx context.Context, bucket string) (created bool, err error) {
	if err := checkBucket(bucket); err != nil {
		return false, err
	}
	err = c.headBucket(ctx, bucket)
	if !errors.Is(err, ErrNoSuchBucket) {
		return false, err
	}
	in := &awss3.CreateBucketInput{Bucket: &bucket}
	if c.region != defaultRegion { // Amazon refuses the default region as a constraint
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(c.region)}
	}
	_, err = c.s3.CreateBucket(ctx, in)
	if _, ours := errors.AsType[*types.BucketAlreadyOwnedByYou](err); ours { // made by another process meanwhile
		return false, nil
	}
	if err != nil {
		return false, c.failure("create", "s3://"+bucket, err)
	}
	return true, nil
}

// headBucket returns nil when the bucket is there and may be used.
func (c *Client) headBucket(ctx context.Context, bucket string) error {
	_, err := c.s3.HeadBucket(ctx, &awss3.HeadBucketInput{Bucket: &bucket})
	if err == nil {
		return nil
	}
	failure := c.failure("find", "s3://"+bucket, err)
	if failure.Status == 404 {
		failure.Err = ErrNoSuchBucket
	}
	return failure
}
