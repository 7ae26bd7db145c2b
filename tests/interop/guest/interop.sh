# In the guest: the kernel's own driver on the two cards, each in a network namespace, a and b, where it
# is called nic. Says what it sees, by section (a line "=== NAME"); the host judges. Comes after cards.sh.
#
#   sh -c SCRIPT interop MODULE
# shellcheck disable=SC2086,SC2154
# Frames that found no room in the driver's rings.
drops() { ask counters | awk '/ (no buffer|missed|dropped) / { sum += $NF } END { print sum + 0 }'; }
# What IP, TCP and UDP of both sides counted.
protocols() {
  both sh -c 'cat /proc/net/snmp /proc/net/netstat' | awk '
    $1 == name { for (i = 2; i <= NF; ++i) sum[$1 names[i]] += $i; name = ""; next }
    { name = $1; split($0, names, " ") }
    END { for (i in sum) print i ": " sum[i] }'
}
# iperf ADDRESS ARGUMENT...: iperf3 in one line of JSON; what was dropped meanwhile, and why TCP sent
# segments again: after a timeout, because of others that were late, without need (DSACK).
iperf() {
  before=$(drops)
  protocols > /tmp/before
  in_a iperf3 -J -c "$@" 2>&1 | tr -d '\n\t'
  echo
  echo "drops: $(($(drops) - before))"
  protocols | awk -F ': ' 'NR == FNR { before[$1] = $2; next } { print $1 ": " $2 - before[$1] }' \
    /tmp/before - | grep -E 'Retrans|Timeouts|Reorder|DSACKRecv|LossProbes|SpuriousRTOs|BacklogDrop' | grep -v ': 0$'
}
# What both sides count, at a moment in which nothing moves.
counters() {
  for _ in $(seq 20); do
    before=$(ask counters)
    statistics=$(for ns in a b; do
      ip netns exec $ns ethtool -S nic | sed -n "s/^ *\(.*\): \([0-9]*\)$/$ns \1: \2/p"
      ip netns exec $ns grep -H . -r /sys/class/net/nic/statistics/ | sed "s/.*\//$ns link_/; s/:/: /"
    done)
    [ "$(ask counters)" != "$before" ] || { echo "quiet: yes"; break; }
  done
  echo "$before" | sed 's/ \([0-9]*\)$/: \1/'
  echo "$statistics"
  protocols | grep -E 'Errors: |RetransSegs: '
}

section kernel
uname -r
if [ "$module" = ixgbe ]; then
  section mmio
  card=/sys/bus/pci/devices/0000:00:02.0
  echo 1 > $card/enable
  mmio_time $card/resource0 0x200  # LEDCTL
  echo 0 > $card/enable
fi

section probe
start=$(uptime)
modprobe "$module"
echo "modprobe: $?"
bring_up
until_carriers 2 && echo "link: yes"
echo "seconds: $start $(uptime)"
for ns in a b; do
  echo "mac $ns: $(ip -br -n $ns link show nic | awk '{ print $3 }')"
  ip netns exec $ns ethtool -i nic | sed "s/^/$ns /"
  ip netns exec $ns ethtool nic | sed -n "s/^[[:space:]]*\(Speed\|Duplex\|Link detected\)/$ns \1/p"
done
if [ "$module" = ixgbe ]; then
  for ns in a b; do
    echo "eeprom $ns: $(ip netns exec $ns ethtool -e nic offset 0 length 192 |
      sed -n 's/^0x[0-9a-f]*: *//p' | tr -d ' \n\t')"
  done
fi
# A digit for each feature bit that the driver accepted.
for virtio in /sys/bus/pci/devices/0000:00:0[23].0/virtio*; do
  [ ! -e "$virtio" ] || echo "features: $(cat "$virtio/features")"
done
in_a ethtool -k nic | grep -E ': on' | tr -d '\t' | tr '\n' ' '
echo

section ping
passes
for size in 0 1 2 3 17 18 19 36 37 56 63 64 65 100 127 128 256 511 512 1000 1024 1471 1472; do
  echo "size $size: $(ping_b -c 3 -l 3 -i 3 -W 5 -M "do" -s $size | head -n 1)"
done
echo "size 1473: $(in_a /bin/ping -c 1 -W 1 -M "do" -s 1473 $b 2>&1 | grep -i 'too long')"
echo "size 9000, in fragments: $(ping_b -c 3 -l 3 -i 3 -W 5 -s 9000 | head -n 1)"
section flood
ping_b -f -c 5000
section rtt
ping_b -c 200 -i 0.005

# What is lost is lost by the card: fq_codel, the kernel's default, drops what waits while pause frames hold
# the card up, 64 KiB of segments at a time.
both /bin/tc qdisc replace dev nic root pfifo limit 10000
# For UDP: what waits for its reader is not lost.
for limit in rmem_max wmem_max; do echo 33554432 > /proc/sys/net/core/$limit; done
in_b iperf3 -s > /tmp/server 2>&1 &
server=$!
usleep 500000
section tcp && iperf $b -t 3
section tcp_reverse && iperf $b -t 3 -R
section tcp_ipv6 && iperf $b6 -t 1
section udp && iperf $b -t 2 -u -w 16M -b 20M
section udp_reverse && iperf $b -t 2 -u -w 16M -b 20M -R
section udp_fast && iperf $b -t 2 -u -w 16M -b 0
{ kill $server; wait $server; } 2> /dev/null

section counters
counters
# With a frame to send at the moment in which the link is lost, ixgbe resets the card, and says so as a
# warning: none of IPv6's own from here on.
both sh -c "echo 1 > $no_ipv6"
usleep 500000

section casts
casts() { in_b ethtool -S nic | sed -n 's/^ *\(broadcast\|multicast\)/\1/p' | tr '\n' ' '; }
if [ "$module" = ixgbe ]; then
  echo "before: $(casts)"
  in_a /bin/ping -q -c 7 -l 7 -W 1 -b 10.0.0.255 > /dev/null 2>&1
  in_a /bin/ping -q -c 5 -l 5 -W 1 -I nic 224.0.0.1 > /dev/null 2>&1
  echo "after: $(casts)"
fi

section down_up
for round in 1 2 3 4 5; do
  for ns in a b; do ip -n $ns link set nic down; done
  for ns in a b; do ip -n $ns link set nic up; done
  until_carriers 2
  passes
done

section flap
for round in 1 2 3; do
  echo "<6>interop: link down" > /dev/kmsg
  ask 'link down'
  until_carriers 0 && echo "seen: down"
  echo "<6>interop: link up" > /dev/kmsg
  ask 'link up'
  until_carriers 2 && echo "seen: up"
  passes
done

section reload
for round in $(seq 20); do
  rmmod "$module" || echo "rmmod fails"
  modprobe "$module" || echo "modprobe fails"
  [ "$(grep -c eth /proc/net/dev)" = 2 ] && echo "round $round: both cards"
done
bring_up
until_carriers 2 && echo "link: yes"
passes

section log
dmesg -r
section end
