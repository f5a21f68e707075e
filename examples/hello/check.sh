#!/usr/bin/env bash
# check.sh PROGRAM: starts hello in a fresh folder, shakes hands with it, and expects it to end well when asked to.
set -euo pipefail
program=$(realpath "$1")
folder=$(mktemp -d)
cd "$folder"

if "$program" 0 2>refused; then echo "hello started without a secret" >&2; exit 1; fi
grep -q KEFU_SECRET refused

mkfifo out
KEFU_SECRET=0123456789abcdef0123456789abcdef "$program" 0 >out &
pid=$!
trap 'kill -9 "$pid" 2>/dev/null || :; rm -rf "$folder"' EXIT
read -r -t 20 url <out
port=${url##*:}
port=${port%%/*}

exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' >&3
printf 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: kefu.v1\r\n\r\n' >&3
read -r -t 10 status <&3
[[ $status == *"101 Switching Protocols"* ]] || { echo "no handshake: $status" >&2; exit 1; }

exec 3>&-
kill -TERM "$pid"
wait "$pid"
[ -s support.db ]
