package mlflowclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"

	"mlopsgo/internal/s3"
)

// bucket is artifacts on S3, which the client reaches by itself.
type bucket struct {
	api  *api
	name string
	root string // of keys, without a slash at either end
}

// atBucket reads s3://bucket/path.
func (s *ArtifactService) atBucket(uri string) (repository, error) {
	name, root, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	root = strings.Trim(root, "/")
	if _, err := s3.ParseAddress("s3://" + name + "/" + path.Join(root, "x")); err != nil {
		return nil, invalid("the artifact URI %q: %v", uri, err)
	}
	return &bucket{api: s.api, name: name, root: root}, nil
}

func (b *bucket) at(name string) s3.Address {
	return s3.Address{Bucket: b.name, Key: strings.TrimPrefix(b.root+"/"+name, "/")}
}

// s3Error makes one of this package's errors.
func s3Error(err error) error {
	failed, ok := errors.AsType[*s3.Error](err)
	if !ok {
		return err
	}
	e := &Error{Status: failed.Status, Method: failed.Op, Path: failed.Target, RequestID: failed.RequestID, Message: failed.Err.Error()}
	switch {
	case errors.Is(failed, s3.ErrNoSuchKey), errors.Is(failed, s3.ErrNoSuchBucket):
		e.Code = CodeDoesNotExist
	case errors.Is(failed, s3.ErrAccessDenied):
		e.Code = CodePermissionDenied
	case errors.Is(failed, s3.ErrNoCredentials):
		e.Code = CodeUnauthenticated
	case failed.Status == 0:
		e.Message, e.Err = "", failed.Err
	default:
		e.Code = codeOf(failed.Status)
	}
	return e
}

// put stores small files whole, and others in parts.
func (b *bucket) put(ctx context.Context, name string, c content, t *transfer) error {
	client, err := b.api.storage.s3Client(ctx)
	if err != nil {
		return err
	}
	length := t.UploadPart
	if c.size > 0 {
		length = partSize(length, c.size)
	}
	next, whole, err := b.cut(&c, length)
	if err != nil {
		return fmt.Errorf("reading artifact %s: %w", name, err)
	}
	if whole != nil {
		defer whole.release()
		if _, err := client.Put(ctx, b.at(name), whole.content, ""); err != nil {
			return s3Error(err)
		}
		t.moved(whole.size)
		return nil
	}
	upload, err := client.StartUpload(ctx, b.at(name), "")
	if err != nil {
		return s3Error(err)
	}
	return uploadParts(ctx, &bucketUpload{upload, client, b.at(name), &t.meter}, t, next)
}

// cut gives a content in parts, or whole when it is no longer than one.
func (b *bucket) cut(c *content, length int64) (next func() (*filePart, error), whole *filePart, err error) {
	if c.at != nil {
		if c.size <= length {
			return nil, &filePart{content: c.section(0, c.size), size: c.size}, nil
		}
		return sections(c, length), nil, nil
	}
	first, err := readPiece(c.once, length)
	if err != nil {
		return nil, nil, err
	}
	if first.size == length {
		return pieces(c, length, first), nil, nil
	}
	if c.size >= 0 && first.size != c.size {
		first.release()
		return nil, nil, fmt.Errorf("the reader gave %d bytes of %d", first.size, c.size)
	}
	return nil, first, nil
}

// bucketUpload counts what has moved by parts: the SDK reads each of them several times.
type bucketUpload struct {
	*s3.Upload
	client *s3.Client
	at     s3.Address
	meter  *meter
}

func (u *bucketUpload) part(ctx context.Context, number int, content io.ReadSeeker, size int64) (string, error) {
	etag, err := u.Part(ctx, number, content, size)
	if err != nil {
		return "", s3Error(err)
	}
	u.meter.moved(size)
	return etag, nil
}

func (u *bucketUpload) complete(ctx context.Context, etags []string) error {
	_, err := u.Complete(ctx, etags)
	return s3Error(err)
}

