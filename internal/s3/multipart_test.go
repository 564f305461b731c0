package s3_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/s3"
)

func randomBytes(n int) []byte {
	content := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(content)
	return content
}

func TestUploadInParts(t *testing.T) {
	client := newClient(t, realConfig(t))
	defer client.Close()
	address := s3.Address{Bucket: newBucket(t, client), Key: "dir/parts ü"}
	content := randomBytes(s3.MinPartBytes + 1000)
	upload, err := client.StartUpload(t.Context(), address, "text/csv")
	if err != nil {
		t.Fatal(err)
	}
	etags := make([]string, 2)
	for _, number := range []int{2, 1} {
		part := content[:s3.MinPartBytes]
		if number == 2 {
			part = content[s3.MinPartBytes:]
		}
		if etags[number-1], err = upload.Part(t.Context(), number, bytes.NewReader(part), int64(len(part))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.Head(t.Context(), address); !errors.Is(err, s3.ErrNoSuchKey) {
		t.Errorf("before it is complete: %v", err)
	}
	etag, err := upload.Complete(t.Context(), etags)
	if err != nil || etag != s3.ETagOfParts(etags) {
		t.Errorf("ETag %s, not %s; %v", etag, s3.ETagOfParts(etags), err)
	}
	info, err := client.Head(t.Context(), address)
	if err != nil || info.Size != int64(len(content)) || info.ETag != etag || info.ContentType != "text/csv" {
		t.Errorf("%+v, %v", info, err)
	}
	for _, span := range [][2]int64{{0, 1}, {s3.MinPartBytes - 10, 20}, {info.Size - 1, 1}, {0, info.Size}} {
		body, err := client.GetRange(t.Context(), address, span[0], span[1], etag)
		if err != nil {
			t.Fatal(span, err)
		}
		got, err := io.ReadAll(body)
		if err != nil || !bytes.Equal(got, content[span[0]:span[0]+span[1]]) {
			t.Errorf("%v: %d bytes, %v", span, len(got), err)
		}
		body.Close()
	}
	if _, err := client.GetRange(t.Context(), address, 0, 1, `"another"`); err == nil {
		t.Error("a range of an object that has changed")
	}
	if _, err := client.GetRange(t.Context(), address, info.Size-1, 2, etag); err == nil {
		t.Error("a range past the end")
	}
}

func TestAbortedUploadLeavesNothing(t *testing.T) {
	client := newClient(t, realConfig(t))
	defer client.Close()
	address := s3.Address{Bucket: newBucket(t, client), Key: "aborted"}
	upload, err := client.StartUpload(t.Context(), address, "")
	if err != nil {
		t.Fatal(err)
	}
	etag, err := upload.Part(t.Context(), 1, strings.NewReader("part"), 4)
	if err != nil {
		t.Fatal(err)
	}
	if err := upload.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := upload.Complete(t.Context(), []string{etag}); err == nil {
		t.Error("an aborted upload was completed")
	}
	if _, err := client.Head(t.Context(), address); !errors.Is(err, s3.ErrNoSuchKey) {
		t.Error(err)
	}
}

func TestListAndDelete(t *testing.T) {
	client := newClient(t, realConfig(t))
	defer client.Close()
	bucket := newBucket(t, client)
	for _, key := range []string{"a", "dir/b", "dir/c/d", "dir/c e", "dirt", "dir/c/f/g"} {
		if _, err := client.Put(t.Context(), s3.Address{Bucket: bucket, Key: key}, strings.NewReader("xy"), ""); err != nil {
			t.Fatal(err)
		}
	}
	list := func(prefix string) string {
		t.Helper()
		entries, err := client.List(t.Context(), bucket, prefix)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(entries)
	}
	for prefix, want := range map[string]string{
		"": "[{dir/ true 0} {a false 2} {dirt false 2}]", "dir/": "[{dir/c/ true 0} {dir/b false 2} {dir/c e false 2}]", "none/": "[]",
	} {
		if got := list(prefix); got != want {
			t.Errorf("%q: %s, not %s", prefix, got, want)
		}
	}
	if _, err := client.DeleteBelow(t.Context(), bucket, "dir"); err == nil {
		t.Error("a prefix that takes dirt along")
	}
	if n, err := client.DeleteBelow(t.Context(), bucket, "dir/c/"); n != 2 || err != nil {
		t.Error(n, err)
	}
	if err := client.Delete(t.Context(), s3.Address{Bucket: bucket, Key: "a"}); err != nil {
		t.Error(err)
	}
	if got := list("") + list("dir/"); got != "[{dir/ true 0} {dirt false 2}][{dir/b false 2} {dir/c e false 2}]" {
		t.Error(got)
	}
	if _, err := client.List(t.Context(), "absent-"+bucket, ""); !errors.Is(err, s3.ErrNoSuchBucket) {
		t.Error(err)
	}
}

// The check values are those of the catalogue of CRC algorithms for "123456789".
func TestVerifiers(t *testing.T) {
	const content = "123456789"
	sum32 := make([]byte, 4)
	crc := crc32.ChecksumIEEE([]byte(content))
	for i := range sum32 {
		sum32[i] = byte(crc >> (24 - 8*i))
	}
	for name, header := range map[string][2]string{
		"CRC-64/NVME": {"X-Amz-Checksum-Crc64nvme", base64.StdEncoding.EncodeToString([]byte{0xae, 0x8b, 0x14, 0x86, 0x0a, 0x79, 0x98, 0x88})},
		"CRC-32C":     {"X-Amz-Checksum-Crc32c", base64.StdEncoding.EncodeToString([]byte{0xe3, 0x06, 0x92, 0x83})},
		"CRC-32":      {"X-Amz-Checksum-Crc32", base64.StdEncoding.EncodeToString(sum32)},
		"MD5":         {"Etag", fmt.Sprintf(`"%x"`, md5.Sum([]byte(content)))},
	} {
		client := newClient(t, fakeServer(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set(header[0], header[1]) }))
		info, err := client.Head(t.Context(), object)
		if err != nil {
			t.Fatal(name, err)
		}
		for _, given := range []string{content, "123456780"} {
			verifier := info.Verifier()
			if verifier == nil {
				t.Errorf("%s: none", name)
				continue
			}
			_, _ = io.WriteString(verifier, given)
			if err := verifier.Check(); (err == nil) != (given == content) || (err != nil && !strings.Contains(err.Error(), name)) {
				t.Errorf("%s of %s: %v", name, given, err)
			}
		}
		client.Close()
	}
	for _, etag := range []string{`"0123456789abcdef0123456789abcdef-2"`, "", `"xyz"`} {
		if s3.ETagVerifier(etag, "") != nil {
			t.Errorf("%s is no MD5", etag)
		}
	}
	if s3.ETagVerifier(`"0123456789abcdef0123456789abcdef"`, "aws:kms") != nil {
		t.Error("the ETag of an encrypted object is no MD5")
	}
}

// A body may take longer than a connection may be silent.
func TestSlowUploadIsNoStall(t *testing.T) {
	config := fakeServer(t, func(_ http.ResponseWriter, r *http.Request) {
		buffer := make([]byte, 1<<20)
		for {
			if _, err := io.ReadFull(r.Body, buffer); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	config.Stall, config.Attempts = 300*time.Millisecond, 1
	client := newClient(t, config)
	defer client.Close()
	if _, err := client.Put(t.Context(), object, bytes.NewReader(randomBytes(24<<20)), ""); err != nil {
		t.Error(err)
	}
}
