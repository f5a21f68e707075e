#!/usr/bin/env bash
# check.sh PROGRAM: a visitor and an agent talk through the example, and it ends well when asked to.
set -euo pipefail
program=$(realpath "$1")
folder=$(mktemp -d)
cd "$folder"
export KEFU_SECRET=0123456789abcdef0123456789abcdef

mkfifo out
"$program" 0 >out &
pid=$!
trap 'kill -9 "$pid" 2>/dev/null || :; rm -rf "$folder"' EXIT
read -r -t 30 address <out
port=${address##*:}

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
token() {  # token ROLE ID
  local text
  text=$(printf '{"alg":"HS256"}' | base64url).$(printf '{"sub":"%s","role":"%s","aud":"kefu","exp":%d}' \
    "$2" "$1" $(($(date +%s) + 600)) | base64url)
  printf '%s.%s' "$text" "$(printf '%s' "$text" | openssl dgst -sha256 -hmac "$KEFU_SECRET" -binary | base64url)"
}
hear() {  # hear DESCRIPTOR TEXT: lines until one has the text in it
  local line
  while read -r -t 30 -u "$1" line; do
    case $line in *"$2"*) return ;; esac
  done
  echo "not heard: $2" >&2
  return 1
}

chat=0199c1d2-0000-7000-8000-000000000001
exec 3<>"/dev/tcp/127.0.0.1/$port" 4<>"/dev/tcp/127.0.0.1/$port"
printf '{"type":"hello","token":"%s","epoch":1}\n' "$(token visitor v1)" >&3
printf '{"type":"hello","token":"%s","epoch":1}\n' "$(token agent a1)" >&4
hear 3 '"welcome"'
hear 4 '"welcome"'
printf '{"type":"open","id":"%s","department":"sales","subject":"help"}\n' "$chat" >&3
hear 3 '"joined"'
hear 4 '"offer"'
printf '{"type":"accept","conversation":"%s"}\n' "$chat" >&4
hear 4 '"joined"'
printf '{"type":"send","conversation":"%s","cseq":1,"body":"is anybody there?"}\n' "$chat" >&3
hear 3 '"ack"'
hear 4 'is anybody there?'
printf '{"type":"send","conversation":"%s","cseq":1,"body":"a whole hub"}\n' "$chat" >&4
hear 3 'a whole hub'

kill -TERM "$pid"
wait "$pid"
[ -s support.db ]
