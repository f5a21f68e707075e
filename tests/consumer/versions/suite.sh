#!/usr/bin/env bash
# suite.sh SUITE MIRROR FOLDER [package…]: builds kefu and runs its unit tests in another release of Debian (trixie, sid)
# of that mirror, with that one's compilers and libraries. It lays the release out in FOLDER (3 GiB; needs root and debootstrap), and
# may be run again for what was changed. Named packages (libfmt-dev/experimental) are taken as well. CXX chooses
# another compiler, STANDARD another standard (23). Takes half an hour on two cores, most of it compiling.
set -euo pipefail
suite=$1
mirror=$2
root=$3
shift 3
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)

[ -e "$root/etc/debian_version" ] || debootstrap --variant=minbase "$suite" "$root" "$mirror"
# A mirror that stands still is as good.
printf 'deb [check-valid-until=no] %s %s main\n' "$mirror" "$suite" "$mirror" experimental \
  >"$root/etc/apt/sources.list"
packages=(doctest-dev ccache clang libllhttp-dev)
# Newer releases have llhttp in its forerunner's place.
while read -r package _; do
  [ "$package" = libhttp-parser-dev ] || packages+=("$package")
done < <(sed -E 's/#.*//; /^[[:space:]]*$/d' "$source/cmake/debian-packages.txt")
chroot "$root" apt-get update -qq
DEBIAN_FRONTEND=noninteractive chroot "$root" \
  apt-get install -y -qq --no-install-recommends "${packages[@]}" "$@"

# Some tests look up in it what is open, and when the machine was started.
mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
mkdir -p "$root/kefu"
for folder in CMakeLists.txt cmake examples include src tests; do
  rm -rf "${root:?}/kefu/$folder"
  cp -a "$source/$folder" "$root/kefu/"
done
chroot "$root" sh -c "
  set -e
  cd /kefu
  \${CXX:-c++} --version | head -1
  dpkg-query -W libasio-dev libfmt-dev libsimdjson-dev doctest-dev libllhttp-dev libnats-dev libssl-dev
  cmake -G Ninja -S . -B build -DCMAKE_BUILD_TYPE=None -DKEFU_BUILD_EXAMPLES=OFF -DKEFU_BUILD_BENCH=OFF \
    -DKEFU_WARNINGS_AS_ERRORS=ON -DCMAKE_CXX_STANDARD=${STANDARD:-20}
  ninja -C build -k 0 src/all tests/unit/all
  ctest --test-dir build -L '^unit\$' -j 2 --output-on-failure"
