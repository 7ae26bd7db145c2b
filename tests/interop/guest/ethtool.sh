# In the guest: ethtool on ixgbe, on both cards. Says what it sees, by section; the host judges. Comes
# after cards.sh.
#
#   sh -c SCRIPT ethtool MODULE INTERRUPTS
#
# INTERRUPTS other than msix: only what they matter for.
# shellcheck disable=SC2046,SC2086,SC2154
mode=$2
# The key of Microsoft's verification suite for RSS.
key=6d:5a:56:da:25:5b:0e:c2:41:67:25:3d:43:a3:8f:b0:d0:ca:2b:cb:ae:7b:30:b4:77:cb:2d:a3:80:30:f2:0c:6a:42:b7:3b:be:ac:01:fa
# tool NAMESPACE ARGUMENT...: ethtool there.
tool() {
  ns=$1
  shift
  ip netns exec "$ns" ethtool "$@"
}
# self_test NAMESPACE MODE: a result for each test, 0 where it passes. Interrupt=4: no interrupt within the
# 10 ms that the driver waits for each, which an emulated machine may need longer for; then once more.
self_test() {
  for _ in 1 2 3; do
    tool $1 -t nic $2 > /tmp/result
    echo "$2 $1: code=$? $(sed -n 's/^\([A-Z][a-z]*\) *test .*[[:space:]]\([0-9]*\)$/\1=\2/p' /tmp/result | tr '\n' ' ')"
    until_carriers 2
    grep -q '^Interrupt test.*[[:space:]]4$' /tmp/result || return
  done
}
# What the model says of both ports, ethtool -S, and what UDP counts, at a moment in which nothing moves.
statistics() {
  for _ in $(seq 50); do
    before=$(ask counters)
    driver=$(for ns in a b; do tool $ns -S nic | sed -n "s/^ *\(.*\): \([0-9]*\)$/$ns \1: \2/p"; done)
    [ "$(ask counters)" != "$before" ] || { echo "quiet: yes"; break; }
  done
  echo "$before" | sed 's/ \([0-9]*\)$/: \1/'
  echo "$driver"
  in_b awk '/^Udp: [0-9]/ { print "b UDP without a port: " $3 "\nb UDP checksum errors: " $8 }' /proc/net/snmp
}
# since FILE: what `statistics` says now, less what is in FILE, where that is not 0.
since() {
  statistics | awk -F ': ' 'NR == FNR { before[$1] = $2; next }
    $2 ~ /^[0-9]/ { if ($2 != before[$1]) print $1 ": " $2 - before[$1]; next } { print }' "$1" -
}
# Interrupts of both cards so far.
interrupts() { awk '/nic/ { for (i = 2; i <= 3; ++i) sum += $i } END { print sum + 0 }' /proc/interrupts; }
# The model's frames from a to b.
sent() { ask counters | sed -n 's/^port 0 sent \([0-9]*\)$/\1/p'; }
# change NAMESPACE ARGUMENT...: a setting that resets the card.
change() {
  tool "$@" || echo "error: ethtool $*: $?"
  until_carriers 2
}
tracing=/sys/kernel/tracing
# Of frames with more than 1,000 bytes: what the kernel had to send (queue), what the driver was asked to
# send (send), what it handed on (receive), and what the kernel made of that (deliver).
traced() {
  awk '
    BEGIN {
      names["net_dev_queue"] = "queue"; names["net_dev_start_xmit"] = "send"
      names["napi_gro_receive_entry"] = "receive"; names["netif_receive_skb"] = "deliver"
    }
    / dev=nic / {
      event = $0
      sub(/: dev=.*/, "", event)
      sub(/.* /, "", event)
      event = names[event]
      for (i = 1; i <= NF; ++i) if (split($i, pair, "=") == 2) f[pair[1]] = pair[2]
      ++n[event]
      n[event "_big"] += f["len"] > 1600
      n[event "_tagged"] += f["vlan_tagged"] == 1
      if (event == "send") {
        n["send_partial"] += f["ip_summed"] == 3
        n["send_gso"] += f["gso_size"] > 0
        n["send_scattered"] += f["data_len"] > 0
      } else if (event == "receive") {
        n["receive_checked"] += f["ip_summed"] == 1
        n["receive_hashed"] += f["hash"] !~ /^0x0*$/
      }
    }
    END { for (i in n) print i "=" n[i] }' $tracing/trace
}
# transfer NAME [ADDRESS]: a file from a to b, and in one line what became of it.
transfer() {
  before=$(sent)
  echo > $tracing/trace
  echo 1 > $tracing/tracing_on
  in_b timeout 20 nc -l -p 7000 <&5 > /tmp/received &
  for _ in $(seq 100); do
    in_a timeout 20 nc ${2:-$b} 7000 < /tmp/file 2> /dev/null && break
    usleep 10000
  done
  wait $!
  echo 0 > $tracing/tracing_on
  cmp -s /tmp/file /tmp/received && same=yes || same=no
  echo "$1: same=$same sent=$(($(sent) - before)) $(traced | tr '\n' ' ')"
}
# offload NAME FEATURE STATE...: on both cards, then a transfer.
offload() {
  name=$1
  shift
  for ns in a b; do tool $ns -K nic "$@" > /dev/null || echo "error: ethtool -K $*: $?"; done
  until_carriers 2
  transfer "$name"
}
speed() { in_a iperf3 -J -c $b -t 2 2>&1 | tr -d '\n\t'; echo; }

