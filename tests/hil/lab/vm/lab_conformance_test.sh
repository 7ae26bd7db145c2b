#!/bin/bash
# The whole conformance suite on a lab machine, by VFIO: `hil lab vm` is the machine.
set -u
hil=$PWD/$1
functions=$2
work=$(mktemp -d)
"$hil" lab vm --iommu --folder="$work" > "$work/vm" 2>&1 &
vm=$!
trap 'kill $vm 2> /dev/null; wait $vm; rm -rf "$work"' EXIT

failed() {
  echo "FAILED: $*"
  cat "$work/vm"
  exit 1
}
# What a run could leave changed, by ssh as the command says it.
state() { { cat "$functions" && echo state; } | eval "$(grep -o '/.*ssh .*' "$work/vm") sh -s"; }

for _ in $(seq 1200); do
  [ ! -e "$work/lab.toml" ] || break
  kill -0 $vm 2> /dev/null || failed 'the machine does not come up'
  sleep 0.1
done
before=$(state) || failed 'no ssh'
grep -q '03.0 ixgbe' <<< "$before" || failed "the kernel has not the ports: $before"

# Milliseconds since the epoch.
now() { echo $((${EPOCHREALTIME/[^0-9]/} / 1000)); }
start=$(now)
# What takes a quarter of a minute, on an emulated machine.
"$hil" run --lab="$work/lab.toml" --target=lab:vm --soak-packets=200000 2>&1 |
  while IFS= read -r line; do
    echo "$line"
    [ -e "$work/first" ] || [[ $line != *1/*passed* ]] || now > "$work/first"
  done | tee "$work/out"
code=${PIPESTATUS[0]}
[ "$code" = 0 ] || failed "hil run: exit code $code"
echo "figure: first test after $(($(cat "$work/first") - start)) ms, all after $(($(now) - start)) ms"

summary=$(tail -n 1 "$work/out")
[[ $summary =~ ^([0-9]+)\ passed,\ 0\ failed,\ ([0-9]+)\ skipped$ ]] || failed "the last line: $summary"
results=$(grep -c '<testcase ' "$XML_OUTPUT_FILE")
[ "$results" = $((BASH_REMATCH[1] + BASH_REMATCH[2])) ] || failed "$results results in the XML: $summary"
[ "$results" -gt 150 ] || failed "only $results results"

after=$(state)
[ "$after" = "$before" ] || failed "the machine is not as it was: $(diff <(echo "$before") <(echo "$after"))"

kill -INT $vm
wait $vm || failed "the model has something to say"
trap 'rm -rf "$work"' EXIT
