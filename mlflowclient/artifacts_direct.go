package mlflowclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"mlopsgo/internal/rest"
	"mlopsgo/internal/s3"
)

// fallback says that the server cannot do what was tried, so that the bytes have to go through it.
func fallback(err error) bool { return errors.Is(err, ErrNotImplemented) }

// putDirect stores a large file by addresses that the server signs, a part each. done says that it is stored; without it and without an error
// the file has to go through the server: because it is small, because the server signs none, or because its storage, which nobody asked for,
// cannot be reached, refuses, or breaks off.
func (p *proxied) putDirect(ctx context.Context, name string, c *content, t *transfer) (done bool, err error) {
	asked := t.Upload == TransferDirect
	if c.at == nil || c.size < t.UploadMinimum || c.size <= 0 ||
		!p.api.storage.goes(ctx, p.api, t.Upload, func(i *ServerInfo) bool { return i.MultipartUploads }) {
		return false, nil
	}
	length := partSize(t.UploadPart, c.size)
	sums := sumParts(ctx, c, length)
	defer sums.close()
	up := &signedUpload{p: p, name: name, dir: p.at("mpu/create", path.Dir("/"+name)), sums: sums, meter: t.attempt()}
	err = up.start(ctx, int((c.size+length-1)/length))
	if err != nil {
		if !asked && fallback(err) {
			return false, nil
		}
		return false, err
	}
	if !asked && !p.api.storage.reach(ctx, up.parts[0]) {
		_ = up.abort(ctx) // a failure leaves nothing that takes room
		return false, nil
	}
	err = uploadParts(ctx, up, t, sections(c, length))
	if err == nil || asked || ours(ctx, err) {
		return err == nil, err
	}
	up.meter.giveUp()
	return false, nil
}

// ours tells an error of this machine, or a caller who gave up: no other way to the storage would help.
func ours(ctx context.Context, err error) bool {
	_, local := errors.AsType[*fs.PathError](err)
	return local || ctx.Err() != nil
}

// signedUpload is an upload in parts through addresses that the server signed.
type signedUpload struct {
	p     *proxied
	name  string
	dir   string // path of the operation that makes the upload
	id    string
	parts []*signedAddress
	sums  *partSums
	meter *meter
}

func (u *signedUpload) operation(name string) operation {
	return creates(strings.Replace(u.dir, "/mpu/create", "/mpu/"+name, 1))
}

// start begins the upload. A repetition after a lost answer begins another, whose parts nobody sends: that takes no room.
func (u *signedUpload) start(ctx context.Context, parts int) error {
	in := map[string]any{"path": path.Base(u.name), "num_parts": parts}
	var out struct {
		ID    string `json:"upload_id"`
		Parts []struct {
			URL     string            `json:"url"`
			Number  integer           `json:"part_number"`
			Headers map[string]string `json:"headers"`
		} `json:"credentials"`
	}
	op := u.operation("create")
	op.repeat = rest.Harmless
	if err := u.p.api.call(ctx, op, in, &out); err != nil {
		return err
	}
	u.id, u.parts = out.ID, make([]*signedAddress, parts)
	for _, part := range out.Parts {
		if part.Number < 1 || int(part.Number) > parts {
			continue
		}
		address, err := u.p.api.storage.signed(part.URL, part.Headers)
		if err != nil {
			return errors.Join(err, u.abort(ctx))
		}
		u.parts[part.Number-1] = address
	}
	if slices.Contains(u.parts, nil) {
		err := &Error{
			Code: CodeInternalError, Method: http.MethodPost, Path: op.path,
			Message: fmt.Sprintf("the server signed %d addresses for %d parts", len(out.Parts), parts),
		}
		return errors.Join(err, u.abort(ctx))
	}
	return nil
}

// part stores a part and compares its MD5 with the store's.
func (u *signedUpload) part(ctx context.Context, number int, _ io.ReadSeeker, size int64) (string, error) {
	u.sums.begin(number)
	open := reopen(u.meter, func() io.Reader { return u.sums.section(number) })
	address := u.parts[number-1]
	resp, err := address.send(ctx, &rest.Request{Method: http.MethodPut, Open: open, Length: size})
	if err != nil {
		return "", err
	}
	etag := resp.Header.Get("ETag")
	if verifier := s3.ETagVerifier(etag, encryptionOf(resp.Header)); verifier != nil {
		sum, err := u.sums.of(ctx, number)
		if err != nil {
			return "", err
		}
		if err := verifier.Same(sum); err != nil {
			return "", &Error{Code: CodeInternalError, Method: http.MethodPut, Path: address.shown, Status: resp.Status, Message: err.Error()}
		}
	}
	return etag, nil
}

func encryptionOf(h http.Header) string {
	return h.Get("X-Amz-Server-Side-Encryption") + h.Get("X-Amz-Server-Side-Encryption-Customer-Algorithm")
}

func (u *signedUpload) complete(ctx context.Context, etags []string) error {
	type part struct {
		Number int    `json:"part_number"`
		ETag   string `json:"etag"`
		URL    string `json:"url"`
	}
	parts := make([]part, len(etags))
	for i, etag := range etags {
		parts[i] = part{i + 1, etag, u.parts[i].client.BaseURL() + u.parts[i].target}
	}
	return u.p.api.call(ctx, u.operation("complete"), map[string]any{"path": path.Base(u.name), "upload_id": u.id, "parts": parts}, nil)
}

func (u *signedUpload) abort(ctx context.Context) error {
	op := u.operation("abort")
	op.repeat = rest.Harmless
	err := u.p.api.call(ctx, op, map[string]any{"path": path.Base(u.name), "upload_id": u.id}, nil)
	return doneBefore(err, ErrInternal) // what the server says of an upload that is gone
}

