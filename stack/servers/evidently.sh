# Evidently's service, with projects and snapshots in Postgres.
# shellcheck shell=bash disable=SC2034,SC2154
python=$("$here/venv" --check evidently || true)
port=$EVIDENTLY_PORT
health=/api/version
command=("$python" -m evidently.cli ui --host 127.0.0.1 --port "$port" --conf-path "$dir/evidently/config.yaml")

prepare() {
  mkdir -p "$dir/evidently"
  cat >"$dir/evidently/config.yaml" <<END
storage:
  type: sql
database:
  url: $(database_url postgresql+psycopg2 evidently)
END
}

# The first request that needs the tables makes or migrates them, as `evidently migrate` would in twice the time.
ready() { curl --silent --fail --noproxy '*' --output /dev/null "http://127.0.0.1:$port/api/projects" || fail "cannot migrate its database" "$log"; }
