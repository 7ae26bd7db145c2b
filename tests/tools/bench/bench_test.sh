#!/bin/sh
# The benchmark program runs: one short case of the driver and one of the model with their figures,
# and a plain line for what it does not know.
set -u
bench=$1
failures=0

fail() { echo "FAIL: $*"; failures=$((failures + 1)); }

# expect_figure BENCHMARK COUNTER: the counter is there, and more than 0.
expect_figure() {
  "$bench" --benchmark_min_time=0.01 --benchmark_filter="^$1\$" --benchmark_format=json \
    > "$TEST_TMPDIR/json" 2> "$TEST_TMPDIR/err" || fail "$1: exit status $?: $(cat "$TEST_TMPDIR/err")"
  value=$(sed -n 's|^ *"'"$2"'": \([0-9.e+-]*\),*$|\1|p' "$TEST_TMPDIR/json")
  awk -v value="${value:-0}" 'BEGIN { exit !(value > 0) }' || fail "$1: $2 is '$value'"
}

# expect_refusal WORDS ARGUMENT...: exit status 2 and one line with WORDS.
expect_refusal() {
  words=$1
  shift
  "$bench" "$@" > "$TEST_TMPDIR/out" 2> "$TEST_TMPDIR/err"
  status=$?
  [ "$status" = 2 ] || fail "$*: exit status $status"
  grep -q "$words" "$TEST_TMPDIR/err" || fail "$*: no '$words' in: $(cat "$TEST_TMPDIR/err")"
}

expect_figure forward/batch:32 core_cycles/packet
expect_figure model/transmit_and_receive ns/packet
expect_refusal 'unknown argument --wrong' --wrong
expect_refusal 'a batch of 1 to 256' --count=ixgbe,0,512

[ "$failures" = 0 ] && echo "PASS"
exit "$failures"
