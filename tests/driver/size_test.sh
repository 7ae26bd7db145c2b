#!/bin/bash
# //driver/examples:forward is under 1,000 lines of code with all that it links, as cloc counts them:
# nothing left out, clang-formatted, lines of at most 100 columns. What it does not link is counted
# apart.
#
#   size_test.sh LABELS    the source files that forward is built from, one label a line
set -euo pipefail
limit=1000

fail() {
  echo "FAILED: $*"
  exit 1
}
# Prints each file's count, sets $lines to their sum.
count() {
  local table
  table=$(cloc --quiet --csv --by-file "$@")
  awk -F, '$2 ~ /^driver/ { printf "%5d %s\n", $5, $2 }' <<< "$table"
  lines=$(awk -F, '$1 == "SUM" { print $5 }' <<< "$table")
}

[ -x /usr/bin/cloc ] || fail "no cloc: apt-get install cloc"
[ -x /usr/bin/clang-format ] || fail "no clang-format: apt-get install clang-format"

mapfile -t sources < <(sed -n 's,^//\(driver[^:]*\):,\1/,p' "$1" | grep -E '\.(h|cc)$' | sort)
for needed in driver/bus.h driver/device.h driver/examples/forward.cc driver/ixgbe/ixgbe.cc \
  driver/ixgbe/queue.h driver/ixgbe/registers.h driver/memory_pool.cc driver/pci/pci.cc; do
  [[ " ${sources[*]} " == *" $needed "* ]] || fail "$needed is not among what forward is built from"
done
[[ "${sources[*]}" != *virtio* && "${sources[*]}" != *vfio* && "${sources[*]}" != *uio* ]] ||
  fail "the forwarder is built from virtio, VFIO or UIO: ${sources[*]}"
! grep -E '^//' "$1" | grep -v '^//driver' || fail "the forwarder is built from other parts"

# Every include is one of these files or the system's.
included=$(sed -n 's,^#include "\(.*\)",\1,p' "${sources[@]}" | sort -u)
for header in $included; do
  [[ " ${sources[*]} " == *" $header "* ]] || fail "$header is included, but not counted"
done

for source in "${sources[@]}"; do
  clang-format --style=file --dry-run -Werror "$source" || fail "$source is not clang-formatted"
  ! awk 'length($0) > 100 { print FILENAME ": " $0; bad = 1 } END { exit !bad }' "$source" ||
    fail "$source has lines of more than 100 columns"
done

# Counts the files of folder $1 that forward is not built from, which are $2.
count_apart() {
  local apart=()
  for source in "$1"/*.h "$1"/*.cc; do
    [[ " ${sources[*]} " == *" $source "* ]] || apart+=("$source")
  done
  count "${apart[@]}"
  echo "$lines lines: $2, which forward does not link"
}
count_apart driver/virtio "virtio"
count_apart driver/pci "UIO and VFIO, interrupts among them"
count_apart driver/ixgbe "the 82599's options (several queues, offloads, longer frames, waiting) and the EEPROM's checksum"
count "${sources[@]}"
echo "$lines lines: forward with all that it links"
[ "$lines" -gt 500 ] || fail "$lines lines: not all of it is counted"
[ "$lines" -lt "$limit" ] || fail "$lines lines: $limit are too many"
