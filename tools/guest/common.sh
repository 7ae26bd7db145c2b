# What make_image and make_tools share; sourced with the path of private_apt as $1. Works in a folder of
# its own, which goes away at the end; $result is the folder in which it was called.
# shellcheck shell=sh disable=SC2034
set -eu

die() { echo "$*" >&2; exit 1; }

private_apt=$(readlink -f "$1")
result=$PWD
work=$PWD/guest.$$
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work"
cd "$work"
command -v dpkg-deb > /dev/null || die "dpkg-deb is not installed; try: apt-get install dpkg"

# apt SUITE TOOL ARGUMENT...: lists of one suite each, since apt takes backports only when told.
apt() {
  suite=$1
  shift
  "$private_apt" "$work/apt-$suite" "$suite" "$@"
}

# unpack_packages SUITE FOLDER PACKAGE...: their files into FOLDER.
unpack_packages() {
  from_suite=$1 into=$2
  shift 2
  mkdir -p "$into" debs
  (cd debs && apt "$from_suite" apt-get download "$@")
  for deb in debs/*.deb; do dpkg-deb -x "$deb" "$into"; done
  rm -r debs
}

# archive FOLDER FILE: a cpio archive that depends on names and contents alone.
archive() {
  (
    cd "$1"
    find . -exec touch -hd @0 {} +
    find . | LC_ALL=C sort |
      "$busybox" cpio --quiet -o -H newc -R 0:0 --renumber-inodes --ignore-devno
  ) > "$2"
}

unpack_packages running busybox busybox-static
busybox=$(find "$PWD/busybox" -type f -path '*bin/busybox')