section kernel
uname -r

section probe
# With a frame to send at the moment in which the link is lost, ixgbe resets the card, and says so as a
# warning: none of IPv6's own.
both sh -c "echo 1 > $no_ipv6"
modprobe "$module"
bring_up
until_carriers 2 && echo "link: yes"
passes
sed -n 's/^ *[0-9]*: *//p' /proc/interrupts | grep nic

section self_test
uptime
for ns in a b; do self_test $ns offline; done
for ns in a b; do self_test $ns online; done
passes
uptime

/bin/ip netns exec b iperf3 -s > /tmp/server 2>&1 &
server=$!
until in_b netstat -ltn | grep -q :5201; do usleep 20000; done
section speed
speed
if [ "$mode" = msix ]; then
  section show
  for ns in a b; do
    tool $ns -d nic | sed -n "s/^0x\([0-9A-F]*\): \([A-Z0-9_]*\) .*(.*) *0x\([0-9A-F]*\)$/$ns \2: \3/p
      s/^  *\(.*\): *\([^ ]*\)$/$ns \1: \2/p"
  done

  section module
  tool a -m nic | sed "s/^[[:space:]]*//; s/ *: /: /"
  tool b -m nic hex on offset 0 length 96

  section eeprom
  # dump NAMESPACE NAME: all of it, as it is in the file.
  dump() { echo "$1 $2: $(tool $1 -e nic raw on | od -An -v -tx1 | tr -d ' \n')"; }
  for ns in a b; do dump $ns before; done
  # Word 0x14 is the manufacturer's own. What is written is bytes, the low one of a word first.
  tool a -E nic magic 0x10FB8086 offset 0x28 value 0x5A || echo "error: $?"
  tool a -E nic magic 0x10FB8086 offset 0x29 value 0xC3 || echo "error: $?"
  for ns in a b; do dump $ns written; done
  self_test a online
  tool a -E nic magic 0x10FB8087 offset 0x28 value 0 2> /dev/null && echo "error: wrong magic"
  for offset in 0x28 0x29; do tool a -E nic magic 0x10FB8086 offset $offset value 0; done
  dump a after
  passes

  section identify
  leds() { tool a -d nic | sed -n 's/.*LEDCTL .*0x\(.*\)/\1/p'; }
  echo "before: $(leds)"
  /bin/ip netns exec a ethtool -p nic 1 &
  while kill -0 $! 2> /dev/null; do echo "during: $(leds)"; done
  wait $!
  echo "code: $?"
  echo "after: $(leds)"

  section statistics
  statistics > /tmp/statistics
  ping_b -c 100 -i 0.005 -W 5 -s 1000
  since /tmp/statistics

  mount -t tracefs none $tracing
  cd $tracing/events/net || exit
  for event in net_dev_start_xmit napi_gro_receive_entry net_dev_queue netif_receive_skb; do
    echo 'len > 1000' > $event/filter
    echo 1 > $event/enable
  done
  cd / || exit
  echo 0 > $tracing/tracing_on
  head -c 1000000 /dev/urandom > /tmp/file
  mkfifo /tmp/open  # nc takes an end of its input for that of the transfer
  exec 5<> /tmp/open

  section offloads
  statistics > /tmp/statistics
  transfer 'all on'
  offload 'rx off' rx off
  offload 'tx off' rx on tx off
  offload 'sg off' tx on sg off
  offload 'tso off' sg on tso off
  offload 'tso and gso off' gso off
  offload 'gro off' gso on tso on gro off
  offload 'rxhash off' gro on rxhash off
  offload 'all on again' rxhash on
  # Each of these resets the card.
  offload 'lro on' lro on
  offload 'ntuple on' lro off ntuple on
  offload 'rx-all on' ntuple off rx-all on
  offload 'rx-all off' rx-all off
  uptime

  section udp_segmentation
  for state in off on; do
    tool a -K nic tx-udp-segmentation $state > /dev/null
    statistics > /tmp/before
    echo > $tracing/trace
    echo 1 > $tracing/tracing_on
    in_a burst $b 10 44800 1400
    since /tmp/before > /tmp/since
    echo 0 > $tracing/tracing_on
    echo "$state: sent=$(sed -n 's/^port 0 sent: //p' /tmp/since)" \
      "arrived=$(sed -n 's/^b UDP without a port: //p' /tmp/since) $(traced | tr '\n' ' ')"
  done

  section vlan
  modprobe 8021q
  for ns in a b; do
    ip -n $ns link add link nic name v type vlan id 5
    ip -n $ns link set v up
  done
  ip -n a addr add 10.0.5.1/24 dev v
  ip -n b addr add 10.0.5.2/24 dev v
  # And a VLAN that b does not know.
  ip -n a link add link nic name w type vlan id 6
  ip -n a link set w up
  ip -n a addr add 10.0.6.1/24 dev w
  ip -n a neigh add 10.0.6.2 lladdr "$(in_b cat /sys/class/net/nic/address)" dev w
  transfer 'all on' 10.0.5.2
  # vlan_offload NAME FEATURE STATE...: the same on the VLAN.
  vlan_offload() {
    name=$1
    shift
    for ns in a b; do tool $ns -K nic "$@" > /dev/null || echo "error: ethtool -K $*: $?"; done
    transfer "$name" 10.0.5.2
  }
  vlan_offload 'rxvlan off' rxvlan off
  vlan_offload 'txvlan off' rxvlan on txvlan off
  vlan_offload 'all on again' txvlan on
  for state in off on; do
    tool b -K nic rx-vlan-filter $state > /dev/null || echo "error: rx-vlan-filter $state"
    statistics > /tmp/before
    in_a burst 10.0.6.2 20 1000
    echo "rx-vlan-filter $state: $(since /tmp/before | grep -E '^port (0 sent|1 received|1 filtered):' |
      sed 's/port \(.\) \(.*\): /\2_\1=/' | tr '\n' ' ')"
  done
  for dev in v w; do ip -n a link del $dev; done
  ip -n b link del v
  since /tmp/statistics | grep -E 'checksum|csum'
  uptime

  section speed_without
  for ns in a b; do tool $ns -K nic rx off tx off sg off gso off gro off > /dev/null; done
  speed
  for ns in a b; do tool $ns -K nic rx on tx on sg on tso on gso on gro on > /dev/null; done
  uptime

  section coalescing
  for usecs in 10 1000; do
    for ns in a b; do tool $ns -C nic rx-usecs $usecs || echo "error: $?"; done
    echo "set $usecs: $(tool b -c nic | sed -n 's/^rx-usecs:[[:space:]]*//p')"
    # Short ones, of which some meet no other work of the machine; or long ones, for a mean.
    [ $usecs = 10 ] && floods=20 pings=50 || floods=3 pings=400
    for _ in $(seq $floods); do
      before=$(interrupts)
      flood=$(ping_b -f -c $pings | tr '\n' ' ')
      echo "flood $usecs: interrupts=$(($(interrupts) - before)) $flood"
    done
  done
  for ns in a b; do tool $ns -C nic rx-usecs 1; done
  passes
  uptime

  section spreading
  # spread NAME: datagrams to 32 addresses behind b; how many frames each of b's queues got.
  ip -n a route add 10.9.0.0/24 via $b
  spread() {
    echo "set: $1"
    tool b -x nic | sed -n "s/^ *[0-9]*: *\([0-9 ]*\)$/table: \1/p; s/^\(..:..:..*\)$/key: \1/p"
    statistics > /tmp/before
    for i in $(seq 32); do in_a burst 10.9.0.$i 1 100; done
    since /tmp/before | grep '^b rx_queue_._packets' | sed 's/^b rx_queue_\(.\)_packets/queue \1/'
  }
  tool b -X nic hkey $key || echo "error: $?"
  spread 'published key'
  tool b -X nic weight 1 3 || echo "error: $?"
  spread 'weight 1 3'
  tool b -X nic equal 1 || echo "error: $?"
  spread 'equal 1'
  tool b -X nic default || echo "error: $?"
  for count in 1 2; do
    change b -L nic combined $count
    spread "channels $(tool b -l nic | sed -n 's/^Combined:[[:space:]]*//p' | tail -n 1)"
  done
  passes
  uptime

  section rings
  /bin/ip netns exec a iperf3 -c $b -t 1000 > /dev/null 2>&1 &
  traffic=$!
  most=$(tool b -g nic | sed -n 's/^RX:[[:space:]]*//p' | head -n 1)
  for size in $most 64; do
    change b -G nic rx $size tx $size
    before=$(sent)
    for _ in $(seq 100); do
      [ $(($(sent) - before)) -lt 100 ] || break
      usleep 50000
    done
    echo "set $size: $(tool b -g nic | sed -n 's/^\([RT]X\):[[:space:]]*/\1=/p' | tail -n 2 | tr '\n' ' ')" \
      "$(tool b -d nic | sed -n 's/.*\([RT]DLEN0[01]\) .*0x\(.*\)/\1=\2/p' | tr '\n' ' ') frames=$(($(sent) - before))"
  done
  { kill $traffic; wait $traffic; } 2> /dev/null
  uptime

  section pause
  for state in on off; do
    [ $state = on ] || for ns in a b; do tool $ns -A nic rx off tx off; done
    until_carriers 2
    passes  # what waits for an answer to ARP may be dropped
    statistics > /tmp/before
    in_a burst $b 100 44800 1400
    since /tmp/before > /tmp/since
    echo "$state: $(tool b -a nic | sed -n 's/^\([RT]X\):[[:space:]]*/\1=/p' | tr '\n' ' ')"
    grep -E 'flow_control|missed|dropped|UDP|no_dma|sent:|received:|quiet' /tmp/since | sed "s/^/$state /"
  done
  uptime

  section renegotiate
  change a -r nic
  passes
  uptime
fi
{ kill $server; wait $server; } 2> /dev/null

section log
dmesg -r
section end
