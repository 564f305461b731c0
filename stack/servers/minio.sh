# MinIO, an S3 server on one folder.
# shellcheck shell=bash disable=SC2034,SC2154
port=$MINIO_PORT
health=/minio/health/live
environment=(
  MINIO_ROOT_USER="$S3_ACCESS_KEY"
  MINIO_ROOT_PASSWORD="$S3_SECRET_KEY"
  MINIO_BROWSER=off
  MINIO_UPDATE=off # it would ask its maker's server for a newer version
)
command=("$("$here/minio" --check || true)" server --quiet --address "127.0.0.1:$port" "$dir/minio/drive")

# A folder of the drive is a bucket.
prepare() { mkdir -p "${buckets[@]/#/$dir/minio/drive/}"; }
