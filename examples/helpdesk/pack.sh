#!/usr/bin/env sh
# pack.sh <esbuild> <web> <out>: the pages as they are served: each file without what only its readers
# need, and the widget as one file, which any site can embed.
set -eu
esbuild=$1 web=$2 out=$3 # with absolute paths
mkdir -p "$out"
cp "$web"/*.html "$web"/*.svg "$web"/package.json "$out"
"$esbuild" "$web"/*.js "$web"/*.css --minify --log-level=warning --outdir="$out"
printf '%s\n' "import { embed } from './widget-app.js';" 'embed(document.currentScript);' |
  (cd "$web" && "$esbuild" --bundle --minify --format=iife --log-level=warning) >"$out/widget.js"
