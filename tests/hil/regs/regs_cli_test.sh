#!/bin/bash
# hil regs and hil record: what they make, and what they answer to bad command lines.
set -u
hil=$PWD/$1
# shellcheck source=tests/hil/cli_functions.sh
. "$2"

# A dump: in words, as JSON, in a file; and compared.
expect 0 '^RXCTRL 0x03000 = 0x00000001 {RXEN=1}$' regs --target=model:82599
expect 0 '^{"name":"RXCTRL","offset":"0x03000","value":"0x00000001","fields":{"RXEN":1}},$' \
  regs --target=model:82599 --json
expect 0 '^[0-9]+ registers of model:82599, port 1, reset \(' \
  regs --target=model:82599 --port=1 --state=reset --output="$work/reset.json"
expect 0 '^0 of [0-9]+ registers differ$' regs compare "$work/reset.json"
expect 0 'registers of model:82599, port 0, open' \
  regs --target=model:82599 --output="$work/open.json"
expect 0 '^0 of [0-9]+ registers differ$' regs compare model:82599 "$work/open.json"
sed 's/"value":"0x05040100"/"value":"0x05040101"/' "$work/open.json" > "$work/chip.json"
expect 1 '^    LEDCTL 0x00200 .*: A 0x05040101, B 0x05040100: LED0_MODE 0x1, 0x0$' \
  regs compare "$work/chip.json"
expect 1 '"provenance": "Vigor"' regs compare --json "$work/chip.json" "$work/open.json"

# Bad input.
refuse 'regs: --target or --doc' regs
refuse 'unknown target "model:x"' regs --target=model:x
refuse 'model:virtio-net.*virtio-net device' regs --target=model:virtio-net
refuse 'vm:virtio-net.*virtio-net device' record --target=vm:virtio-net --output="$work/x"
refuse 'port' regs --target=model:82599 --port=2
refuse 'state "asleep": open or reset' regs --target=model:82599 --state=asleep
refuse 'cannot write /nonexistent/x: No such file' regs --target=model:82599 \
  --output=/nonexistent/x
refuse 'cannot write /dev/full: No space' regs --target=model:82599 --output=/dev/full
refuse 'cannot read .*/none' regs compare "$work/none"
refuse 'unknown target "model:x"' regs compare model:x
refuse 'model:virtio-net.*virtio-net device' regs compare "$work/open.json" model:virtio-net
refuse 'different states, or of different ports' regs compare "$work/open.json" "$work/reset.json"
echo '{"nic": "x540"}' > "$work/other.json"
refuse 'other.json: a dump of another device: "x540"' regs compare "$work/other.json"
head -c 5000 "$work/open.json" > "$work/cut.json"
refuse 'cut.json: ' regs compare "$work/cut.json"
refuse '0000:ff:1f.6' regs --target=pci:0000:ff:1f.6,0000:ff:1f.7 --output="$work/none"
if [ -e "$work/none" ]; then fail "a file is left where nothing was read"; fi
refuse 'no QEMU: cannot run .*/none' regs --target=vm:82599 --qemu="$work/none"
refuse 'none.toml' regs --target=lab:rack1 --lab="$work/none.toml"

# A recording: one port's, or both's.
expect 0 '^port 0: [0-9]+ lines$' record --target=model:82599 --output="$work/a.trace"
expect 0 '^port 1: [0-9]+ lines$' record --target=model:82599 --output="$work/b.trace" --port=both
if ! cmp "$work/a.trace" "$work/b.trace.0" || cmp -s "$work/b.trace.0" "$work/b.trace.1"; then
  fail "the two ports' traces"
fi
refuse 'target' record --output="$work/x"
refuse 'output' record --target=model:82599
refuse 'port' record --target=model:82599 --output="$work/x" --port=2
refuse 'cannot write /nonexistent/x: No such file' record --target=model:82599 \
  --output=/nonexistent/x

finish
