#!/bin/bash
# The conformance program around its tests: the skip table, the seed, bad command lines, and what
# stands under a failed assertion.
set -u
program=$PWD/$1
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
unset XML_OUTPUT_FILE TEST_SHARD_INDEX TEST_TOTAL_SHARDS TESTBRIDGE_TEST_ONLY
failures=0

# expect EXIT_CODE PATTERN ARGUMENT...
expect() {
  local code=$1 pattern=$2
  shift 2
  "$program" "$@" > "$work/out" 2>&1
  local got=$?
  if [ "$got" != "$code" ] || ! grep -Eq -- "$pattern" "$work/out"; then
    echo "FAILED: conformance $*: exit code $got (expected $code), expected a line with: $pattern"
    sed 's/^/    /' "$work/out"
    failures=$((failures + 1))
  fi
}
refuse() {
  expect 2 "$@"
  if [ "$(wc -l < "$work/out")" != 1 ]; then
    echo "FAILED: conformance ${*:2}: not one line"
    sed 's/^/    /' "$work/out"
    failures=$((failures + 1))
  fi
}

refuse 'unknown target "x".*model:82599' --target=x
refuse 'nonsense' --nonsense
refuse 'seed.*not a number' --seed=-1
refuse 'cannot read /nonexistent' --expected-skips=/nonexistent

link=--gtest_filter=BringUp.LinkComesUp
threads='--gtest_filter=Threads.EachWithAPort'
expect 0 'Target model:82599, seed 1$' $link
expect 0 'Target model:82599, seed 7$' $link --seed=7
expect 0 'SKIPPED . 1 test' $threads

# The table makes sense for ports of a machine, too, whatever they are: no test runs.
for ports in 82599 82599,uio 82599,vfio virtio-net virtio-net,uio; do
  expect 0 'Running 0 tests' --as="pci:$ports" --gtest_filter=None
  expect 0 'Running 0 tests' --as="pci:$ports,control" --gtest_filter=None
done

# A skip that is not in the table fails, and a pass of a test that is.
: > "$work/empty"
expect 1 'unexpected skip: Threads.EachWithAPort' $threads --expected-skips="$work/empty"
expect 1 'FAILED  . 1 test' $threads --expected-skips="$work/empty"
echo 'model:82599 BringUp.LinkComesUp it has no link' > "$work/wrong"
expect 1 'unexpected pass: BringUp.LinkComesUp .*it has no link' \
  $link --expected-skips="$work/wrong"
echo 'model:82599 No.SuchTest whatever' > "$work/stale"
refuse 'there is no test No.SuchTest' $link --expected-skips="$work/stale"
echo 'model:82599 gibberish' > "$work/gibberish"
refuse 'line 1' $link --expected-skips="$work/gibberish"

# Each register access, under the name of its test.
expect 0 'PASSED  . 1 test' $link --register-trace="$work/trace"
if ! awk 'NR == 1 && $0 != "# BringUp.LinkComesUp" { exit 1 }
          / port [01]  [RW]  [A-Z]/ { ++lines } / port 1  R  LINKS 0x042A4 = .*{.*LINKS?_UP/ { ++up }
          END { exit !(lines > 100 && up > 0) }' "$work/trace"; then
  echo "FAILED: the register trace:"
  head -n 20 "$work/trace"
  failures=$((failures + 1))
fi
refuse 'cannot write the register trace /nonexistent/trace: No such file' $link \
  --register-trace=/nonexistent/trace
expect 2 'cannot write the register trace /dev/full: No space left' $link --register-trace=/dev/full

[ "$failures" = 0 ]
