// Package s3 reads, writes and lists objects of Amazon S3 and of servers that speak its protocol (MinIO, Ceph, R2), with the
// settings MLflow's Python client honours. It hides the AWS SDK: no type of it leaves the package.
//
// A [Client] is made from a [Config], which [ConfigFromEnv] fills from the environment; credentials that the Config leaves
// empty are found the way every AWS tool finds them (environment, ~/.aws with profiles, the machine's role). Objects are named
// by an [Address], s3://bucket/key.
//
// Every call ends with its context; a connection that delivers nothing for [Config.Stall] fails; calls are tried up to
// [Config.Attempts] times when the server is busy or unreachable, which is safe because a put of the same bytes can be
// repeated. A body that is being read is not retried: the caller starts again. Errors are [*Error], and errors.Is finds
// [ErrNoSuchKey], [ErrNoSuchBucket], [ErrAccessDenied], [ErrNoCredentials] and [ErrTooBig] in them.
//
// Large objects are put in parts, side by side ([Client.StartUpload]), and got in ranges ([Client.GetRange]), which [Info.Verifier] checks.
//
// A Client is safe for concurrent use and needs no closing: its connections end half a minute after their last call, or with it (see
// [Config.OneCall]), or by [Client.Close]. The package imports no other package of the module.
package s3
