#!/usr/bin/env bash
# up.sh [HELPDESK [OPTION…]]: starts PostgreSQL, NATS, three nodes of helpdesk and HAProxy in front, all on loopback, and
# ends them when it is ended itself (Ctrl-C). What dies is started again after a second, as a supervisor would.
# Ports: PORT (8090) for the pages and what follows it for the rest. Data is in FOLDER, kept from run to run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
helpdesk=$(realpath "${1:-$here/../../build/release/bin/helpdesk}")
options=("${@:2}") # of each node, beside those below
port=${PORT:-8090}
folder=$(realpath -m "${FOLDER:-cluster-data}")
nodes=${NODES:-3}
export PATH=$PATH:/usr/sbin
postgres=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
for program in "$helpdesk" "$postgres/initdb" nats-server haproxy; do
  command -v "$program" >/dev/null || { echo "missing: $program (README.md says what is needed)" >&2; exit 1; }
done
postgres_port=$((port + 1)) nats_port=$((port + 2)) first_port=$((port + 3))

mkdir -p "$folder"
rm -f "$folder"/*.pid
# PostgreSQL refuses to run as root. In a subshell, of which it takes the place.
as_user() { exec "$@"; }
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$folder/postgres"
  chown nobody "$folder/postgres"
  chmod 755 "$folder"
  as_user() { exec setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
fi
if [ ! -s "$folder/postgres/PG_VERSION" ]; then
  (as_user "$postgres/initdb" -D "$folder/postgres" -A trust -U kefu -E UTF8 --locale=C) >"$folder/initdb.log"
fi
[ -s "$folder/secret" ] || (umask 077 && od -An -tx1 -N32 /dev/urandom | tr -d ' \n' >"$folder/secret")

# keep NAME COMMAND…: runs it, its pid in NAME.pid and its output in NAME.log, again and again.
keep() {
  local name=$1 child=
  shift
  trap '[ -z "$child" ] || kill -"${stop_by[$name]:-TERM}" "$child"; wait; exit' TERM
  while :; do
    ([ "$(type -t "$1")" = function ] || exec "$@"; "$@") >>"$folder/$name.log" 2>&1 </dev/null &
    child=$!
    echo "$child" >"$folder/$name.pid"
    wait "$child" || :
    sleep 1 &
    child=$!
    wait "$child"
  done
}
declare -A stop_by=([postgres]=INT)

keepers=()
finish() {
  trap - INT TERM EXIT
  # The nodes before what they stand on.
  for ((i = ${#keepers[@]} - 1; i >= 0; --i)); do
    kill "${keepers[i]}" 2>/dev/null || :
    wait "${keepers[i]}" 2>/dev/null || :
  done
}
trap finish EXIT
trap 'exit 0' INT TERM

listens() {
  for _ in $(seq 300); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    sleep 0.1
  done
  echo "nothing listens on port $1: see $folder" >&2
  exit 1
}

run_postgres() {
  as_user "$postgres/postgres" -D "$folder/postgres" -p "$postgres_port" -c listen_addresses=127.0.0.1 \
    -c "unix_socket_directories="
}
keep postgres run_postgres & keepers+=($!)
keep nats nats-server -a 127.0.0.1 -p "$nats_port" & keepers+=($!)
listens "$postgres_port"
listens "$nats_port"

cp "$here/haproxy.cfg" "$folder/haproxy.cfg"
sed -i "s/PORT_FRONT/$port/" "$folder/haproxy.cfg"
for ((n = 0; n < nodes; ++n)); do
  keep "node-$n" "$helpdesk" --demo --metrics --secret-file "$folder/secret" --data "$folder/node-$n" \
    --port $((first_port + n)) --postgres "host=127.0.0.1 port=$postgres_port user=kefu dbname=postgres" \
    --nats "nats://127.0.0.1:$nats_port" --routing pick "${options[@]}" & keepers+=($!)
  listens $((first_port + n))
  echo "  server node-$n 127.0.0.1:$((first_port + n)) cookie node-$n check" >>"$folder/haproxy.cfg"
done
keep haproxy haproxy -f "$folder/haproxy.cfg" & keepers+=($!)
listens "$port"

echo "visitor page  http://127.0.0.1:$port/visitor.html"
echo "agent page    http://127.0.0.1:$port/agent.html"
echo "$nodes nodes on ports $first_port to $((first_port + nodes - 1)); pids and logs in $folder"
wait
