package s3

import (
	"context"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// EnsureVersioning has a bucket keep what is replaced or deleted, and tells whether that is new.
func (c *Client) EnsureVersioning(ctx context.Context, bucket string) (changed bool, err error) {
	if err := checkBucket(bucket); err != nil {
		return false, err
	}
	now, err := c.s3.GetBucketVersioning(ctx, &awss3.GetBucketVersioningInput{Bucket: &bucket})
	if err != nil {
		return false, c.failure("read the versioning of", "s3://"+bucket, err)
	}
	if now.Status == types.BucketVersioningStatusEnabled {
		return false, nil
	}
	_, err = c.s3.PutBucketVersioning(ctx, &awss3.PutBucketVersioningInput{
		Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		return false, c.failure("switch on the versioning of", "s3://"+bucket, err)
	}
	return true, nil
}