func (u *bucketUpload) abort(ctx context.Context) error { return s3Error(u.Abort(ctx)) }

func (u *bucketUpload) etag(ctx context.Context) (string, error) {
	info, err := u.client.Head(ctx, u.at)
	return info.ETag, s3Error(err)
}

func (b *bucket) get(ctx context.Context, name string) (io.ReadCloser, error) {
	client, err := b.api.storage.s3Client(ctx)
	if err != nil {
		return nil, err
	}
	object, err := client.Get(ctx, b.at(name), 0)
	if err != nil {
		return nil, s3Error(err)
	}
	return &objectBody{object}, nil
}

// objectBody gives this package's errors.
type objectBody struct{ *s3.Object }

func (o *objectBody) Read(p []byte) (int, error) {
	n, err := o.Object.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // io.Reader's own contract
		err = s3Error(err)
	}
	return n, err
}

// fetch copies an object in ranges, each of which is continued where it breaks off.
func (b *bucket) fetch(ctx context.Context, name string, _ int64, to *os.File, t *transfer) error {
	client, err := b.api.storage.s3Client(ctx)
	if err != nil {
		return err
	}
	info, err := client.Head(ctx, b.at(name))
	if err != nil {
		return s3Error(err)
	}
	return fetchRanges(ctx, &bucketFile{client, b.at(name), info, b.api}, info.Size, to, t, &t.meter)
}

type bucketFile struct {
	client *s3.Client
	at     s3.Address
	info   s3.Info
	api    *api
}

func (f *bucketFile) name() string { return f.at.String() }

func (f *bucketFile) open(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	body, err := f.client.GetRange(ctx, f.at, offset, length, f.info.ETag)
	if failed, ok := errors.AsType[*s3.Error](err); ok && failed.Status == http.StatusPreconditionFailed {
		return nil, &Error{Status: failed.Status, Code: CodeInvalidState, Method: failed.Op, Path: failed.Target, Message: "the file has changed meanwhile"}
	}
	return body, s3Error(err)
}

func (f *bucketFile) verifier() *s3.Verifier { return f.info.Verifier() }

func (f *bucketFile) again(ctx context.Context, attempt int) bool {
	return f.api.rest.Again(ctx, attempt)
}

func (b *bucket) list(ctx context.Context, dir string) ([]*FileInfo, error) {
	client, err := b.api.storage.s3Client(ctx)
	if err != nil {
		return nil, err
	}
	prefix := b.at(dir).Key
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	entries, err := client.List(ctx, b.name, prefix)
	if err != nil {
		return nil, s3Error(err)
	}
	files := make([]*FileInfo, 0, len(entries))
	for _, entry := range entries {
		name := strings.TrimSuffix(strings.TrimPrefix(entry.Key, prefix), "/")
		if name == "" && !entry.Folder {
			continue // an object that marks the folder itself
		}
		name = path.Join(dir, name)
		if err := checkArtifactName(name); err != nil || strings.TrimSuffix(strings.TrimPrefix(entry.Key, prefix), "/") != path.Base(name) {
			return nil, &Error{
				Code: CodeInternalError, Method: "list", Path: s3.Address{Bucket: b.name, Key: prefix}.String(),
				Message: fmt.Sprintf("there is %q, which is no name of an artifact", entry.Key),
			}
		}
		files = append(files, &FileInfo{Path: name, IsDir: entry.Folder, Size: entry.Size})
	}
	slices.SortFunc(files, func(a, b *FileInfo) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// remove deletes a file, or a folder with all that is in it. What is not there is deleted already.
func (b *bucket) remove(ctx context.Context, name string) error {
	client, err := b.api.storage.s3Client(ctx)
	if err != nil {
		return err
	}
	if err := client.Delete(ctx, b.at(name)); err != nil {
		return s3Error(err)
	}
	_, err = client.DeleteBelow(ctx, b.name, b.at(name).Key+"/")
	return s3Error(err)
}
