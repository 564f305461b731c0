# Postgres: one cluster with a database for each server.
# shellcheck shell=bash disable=SC2034,SC2154
port=$POSTGRES_PORT
data=$POSTGRES_HOME/data
bin=$("$here/postgres" --check "$data" || true)
stop_signals=(INT QUIT) # its fast and its immediate shutdown

# Postgres refuses to run as root.
as_owner=()
if [ "$(id -u)" = 0 ]; then
  owner=postgres
  id "$owner" >/dev/null 2>&1 || owner=nobody
  as_owner=(setpriv "--reuid=$(id -u "$owner")" "--regid=$(id -g "$owner")" --clear-groups)
fi
# A crash of the machine may lose the last half second of commits, which is good enough here.
command=("${as_owner[@]}" "$bin/postgres" -D "$data" -c "port=$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories=
  -c max_connections=400 -c synchronous_commit=off)

healthy() { "$bin/pg_isready" --quiet --host=127.0.0.1 --port="$port"; }

# The mark in the environment is hidden where root of a container may not look into another user's process; the arguments are not.
pids() {
  local pid
  pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 0
  if tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep --quiet --line-regexp --fixed-strings -e "$data"; then
    echo "$pid"
  fi
}

prepare() {
  if [ -f "$data/PG_VERSION" ]; then
    forget_killed
  else
    initialize
  fi
}

# forget_killed: a postmaster that was killed, and that nobody has asked for its exit code yet, still counts as alive to the next one.
forget_killed() {
  local pid
  pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 0
  if grep --quiet '^State:.*zombie' "/proc/$pid/status" 2>/dev/null; then
    rm -f "$data/postmaster.pid"
  fi
}

initialize() {
  # The way to the folder has to be open to the owner of the data.
  (umask 022 && mkdir -p "$(dirname "$POSTGRES_HOME")")
  rm -rf "$data"
  mkdir -p "$POSTGRES_HOME"
  echo "$PASSWORD" >"$POSTGRES_HOME/password"
  if [ "$(id -u)" = 0 ]; then
    chown -R "$owner:" "$POSTGRES_HOME"
  fi
  (cd / && "${as_owner[@]}" "$bin/initdb" --pgdata="$data" --username=stack --pwfile="$POSTGRES_HOME/password" --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C --no-sync) || return
  rm "$POSTGRES_HOME/password"
}

ready() {
  local names=${databases[*]}
  PGPASSWORD=$PASSWORD "$bin/psql" --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --host=127.0.0.1 --port="$port" --username=stack --dbname=postgres <<END
SELECT format('CREATE DATABASE %I', name) FROM unnest('{${names// /,}}'::text[]) AS name
WHERE name NOT IN (SELECT datname FROM pg_database) \gexec
END
}
