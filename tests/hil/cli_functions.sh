# What tests of hil's command line share. They set $hil, and call finish at the end.
# shellcheck shell=bash
: "${hil:?}"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
failures=0

# fail WHAT...: with what hil wrote.
fail() {
  echo "FAILED: $*"
  sed 's/^/    /' "$work/out" "$work/err"
  failures=$((failures + 1))
}

# expect EXIT_CODE PATTERN ARGUMENT...: runs hil; PATTERN (grep -E) must match a line of its output.
expect() {
  local code=$1 pattern=$2
  shift 2
  "$hil" "$@" > "$work/out" 2> "$work/err"
  local got=$?
  if [ "$got" != "$code" ] || ! cat "$work/out" "$work/err" | grep -Eq -- "$pattern"; then
    fail "hil $*: exit code $got (expected $code), expected a line with: $pattern"
  fi
}

# The same for bad input: nothing on standard output, one line on standard error, exit code 2.
refuse() {
  expect 2 "$@"
  if [ -s "$work/out" ] || [ "$(wc -l < "$work/err")" != 1 ]; then
    fail "hil ${*:2}: not one line on standard error:"
  fi
}

last_line() {
  [ "$(tail -n 1 "$work/out")" = "$1" ] ||
    fail "last line \"$(tail -n 1 "$work/out")\" in place of \"$1\""
}

# suite NAME: makes a conformance program of what stands on standard input.
suite() {
  { echo '#!/bin/bash'; cat; } > "$work/$1"
  chmod +x "$work/$1"
}

finish() { [ "$failures" = 0 ]; exit; }
