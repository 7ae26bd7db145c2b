#!/bin/bash
# What the hil program answers to good and bad command lines.
set -u
hil=$PWD/$1
# shellcheck source=tests/hil/cli_functions.sh
. "$2"

# Help, lists, documents.
expect 0 'run .*conformance suite'
expect 0 '--target' run --help
expect 0 '^model:82599 ' targets
expect 0 'SRRCTL' regs --doc

# Bad input.
refuse 'nonsense' nonsense
refuse '--nonsense' run --nonsense
refuse '--nonsense' --nonsense
refuse 'unknown target "model:8259".*model:82599' run --target=model:8259
refuse '--target' run --target=
refuse 'nonsense' run nonsense
refuse 'nonsense' targets nonsense
refuse 'seed' run --seed=-1
refuse '"pci:x": two PCI addresses' run --target=model:82599 --target=pci:x
refuse 'seed' run --seed=x
refuse 'soak-packets' run --soak-packets=-1
refuse 'deadline' run --deadline=0
refuse 'doc' regs
refuse 'cannot run .*/none' run --suite="$work/none"

refuse 'no QEMU: cannot run .*/none: No such file' run --target=vm:virtio-net --qemu="$work/none"
refuse 'no kernel: cannot read .*/none: No such file' run --target=vm:virtio-net --qemu=/bin/true \
  --kernel="$work/none"
refuse 'no initramfs: cannot read .*/none: No such' run --target=vm:virtio-net --qemu=/bin/true \
  --initramfs="$work/none"
echo 'no kernel: apt-get failed. Try: again' > "$work/why"
refuse '^hil: no kernel: apt-get failed. Try: again$' run --target=vm:virtio-net --qemu=/bin/true \
  --kernel="$work/why"
refuse '/bin/true has no vfio-user-pci: QEMU 10.1 or later is needed' run --target=vm:82599 \
  --qemu=/bin/true
refuse 'accel' run --target=vm:virtio-net --accel=xen
refuse 'xml takes the results of one' run --target=model:82599 --target=vm:virtio-net --xml="$work/x"
refuse 'target "model:82599" is no VM' shell --target=model:82599
refuse 'no QEMU: cannot run .*/none' shell --qemu="$work/none"

# The real suite, one test of it.
expect 0 '^ *1/1 +passed .* BringUp.LinkComesUp' run --filter=BringUp.LinkComesUp
last_line '1 passed, 0 failed, 0 skipped'
expect 0 '^BringUp.LinkComesUp +[0-9]+ ms +[0-9]+ ms' run --filter=BringUp.LinkComesUp \
  --target=model:82599 --target=model:82599,threads
last_line '2 passed, 0 failed, 0 skipped'
expect 0 'skipped .*Threads.EachWithAPort.*: the target is single-threaded' \
  run --filter='Threads.EachWithAPort*'
last_line '0 passed, 0 failed, 1 skipped'
expect 2 'no test matches --filter=Nothing.*' run --filter='Nothing.*'

# Suites that fail, crash, hang, or do not start.
suite fails <<'EOF'
echo "[==========] Running 2 tests from 1 test suite."
echo "[ RUN      ] A.One"
echo "[       OK ] A.One (1 ms)"
echo "[ RUN      ] A.Two"
echo "a.cc:7: Failure"
echo "$*"
echo "[  FAILED  ] A.Two (2 ms)"
echo "[==========] 2 tests from 1 test suite ran. (3 ms total)"
exit 1
EOF
expect 1 'a.cc:7: Failure' run --suite="$work/fails"
last_line '1 passed, 1 failed, 0 skipped'
expect 1 '--target=model:82599 --seed=7 --gtest_filter=A.* .*--soak-packets=99' \
  run --suite="$work/fails" --seed=7 '--filter=A.*' --soak-packets=99
# A relative path is relative to where the user stands, also when `bazel run` stands elsewhere.
export BUILD_WORKING_DIRECTORY=$work
expect 1 'FAILED on model:82599: A.Two' run --suite=fails
unset BUILD_WORKING_DIRECTORY

suite crashes <<'EOF'
echo "[==========] Running 2 tests from 1 test suite."
echo "[ RUN      ] A.One"
kill -SEGV $$
EOF
expect 1 'crashed: Segmentation fault' run --suite="$work/crashes"
last_line '0 passed, 1 failed, 0 skipped'

