package mlflowclient

import (
	"errors"
	"fmt"

	"mlopsgo/internal/s3"
)

// TransferMode says which way the bytes of artifacts go that a server keeps (mlflow-artifacts:).
type TransferMode int

const (
	// TransferAuto goes directly where the server says that its storage can (server-info), for files that are worth it, and
	// through the server otherwise, also when the storage cannot be reached from here, or fails.
	TransferAuto TransferMode = iota
	// TransferDirect goes directly to the server's storage, by addresses that the server signs: several parts of a file side by side,
	// checksums verified, a broken download continued where it broke. A server that cannot is an error.
	TransferDirect
	// TransferProxied goes through the server. It can neither continue a broken download nor verify more than the length.
	TransferProxied
	// transferPreferred is what Python's variables mean: directly without a question, and as TransferAuto when that fails.
	transferPreferred
)

// TransferOptions says how artifacts travel; zero fields are the defaults. They are set for a client by [WithTransfers] and for one store
// by [ArtifactStore.With].
type TransferOptions struct {
	// Files is how many files of a folder travel at once: 4 by default.
	Files int
	// Parts is how many parts of one file travel at once, where a file can be parted: 4 by default. An upload from a reader to S3 holds
	// that many parts in memory; nothing else holds any.
	Parts int
	// Upload and Download choose the way to a server's storage: TransferAuto by default.
	Upload, Download TransferMode
	// UploadMinimum is the size in bytes from which a file goes to the server's storage in parts: 32 MiB by default, from where on that is
	// twice as fast. (Python's default is 500 MiB.) Only what has a known size and can be read in parts can: files, not readers.
	UploadMinimum int64
	// UploadPart is the size in bytes of a part: 10 MiB by default, at least 5 MiB, which is S3's limit. Parts grow when a file would
	// have more than 10000.
	UploadPart int64
	// DownloadPart is likewise that of a download: 16 MiB by default. Smaller files travel whole.
	DownloadPart int64
	// Progress, unless nil, is called while bytes move, by one goroutine at a time, about ten times a second and after each file.
	// It must not call the store.
	Progress func(Progress)
}

// Progress is how far an upload or a download is.
type Progress struct {
	// Files that are complete, of FilesTotal.
	Files, FilesTotal int
	// Bytes that have moved, of BytesTotal, which is -1 while it is not known. Bytes falls when an attempt is given up and begun anew.
	Bytes, BytesTotal int64
}

const (
	defaultFiles         = 4
	defaultParts         = 4
	defaultUploadMinimum = 32 << 20
	defaultUploadPart    = 10 << 20
	defaultDownloadPart  = 16 << 20
	mostAtOnce           = 256
)

// check refuses what cannot be meant.
func (o TransferOptions) check() error {
	switch {
	case o.Files < 0 || o.Files > mostAtOnce || o.Parts < 0 || o.Parts > mostAtOnce:
		return fmt.Errorf("%d files and %d parts at once: each must be from 1 to %d, or 0 for the default", o.Files, o.Parts, mostAtOnce)
	case o.Upload < TransferAuto || o.Upload > TransferProxied || o.Download < TransferAuto || o.Download > TransferProxied:
		return fmt.Errorf("upload mode %d or download mode %d is unknown", o.Upload, o.Download)
	case o.UploadMinimum < 0 || o.DownloadPart < 0:
		return fmt.Errorf("a size in bytes is negative: UploadMinimum %d, DownloadPart %d", o.UploadMinimum, o.DownloadPart)
	case o.UploadPart != 0 && (o.UploadPart < s3.MinPartBytes || o.UploadPart > 5<<30):
		return fmt.Errorf("a part of an upload of %d bytes: S3 takes parts from 5 MiB to 5 GiB", o.UploadPart)
	}
	return nil
}

// over gives o's fields, and those of base where o has none.
func (o TransferOptions) over(base TransferOptions) TransferOptions {
	pick(&o.Files, base.Files)
	pick(&o.Parts, base.Parts)
	pick(&o.Upload, base.Upload)
	pick(&o.Download, base.Download)
	pick(&o.UploadMinimum, base.UploadMinimum)
	pick(&o.UploadPart, base.UploadPart)
	pick(&o.DownloadPart, base.DownloadPart)
	if o.Progress == nil {
		o.Progress = base.Progress
	}
	return o
}

