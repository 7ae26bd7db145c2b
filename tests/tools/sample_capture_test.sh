#!/bin/sh
# The sample capture is what it has always been, and tcpdump finds nothing wrong in it.
set -eu
capture=$1

fail() {
  echo "FAIL: $*" >&2
  exit 1
}

read_capture() {
  tcpdump -n -r "$capture" "$@" >"$TEST_TMPDIR/dump" 2>"$TEST_TMPDIR/err" ||
    fail "tcpdump: $(cat "$TEST_TMPDIR/err")"
}

expect() {  # expect COUNT FILTER
  read_capture "$2"
  found=$(wc -l <"$TEST_TMPDIR/dump")
  [ "$found" -eq "$1" ] || fail "$found packets are '$2', not $1"
}

command -v tcpdump >/dev/null || fail "tcpdump is not installed; try: apt-get install tcpdump"

expect 337 ''
expect 2 'arp'
expect 2 'icmp6 and (ip6[40] == 135 or ip6[40] == 136)'
expect 1 'ether broadcast and udp port 67'
expect 2 'ether multicast and not ether broadcast'
expect 4 'udp port 53'
expect 62 'vlan'
expect 2 'tcp[tcpflags] == tcp-syn'
expect 27 'greater 1514'
expect 0 'greater 1515'
expect 37 'less 59'

# With -vv tcpdump checks all checksums.
read_capture -vv
if grep -E 'bad|incorrect|wrong|invalid|\[\|' "$TEST_TMPDIR/dump" >&2; then
  fail "tcpdump complains, see above"
fi
grep -q 'cksum 0x.* (correct)' "$TEST_TMPDIR/dump" || fail "tcpdump checked no checksum"

digest=$(sha256sum <"$capture" | cut -d ' ' -f 1)
[ "$digest" = b65a85d9bf615fb61bc7ab8b0c1b8adcb7be5ef4c4d0d6281aea41e4c6c22b89 ] ||
  fail "the capture's SHA-256 is $digest now"
echo "PASS"
