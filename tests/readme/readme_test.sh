#!/bin/sh
# readme_test.sh README.md program.cc program: the README shows that program, and it works.
set -eu
readme=$1 source=$2 program=$3
awk '/^```cpp$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$readme" > "$TEST_TMPDIR/shown.cc"
if ! diff "$TEST_TMPDIR/shown.cc" "$source"; then
  echo "README.md shows another program than $source: copy it there" >&2
  exit 1
fi
said=$("$program")
if [ "$said" != "sent 32, received 32, missed 0" ]; then
  echo "the program says: $said" >&2
  exit 1
fi
