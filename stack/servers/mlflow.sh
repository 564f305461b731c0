# MLflow's tracking server: runs and models in Postgres, artifacts passed on to MinIO.
# shellcheck shell=bash disable=SC2034,SC2154
python=$("$here/venv" --check mlflow || true)
port=$MLFLOW_PORT
health=/health
environment=(
  # In the environment, because everybody on the machine can read arguments.
  MLFLOW_BACKEND_STORE_URI="$(database_url postgresql+psycopg2 mlflow)"
  MLFLOW_S3_ENDPOINT_URL="http://127.0.0.1:$MINIO_PORT"
  AWS_ACCESS_KEY_ID="$S3_ACCESS_KEY"
  AWS_SECRET_ACCESS_KEY="$S3_SECRET_KEY"
  AWS_DEFAULT_REGION=us-east-1
  AWS_EC2_METADATA_DISABLED=true # it would dial 169.254.169.254
  MLFLOW_DISABLE_TELEMETRY=true
  MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false # a second family of processes, for judges of language models only
)
command=("$python" -m mlflow server --host 127.0.0.1 --port "$port" --workers 2 --serve-artifacts --artifacts-destination s3://mlflow-artifacts)

# The server fills an empty database by itself, and refuses one of another version.
prepare() {
  local migrated=$dir/mlflow/migrated
  mkdir -p "$dir/mlflow"
  if [ -f "$migrated" ] && [ "$(cat "$migrated")" != "$python" ]; then
    env "${environment[@]}" "$python" -c 'import os, mlflow.store.db.utils as db; db._upgrade_db(db.create_sqlalchemy_engine(os.environ["MLFLOW_BACKEND_STORE_URI"]))'
  fi
}

ready() { echo "$python" >"$dir/mlflow/migrated"; }
