#!/usr/bin/env bash
# check_cost.sh COMPILER INCLUDE: what <kefu/hub.hpp> costs whoever includes it, beside the standard headers
# that it uses. Lines are of preprocessed text, blank ones left out. A ratchet: when a figure falls, lower the
# bound. Times are told and never judged; the memory that the compiler takes is, in their place: it grows with what is
# parsed and instantiated, and is the same each time.
set -euo pipefail
compiler=$1 include=$2
most_lines=54100      # with the standard library of g++ 12, whose own nearly all of it is; 60000 are wanted
most_of_kefu=2200     # whatever the library: what is not the standard headers'
most_megabytes=52     # with g++ 12: what is not the standard headers', which take 97
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

echo '#include <kefu/hub.hpp>' >"$folder/hub.cpp"
"$compiler" -std=c++20 -I"$include" -M "$folder/hub.cpp" | tr ' ' '\n' | grep "^$include/kefu/" >"$folder/own"
xargs sed -nE 's/^# *include (<[a-z0-9_]+>).*/#include \1/p' <"$folder/own" | sort -u >"$folder/std.cpp"

lines() { "$compiler" -std=c++20 -I"$include" -E "$folder/$1.cpp" | grep -cvE '^#|^[[:space:]]*$'; }
milliseconds() {  # of the compiler's own time, the best of three
  local best=1000000 round took TIMEFORMAT=%3U
  for round in 1 2 3; do
    took=$({ time "$compiler" -std=c++20 -I"$include" -fsyntax-only "$folder/$1.cpp"; } 2>&1)
    took=$((10#${took/./}))
    [ "$took" -ge "$best" ] || best=$took
  done
  echo "$best"
}
megabytes() {  # of g++
  "$compiler" -std=c++20 -I"$include" -fsyntax-only -ftime-report "$folder/$1.cpp" 2>&1 |
    sed -nE 's/^ TOTAL.* ([0-9]+)M$/\1/p'
}
hub=$(lines hub)
std=$(lines std)
echo "kefu/hub.hpp: $hub lines, of which $std are of its $(wc -l <"$folder/std.cpp") standard headers"
hub_time=$(milliseconds hub)
std_time=$(milliseconds std)
echo "compiled in $hub_time ms, the standard headers alone in $std_time ms: $((100 * hub_time / std_time)) %"

[ $((hub - std)) -le "$most_of_kefu" ] || { echo "above $most_of_kefu lines of kefu's own" >&2; exit 1; }
[ $((2 * hub)) -le $((3 * std)) ] || { echo "above 1.5 times the standard headers" >&2; exit 1; }
macros=$(echo '#include <version>' | "$compiler" -std=c++20 -E -dM -x c++ -)
if [[ $macros == *'_GLIBCXX_RELEASE 12'* ]]; then
  [ "$hub" -le "$most_lines" ] || { echo "above $most_lines lines" >&2; exit 1; }
else
  echo "the bound of $most_lines lines is for libstdc++ 12, which this is not"
fi
if [[ $macros == *'__VERSION__ "12.'* ]]; then
  hub_memory=$(megabytes hub)
  std_memory=$(megabytes std)
  echo "the compiler takes $hub_memory MB, for the standard headers alone $std_memory MB"
  [ $((hub_memory - std_memory)) -le "$most_megabytes" ] || { echo "above $most_megabytes MB of kefu's own" >&2; exit 1; }
else
  echo "the bound of $most_megabytes MB is for g++ 12, which this is not"
fi
