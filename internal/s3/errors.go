package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// What errors.Is finds in an [*Error].
var (
	// ErrNoSuchKey means that the bucket holds no object of that key.
	ErrNoSuchKey = errors.New("no such object; keys are matched exactly, upper and lower case included")
	// ErrNoSuchBucket means that the server has no such bucket.
	ErrNoSuchBucket = errors.New("no such bucket; check its name and the endpoint (MLFLOW_S3_ENDPOINT_URL)")
	// ErrAccessDenied means that the server knows the caller's keys not, or does not allow them this.
	ErrAccessDenied = errors.New("access denied; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they are allowed on the bucket")
	// ErrNoCredentials means that no keys were found to sign with.
	ErrNoCredentials = errors.New("no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
	// ErrTooBig means that the object is larger than the caller's limit.
	ErrTooBig = errors.New("too big")
)

// Error is a failed call.
type Error struct {
	Op        string // get, read, head, put, create, find
	Target    string // s3://bucket/key or s3://bucket
	Status    int    // HTTP status; 0 when there was no answer
	Code      string // S3's error code, e.g. NoSuchKey; empty when there was none
	RequestID string
	Err       error // one of the sentinels, or the cause
}

// Error returns one line: what was tried, why it failed, what to do, and the server's code.
func (e *Error) Error() string {
	line := e.Op + " " + e.Target + ": " + e.Err.Error()
	if e.Code != "" {
		line += " (" + e.Code + ")"
	}
	return strings.ReplaceAll(line, "\n", " ")
}

// Unwrap returns the sentinel or the cause.
func (e *Error) Unwrap() error { return e.Err }

// accessCodes are the codes by which servers say that the keys are wrong or not allowed this.
var accessCodes = map[string]bool{
	"AccessDenied": true, "InvalidAccessKeyId": true, "SignatureDoesNotMatch": true, "ExpiredToken": true, "InvalidToken": true,
	"AllAccessDisabled": true, "AccountProblem": true, "Forbidden": true, "BucketAlreadyExists": true,
}

// failure classifies an error of the SDK.
func (c *Client) failure(op, target string, err error) *Error {
	e := &Error{Op: op, Target: target}
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		e.Status, e.RequestID = response.HTTPStatusCode(), response.ServiceRequestID()
	}
	message := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		e.Code, message = api.ErrorCode(), api.ErrorMessage()
	}
	switch {
	case e.Code == "NoSuchBucket":
		e.Err = ErrNoSuchBucket
	case e.Code == "NoSuchKey", e.Status == http.StatusNotFound:
		e.Err = ErrNoSuchKey
	case accessCodes[e.Code], e.Status == http.StatusForbidden, e.Status == http.StatusUnauthorized:
		e.Err = ErrAccessDenied
	case errors.Is(err, ErrNoCredentials):
		e.Err = ErrNoCredentials
	case e.Status == http.StatusMovedPermanently, e.Code == "AuthorizationHeaderMalformed":
		e.Err = fmt.Errorf("the bucket is not in region %s; set AWS_REGION", c.region)
	case e.Code != "":
		e.Err = fmt.Errorf("the server answered %d: %s", e.Status, message)
	default:
		e.Err = c.transportCause(err)
	}
	return e
}

// transportCause finds, in the SDK's long chain, the sentence that says why there was no answer.
func (c *Client) transportCause(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	}
	server := cmp.Or(c.endpoint, "the S3 server")
	if timeout, ok := errors.AsType[timeoutError](err); ok && timeout.Timeout() {
		return fmt.Errorf("%s does not answer: %w", server, timeout)
	}
	if request, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("cannot reach %s: %w", server, request.Err)
	}
	return err
}

// timeoutError is what both net and the SDK mark the end of a wait with; net.Error asks for more than the SDK's has.
type timeoutError interface {
	error
	Timeout() bool
}
