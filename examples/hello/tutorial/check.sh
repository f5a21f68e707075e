#!/usr/bin/env bash
# check.sh HELLO TUTORIAL VISIT: goes through the five steps, and expects of each what README.md says.
set -euo pipefail
hello=$(realpath "$1") tutorial=$(realpath "$2") visit=$(realpath "$3")
folder=$(mktemp -d)
cd "$folder"
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || :; rm -rf "$folder"' EXIT

# start COMMAND…: the server's address is in $url when it serves, and what it prints goes to "log".
start() {
  rm -f out
  mkfifo out
  "$@" >out &
  pid=$!
  exec 3<out
  read -r -t 30 url <&3
  cat <&3 >log &
  exec 3<&-
}
stop() {
  kill -TERM "$pid"
  wait "$pid"
  pid=
}
# expect TEXT COMMAND…: it prints a line with the text, within 30 s.
expect() {
  local text=$1
  shift
  timeout 30 "$@" >said || { cat said; return 1; }
  grep -qF "$text" said || { echo "$* did not say: $text" >&2; cat said >&2; return 1; }
}
# logged TEXT: so does the server, soon.
logged() {
  for _ in $(seq 300); do
    grep -qF "$1" log && return
    sleep 0.1
  done
  echo "the server did not say: $1" >&2
  return 1
}

export KEFU_SECRET=0123456789abcdef0123456789abcdef
start "$hello" 0
expect 'it is ok' "$visit" "$url" alice anywhere hello
stop
unset KEFU_SECRET

start "$tutorial" 2 0
expect 'it is ok' "$visit" "$url" login-of-alice orders 'my password is 1234'
expect 'not_found' "$visit" "$url" login-of-alice nowhere hello
expect 'unauthenticated' "$visit" "$url" login-of-mallory orders hello
stop

start "$tutorial" 3 0
expect 'it is denied' "$visit" "$url" login-of-alice orders 'my password is 1234'
expect 'it is ok' "$visit" "$url" login-of-alice orders 'where is my parcel'
stop

start "$tutorial" 4 0
logged 'text where is my parcel' # of the step before: the log is the outbox
expect 'it is ok' "$visit" "$url" login-of-alice orders 'it has come'
logged 'text it has come'
stop

start "$tutorial" 5 0
expect 'it is ok' "$visit" "$url" login-of-alice orders 'thank you'
logged 'store: 1 stored after'
logged 'text thank you'
stop
