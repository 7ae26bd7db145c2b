#!/bin/sh
# fuzz_test.sh FUZZER CORPUS MAX_LEN: some seconds of libFuzzer, as a test.
mkdir "$TEST_TMPDIR/found" &&
  exec "$1" -max_len="$3" -max_total_time=8 -timeout=20 -print_final_stats=1 \
    -artifact_prefix="${TEST_UNDECLARED_OUTPUTS_DIR:-$TEST_TMPDIR}/" "$TEST_TMPDIR/found" "$2"
