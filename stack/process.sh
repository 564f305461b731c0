# Sourced by stack/up and stack/down: how one server is started, watched and stopped.
# shellcheck shell=bash disable=SC2154
#
# A file servers/NAME.sh describes a server by these names; whatever it does not set keeps the meaning given here:
#
#   command      array: the program and its arguments
#   environment  array: its whole environment, besides the few variables that `launch` gives to all
#   port         where it listens
#   health       path that answers 200 when the server works
#   prepare      function run before a start
#   ready        function run when the server works
#   stop_signals array: how to ask it to end, and how to make it

# describe NAME: makes this (sub)shell speak about one server.
describe() {
  name=$1
  log=$dir/$name.log
  command=() environment=() port='' health='' stop_signals=(TERM KILL)
  # shellcheck source=/dev/null
  . "$here/servers/$name.sh"
}

prepare() { :; }
ready() { :; }

# pids: the processes of the server. They are known by a mark in their environment, which their children inherit: unlike a pid file
# it cannot go stale, cannot name somebody else's process, and still finds the workers of a parent that was killed.
pids() { { grep -lzsxF "STACK_SERVER=$dir/$name" /proc/[0-9]*/environ || true; } | cut -d/ -f3; }

healthy() { curl --silent --fail --noproxy '*' --max-time 5 --output /dev/null "http://127.0.0.1:$port$health"; }

# identity: changes when another program, version, port or password is wanted than the one that runs.
identity() { printf '%s\0' "${command[@]}" "${environment[@]}" | sha256sum | cut -c1-16; }

running() { [ -n "$(pids)" ] && [ "$(cat "$dir/$name.identity" 2>/dev/null)" = "$(identity)" ] && healthy; }

launch() {
  mkdir -p "$dir/$name"
  (
    cd "$dir/$name" || exit
    exec setsid env -i PATH=/usr/bin:/bin HOME="$dir/$name" LANG=C.UTF-8 DO_NOT_TRACK=true STACK_SERVER="$dir/$name" \
      "${environment[@]}" "${command[@]}" </dev/null >"$log" 2>&1 9>&-
  ) &
}

# halt: asks all processes of the server to end, and after ten seconds makes those that have not.
halt() {
  local begin=$SECONDS asked=0 found
  while found=$(pids) && [ -n "$found" ]; do
    if [ "$asked" = 0 ]; then
      signal "${stop_signals[0]}"
    elif [ "$asked" = 1 ] && [ $((SECONDS - begin)) -ge 10 ]; then
      signal "${stop_signals[1]}"
    elif [ $((SECONDS - begin)) -ge 60 ]; then
      die "processes do not end: ${found//$'\n'/ }"
    fi
    sleep 0.1
  done
  rm -f "$dir/$name.identity"
}

# signal NAME: sends it to the processes that were found, and counts that it did.
signal() {
  local pid
  for pid in $found; do
    kill -s "$1" "$pid" 2>/dev/null || true
  done
  asked=$((asked + 1))
}

# ensure: leaves a healthy server alone, and otherwise clears away what is left of it and starts it anew.
ensure() {
  if running; then
    return
  fi
  local begin=$EPOCHREALTIME
  halt
  if listening "$port"; then
    die "port $port is taken by another program; choose one with --$name-port"
  fi
  if [ -s "$log" ]; then
    mv "$log" "$log.old"
  fi
  prepare >>"$dir/$name.prepare.log" 2>&1 || fail "cannot be prepared" "$dir/$name.prepare.log"
  launch
  wait_healthy
  ready
  identity >"$dir/$name.identity"
  echo "stack: $name is up after $(elapsed "$begin")" >&2
}

wait_healthy() {
  local end=$((SECONDS + ${STACK_TIMEOUT:-180}))
  until healthy; do
    if [ -z "$(pids)" ] && sleep 0.5 && [ -z "$(pids)" ]; then
      fail "ended instead of answering" "$log"
    fi
    if [ "$SECONDS" -ge "$end" ]; then
      fail "does not answer on port $port" "$log"
    fi
    sleep 0.25
  done
}

elapsed() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", to - from }'; }

die() {
  echo "stack: $name: $1" >&2
  exit 1
}

# fail WHAT LOG: says what went wrong with the end of the log that tells why.
fail() {
  echo "stack: $name $1; the end of $2:" >&2
  tail -n 30 "$2" | sed 's/^/  | /' >&2
  exit 1
}

# each FUNCTION SERVER…: runs the function for all servers at once, and fails when one does.
each() {
  local function=$1 failed=0 server jobs=() job
  shift
  for server in "$@"; do
    (describe "$server" && "$function") &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do
    wait "$job" || failed=1
  done
  return "$failed"
}
