#!/usr/bin/env bash
# drill.sh: while up.sh runs, kills, freezes and restarts each part of it under load, and prints a table of what
# the clients noticed. PORT and FOLDER as there; PAIRS of visitors and agents (30). Needs Node.js and npm, and once
# a package registry.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tests=$here/../../tests/integration
folder=$(realpath -m "${FOLDER:-cluster-data}")
[ -s "$folder/haproxy.pid" ] || { echo "up.sh does not run with its data in $folder" >&2; exit 1; }
if [ ! -d "$folder/packages/node_modules" ]; then
  mkdir -p "$folder/packages"
  cp "$tests/ws/package.json" "$tests/ws/package-lock.json" "$folder/packages/"
  npm ci --prefix "$folder/packages" --ignore-scripts --no-audit --no-fund >"$folder/npm.log"
fi
KEFU_NODE_DIR=$folder/packages exec node "$tests/cluster/running.mjs" "$folder" "${PORT:-8090}" "$@"
