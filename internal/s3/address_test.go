package s3_test

import (
	"fmt"
	"strings"
	"testing"

	"mlopsgo/internal/s3"
)

func TestParseAddress(t *testing.T) {
	for uri, want := range map[string]s3.Address{
		"s3://bucket/key":              {Bucket: "bucket", Key: "key"},
		"s3://my.bucket-1/a/b c/#?%2F": {Bucket: "my.bucket-1", Key: "a/b c/#?%2F"},
		"s3://bucket//key":             {Bucket: "bucket", Key: "/key"},
	} {
		got, err := s3.ParseAddress(uri)
		if err != nil || got != want || got.String() != uri {
			t.Errorf("%s: %+v, %v", uri, got, err)
		}
	}
	const rule = " is not a bucket name: 3 to 63 of a-z, 0-9, '-' and '.', starting and ending with a letter or digit"
	for uri, want := range map[string]string{
		"bucket/key":        `"bucket/key" is not an address of an object; write s3://bucket/key`,
		"S3://bucket/key":   `"S3://bucket/key" is not an address of an object; write s3://bucket/key`,
		"s3://":             `"s3://": ""` + rule,
		"s3://ab/key":       `"s3://ab/key": "ab"` + rule,
		"s3://Bucket/key":   `"s3://Bucket/key": "Bucket"` + rule,
		"s3://a..b/key":     `"s3://a..b/key": "a..b"` + rule,
		"s3://u:p@host/key": `"s3://u:p@host/key": "u:p@host"` + rule,
		"s3://bucket":       `"s3://bucket" names a bucket and no object; write s3://bucket/key`,
		"s3://bucket/":      `"s3://bucket/" names a bucket and no object; write s3://bucket/key`,
		"s3://bucket/a\nb":  `the key of "s3://bucket/a\nb" holds a control character or is not UTF-8`,
		"s3://bucket/\xff":  `the key of "s3://bucket/\xff" holds a control character or is not UTF-8`,
		"s3://bucket/" + strings.Repeat("k", 1025): `the key of "s3://bucket/` + strings.Repeat("k", 52) + `"… is 1025 bytes long; S3 takes 1024`,
	} {
		if _, err := s3.ParseAddress(uri); err == nil || err.Error() != want {
			t.Errorf("%v\nwanted %s", err, want)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{"s3://bucket/key", "s3://b/k", "s3://bucket/a/../b", "http://x", "s3:///key"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		address, err := s3.ParseAddress(uri)
		if err == nil && (address.String() != uri || address.Key == "" || address.Bucket == "") {
			t.Errorf("%q became %q", uri, address)
		}
	})
}

func ExampleParseAddress() {
	address, err := s3.ParseAddress("s3://datasets/wine/winequality-red.csv")
	fmt.Println(address.Bucket, address.Key, err)
	// Output: datasets wine/winequality-red.csv <nil>
}