func pick[T comparable](field *T, otherwise T) {
	var zero T
	if *field == zero {
		*field = otherwise
	}
}

// withDefaults fills what is left.
func (o TransferOptions) withDefaults() TransferOptions {
	return o.over(TransferOptions{
		Files: defaultFiles, Parts: defaultParts,
		UploadMinimum: defaultUploadMinimum, UploadPart: defaultUploadPart, DownloadPart: defaultDownloadPart,
	})
}

// WithTransfers says how artifacts travel. Zero fields keep what an earlier option or [FromEnv] set.
func WithTransfers(o TransferOptions) Option {
	return func(s *settings) error {
		if err := o.check(); err != nil {
			return fmt.Errorf("WithTransfers: %w", err)
		}
		s.transfer = o.over(s.transfer)
		return nil
	}
}

// S3Options says how to reach S3, or a server that speaks its protocol. The zero value is Amazon in us-east-1, or what ~/.aws and the
// AWS_… environment say, as every AWS tool reads them.
type S3Options struct {
	// Endpoint is http(s)://host[:port] of a server of one's own; empty means Amazon, or what the profile says.
	Endpoint string
	// Region is us-east-1 by default.
	Region string
	// AccessKeyID and SecretAccessKey go together, SessionToken with them when they are temporary.
	AccessKeyID, SecretAccessKey, SessionToken string
	// Profile is a section of ~/.aws/config and ~/.aws/credentials.
	Profile string
	// IgnoreTLS accepts any certificate, also of the storage that a server's signed addresses lead to.
	IgnoreTLS bool
}

// String hides the secrets.
func (o S3Options) String() string { return o.config().String() }

// GoString hides the secrets from %#v.
func (o S3Options) GoString() string { return o.String() }

func (o S3Options) config() s3.Config {
	return s3.Config{
		Endpoint: o.Endpoint, Region: o.Region, AccessKeyID: o.AccessKeyID, SecretAccessKey: o.SecretAccessKey,
		SessionToken: o.SessionToken, Profile: o.Profile, IgnoreTLS: o.IgnoreTLS,
	}
}

// WithS3 says how to reach the artifacts of runs whose URI is s3://…. Artifacts that a server keeps (mlflow-artifacts:) need none of it.
func WithS3(o S3Options) Option {
	return func(s *settings) error {
		if (o.AccessKeyID == "") != (o.SecretAccessKey == "") {
			return errors.New("WithS3: one of AccessKeyID and SecretAccessKey is set; set both or none")
		}
		s.s3, s.s3Err = o.config(), nil
		return nil
	}
}

// readTransfers reads the variables of artifacts. What is wrong with those of S3 is said when S3 is used: other tools read them, too, and
// most servers keep their artifacts themselves.
func (e environment) readTransfers(s *settings) (err error) {
	for _, size := range []struct {
		name string
		to   *int64
	}{
		{"MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", &s.transfer.UploadMinimum},
		{"MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", &s.transfer.UploadPart},
		{"MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE", &s.transfer.DownloadPart},
	} {
		n, err := e.number(size.name, 0, 1<<50)
		if err != nil {
			return err
		}
		*size.to = int64(n)
		if err := s.transfer.check(); err != nil {
			return fmt.Errorf("%s is %q: %w", size.name, e.get(size.name), err)
		}
	}
	if s.transfer.Upload, err = e.mode("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"); err != nil {
		return err
	}
	if s.transfer.Download, err = e.mode("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD"); err != nil {
		return err
	}
	s.s3, s.s3Err = s3.ConfigFromEnv(e.get)
	return nil
}

func (e environment) mode(name string) (TransferMode, error) {
	direct, err := e.boolean(name, false)
	switch {
	case err != nil || e.get(name) == "":
		return TransferAuto, err
	case direct:
		return transferPreferred, nil
	default:
		return TransferProxied, nil
	}
}
