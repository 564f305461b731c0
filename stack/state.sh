# Sourced by stack/up and stack/down: where a stack keeps its state, which ports and passwords it has, what it tells its users.
# shellcheck shell=bash disable=SC2034

servers=(postgres minio mlflow prefect evidently)
# What keeps its data in Postgres, and is therefore started after it and stopped before it.
on_postgres=(mlflow prefect evidently)
# What a test does not need does not run, and nothing else of the stack changes by that.
leave_out() {
  local left server
  for left in ${STACK_WITHOUT:-}; do
    for server in "${!on_postgres[@]}"; do
      [ "${on_postgres[server]}" != "$left" ] || unset "on_postgres[$server]"
    done
    for server in "${!servers[@]}"; do
      [ "${servers[server]}" != "$left" ] || unset "servers[$server]"
    done
  done
}
leave_out
databases=(mlflow prefect evidently grafana monitoring)
buckets=(mlflow-artifacts datasets)

# open_state: makes the folder of the stack, takes its lock until this script ends, and reads what an earlier start has settled.
open_state() {
  umask 077
  dir=${STACK_DIR:-$("$here/cache")/stack/default}
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd -P)
  exec 9>"$dir/lock"
  flock 9
  if [ -f "$dir/settings" ]; then
    # shellcheck source=/dev/null
    . "$dir/settings"
  fi
}

# settle: chooses what is not settled yet, and remembers it. A port asked for by STACK_<SERVER>_PORT replaces the remembered one.
settle() {
  local server variable wanted
  for server in postgres minio mlflow prefect evidently; do
    variable=${server^^}_PORT
    wanted=STACK_$variable
    if [ -n "${!wanted:-}" ] && [ "${!wanted}" != "${!variable:-}" ]; then
      if listening "${!wanted}"; then
        echo "stack: port ${!wanted} for $server is taken by another program; choose another one" >&2
        exit 1
      fi
      declare -g "$variable=${!wanted}"
    elif [ -z "${!variable:-}" ]; then
      declare -g "$variable=$(free_port)"
    fi
  done
  : "${PASSWORD:=$(random_text 32)}" "${S3_ACCESS_KEY:=$(random_text 16)}" "${S3_SECRET_KEY:=$(random_text 32)}"
  : "${POSTGRES_HOME:=$(postgres_home)}"
  local name
  for name in {POSTGRES,MINIO,MLFLOW,PREFECT,EVIDENTLY}_PORT PASSWORD S3_ACCESS_KEY S3_SECRET_KEY POSTGRES_HOME; do
    printf '%s=%q\n' "$name" "${!name}"
  done >"$dir/settings"
}

# free_port: a port that nobody listens on, below the range that the kernel gives to outgoing connections.
free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); do
    if ! listening "$port"; then
      echo "$port"
      return
    fi
  done
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

random_text() {
  local text
  text=$(head -c 256 /dev/urandom | base64 -w0 | tr -dc 'A-Za-z0-9')
  echo "${text:0:$1}"
}

# postgres_home: Postgres refuses to run as root, and another user cannot reach a folder below root's home.
postgres_home() {
  if [ "$(id -u)" = 0 ]; then
    echo "/var/lib/mlopsgo-stack/$(random_text 12)"
  else
    echo "$dir/postgres"
  fi
}

database_url() { echo "$1://stack:$PASSWORD@127.0.0.1:$POSTGRES_PORT/$2"; }

# environment_to_use: shell code that tells clients, Go and Python alike, where the servers are.
environment_to_use() {
  cat <<END
export STACK_DIR='$dir'
export MLFLOW_TRACKING_URI='http://127.0.0.1:$MLFLOW_PORT'
export MLFLOW_S3_ENDPOINT_URL='http://127.0.0.1:$MINIO_PORT'
export AWS_ENDPOINT_URL_S3='http://127.0.0.1:$MINIO_PORT'
export AWS_ACCESS_KEY_ID='$S3_ACCESS_KEY'
export AWS_SECRET_ACCESS_KEY='$S3_SECRET_KEY'
export AWS_REGION='us-east-1'
export AWS_DEFAULT_REGION='us-east-1'
export PREFECT_API_URL='http://127.0.0.1:$PREFECT_PORT/api'
export EVIDENTLY_URL='http://127.0.0.1:$EVIDENTLY_PORT'
export MONITORING_DATABASE_URL='$(database_url postgres monitoring)'
END
}