// etag asks the store for the file as it is now.
func (u *signedUpload) etag(ctx context.Context) (string, error) {
	file, err := u.p.sign(ctx, u.name)
	if err != nil {
		return "", err
	}
	body, err := file.open(ctx, 0, 1)
	if err != nil {
		return "", err
	}
	defer body.Close()
	return file.tag, nil
}

// fetchDirect copies a file by addresses that the server signs, as putDirect stores one. What the storage gives that does not have its own
// checksum is an error in any case: the way through the server would hide it.
func (p *proxied) fetchDirect(ctx context.Context, name string, size int64, to *os.File, t *transfer) (done bool, err error) {
	asked := t.Download == TransferDirect
	switch {
	case t.Download == TransferAuto && size >= 0 && size < t.DownloadPart/4: // the way through the server is one call instead of two
		return false, nil
	case !p.api.storage.goes(ctx, p.api, t.Download, func(i *ServerInfo) bool { return i.MultipartDownloads }):
		return false, nil
	}
	file, err := p.sign(ctx, name)
	switch {
	case err != nil && !asked && fallback(err):
		return false, nil
	case err != nil:
		return false, err
	case file.size < 0 && asked:
		return false, &Error{Code: CodeNotImplemented, Method: http.MethodGet, Path: p.at("presigned", name), Message: "the server does not say how large the file is"}
	case file.size < 0, !asked && !p.api.storage.reach(ctx, file.address):
		return false, nil
	}
	attempt := t.attempt()
	err = fetchRanges(ctx, file, file.size, to, t, attempt)
	if err == nil || asked || ours(ctx, err) || errors.Is(err, s3.ErrDamaged) {
		return err == nil, err
	}
	attempt.giveUp()
	return false, nil
}

// sign asks the server for an address of a file.
func (p *proxied) sign(ctx context.Context, name string) (*signedFile, error) {
	var out struct {
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
		Size    *integer          `json:"file_size"`
	}
	at := p.at("presigned", name)
	if err := p.api.call(ctx, reads(at), nil, &out); err != nil {
		return nil, err
	}
	address, err := p.api.storage.signed(out.URL, out.Headers)
	if err != nil {
		return nil, err
	}
	file := &signedFile{p: p, path: name, address: address, size: -1}
	if out.Size != nil {
		file.size = int64(*out.Size)
	}
	return file, nil
}

// signedFile is a file behind an address that the server signed.
type signedFile struct {
	p    *proxied
	path string
	size int64 // negative when unknown

	signing sync.Mutex // of address, also while another is asked for
	address *signedAddress

	mu     sync.Mutex
	tag    string
	header http.Header // of the first answer
}

func (f *signedFile) name() string { return f.signed().shown }

func (f *signedFile) signed() *signedAddress {
	f.signing.Lock()
	defer f.signing.Unlock()
	return f.address
}

// renew replaces an address that is not good any more, unless another part of the file has done so.
func (f *signedFile) renew(ctx context.Context, stale *signedAddress) (*signedAddress, error) {
	f.signing.Lock()
	defer f.signing.Unlock()
	if f.address == stale {
		file, err := f.p.sign(ctx, f.path)
		if err != nil {
			return nil, err
		}
		f.address = file.address
	}
	return f.address, nil
}

// open asks once more with another address when the storage does not take the one it has: that ends, after five minutes by default.
func (f *signedFile) open(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	span := fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)
	get := func(from *signedAddress) (*rest.Response, error) {
		return from.send(ctx, &rest.Request{Method: http.MethodGet, Stream: true, Header: http.Header{"Range": {span}}})
	}
	address := f.signed()
	resp, err := get(address)
	if errors.Is(err, ErrPermissionDenied) || errors.Is(err, ErrUnauthenticated) {
		if address, err = f.renew(ctx, address); err == nil {
			resp, err = get(address)
		}
	}
	if err != nil {
		return nil, err
	}
	if problem := f.check(resp, offset, length); problem != "" {
		_ = resp.Stream.Close()
		return nil, &Error{Code: CodeInternalError, Status: resp.Status, Method: http.MethodGet, Path: address.shown, Message: "asked for " + span + ": " + problem}
	}
	return resp.Stream, nil
}

// check says what is wrong with an answer: it must be exactly the part that was asked for, of the same file as before.
func (f *signedFile) check(resp *rest.Response, offset, length int64) string {
	whole := resp.Status == http.StatusOK && offset == 0 && length == f.size // a store that knows no ranges
	if !whole && resp.Status != http.StatusPartialContent {
		return fmt.Sprintf("the store answered %d with all of the file", resp.Status)
	}
	if want := fmt.Sprintf("bytes %d-%d/%d", offset, offset+length-1, f.size); !whole && f.size >= 0 && resp.Header.Get("Content-Range") != want {
		return fmt.Sprintf("the store answered %q instead of %q", resp.Header.Get("Content-Range"), want)
	}
	if resp.Length != length {
		return fmt.Sprintf("the store announces %d bytes", resp.Length)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	etag := resp.Header.Get("ETag")
	if f.header != nil && f.tag != etag {
		return "the file has changed meanwhile"
	}
	f.header, f.tag = resp.Header, etag
	return ""
}

func (f *signedFile) verifier() *s3.Verifier {
	f.mu.Lock()
	defer f.mu.Unlock()
	return s3.ETagVerifier(f.tag, encryptionOf(f.header))
}

func (f *signedFile) again(ctx context.Context, attempt int) bool {
	return f.signed().client.Again(ctx, attempt)
}