suite hangs <<'EOF'
echo "[==========] Running 2 tests from 1 test suite."
echo "[ RUN      ] A.One"
sleep 1000
EOF
expect 1 'killed: the suite did not end within 1 s' run --suite="$work/hangs" --deadline=1
last_line '0 passed, 1 failed, 0 skipped'

suite quits_early <<'EOF'
echo "[==========] Running 2 tests from 1 test suite."
echo "[ RUN      ] A.One"
echo "[       OK ] A.One (1 ms)"
EOF
expect 1 'the end of the run' run --suite="$work/quits_early"
last_line '1 passed, 1 failed, 0 skipped'

suite leaks <<'EOF'
echo "[==========] Running 1 test from 1 test suite."
echo "[ RUN      ] A.One"
echo "[       OK ] A.One (1 ms)"
echo "[==========] 1 test from 1 test suite ran. (3 ms total)"
echo "SUMMARY: 64 bytes leaked"
exit 23
EOF
expect 1 'SUMMARY: 64 bytes leaked' run --suite="$work/leaks"
last_line '1 passed, 1 failed, 0 skipped'

# A VM with a NIC process, both made up: all tests pass, but the card is asked too.
suite qemu <<'EOF'
[ "$*" != '-device vfio-user-pci,help' ] || { echo 'vfio-user-pci options:'; exit; }
for argument; do case $argument in socket,id=ixylab.output,fd=*) output=${argument##*=} ;; esac; done
printf '%b' '\1ready\n[==========] Running 1 test from 1 test suite.\n[ RUN      ] A.One\n' \
  '[       OK ] A.One (1 ms)\n[==========] 1 test from 1 test suite ran. (3 ms total)\n\1exit 0 0\n' \
  >&"$output"
sleep 1000
EOF
suite nic <<'EOF'
for argument; do case $argument in --control=fd:*) control=${argument##*:} ;; esac; done
trap 'exit 0' TERM
echo "nic: last words"
while read -r request <&$control; do
  case $request in unknown | faults) printf '%b' "$request ${!request}\n" ;; esac >&$control
  echo ok >&$control
done
EOF
mkdir -p "$work/runfiles/ixylab/emulator/nic"
mv "$work/nic" "$work/runfiles/ixylab/emulator/nic"
run_with_nic() {
  local code=$1 pattern=$2 accesses=$3 refused=$4
  unknown=$accesses faults=$refused RUNFILES_DIR="$work/runfiles" expect "$code" "$pattern" run \
    --target=vm:82599 --accel=tcg --qemu="$work/qemu" --kernel="$work/qemu" --initramfs="$work/qemu" \
    --suite="$work/fails"
}
run_with_nic 0 'passed .*A.One' 0 0
last_line '1 passed, 0 failed, 0 skipped'
run_with_nic 1 '^ *BAR 0 offset 0x12340, once' '1\nBAR 0 offset 0x12340, once' 0
last_line '1 passed, 1 failed, 0 skipped'
run_with_nic 1 '^ *port 0: RX queue 0 descriptor 17' 0 '1\nport 0: RX queue 0 descriptor 17'
run_with_nic 1 '^ *nic: last words' 2 0

suite does_not_start <<'EOF'
echo "conformance: something is missing" >&2
exit 2
EOF
expect 2 'something is missing' run --suite="$work/does_not_start"

# Ctrl-C ends the suite and says so.
suite waits <<'EOF'
echo $$ > "${0}.pid"
echo "[==========] Running 2 tests from 1 test suite."
echo "[ RUN      ] A.One"
sleep 1000
EOF
"$hil" run --suite="$work/waits" > "$work/out" 2>&1 &
pid=$!
for _ in $(seq 600); do [ -s "$work/waits.pid" ] && break; sleep 0.1; done
# A shell starts background jobs with SIGINT ignored, so SIGTERM stands in for it.
kill -TERM $pid
wait $pid
code=$?
if [ $code != 130 ] || ! grep -q '^interrupted' "$work/out"; then
  fail "interrupted: exit code $code"
fi
if kill -0 "$(cat "$work/waits.pid")" 2> /dev/null; then
  fail "the suite outlives an interrupted hil"
fi

finish
