# In the guest: ethtool on ixgbe, on both cards. Says what it sees, by section; the host judges. Comes
# after cards.sh.
#
#   sh -c SCRIPT ethtool MODULE INTERRUPTS
#
# INTERRUPTS other than msix: only what they matter for.
# shellcheck disable=SC2046,SC2086,SC2154
interrupts=$2
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
# What the model says of both ports, and ethtool -S, at a moment in which nothing moves.
statistics() {
  for _ in $(seq 20); do
    before=$(ask counters)
    driver=$(for ns in a b; do tool $ns -S nic | sed -n "s/^ *\(.*\): \([0-9]*\)$/$ns \1: \2/p"; done)
    [ "$(ask counters)" != "$before" ] || { echo "quiet: yes"; break; }
  done
  echo "$before" | sed 's/ \([0-9]*\)$/: \1/'
  echo "$driver"
}
# since FILE: what `statistics` says now, less what is in FILE, where that is not 0.
since() {
  statistics | awk -F ': ' 'NR == FNR { before[$1] = $2; next }
    $2 ~ /^[0-9]/ { if ($2 != before[$1]) print $1 ": " $2 - before[$1]; next } { print }' "$1" -
}
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

in_b iperf3 -s > /tmp/server 2>&1 &
server=$!
until in_b netstat -ltn | grep -q :5201; do usleep 20000; done
section speed
speed
if [ "$interrupts" = msix ]; then
  section show
  for ns in a b; do
    tool $ns -i nic | sed "s/^/$ns /"
    tool $ns -d nic | sed -n "s/^0x\([0-9A-F]*\): \([A-Z0-9_]*\) .*(.*) *0x\([0-9A-F]*\)$/$ns \2 \1: \3/p;s/^  *\(.*\): *\([^ ]*\)$/$ns \1: \2/p"
  done
  uptime

  section module
  for ns in a b; do tool $ns -m nic | sed "s/^[[:space:]]*/$ns /; s/ *: /: /"; done
  uptime

  section eeprom
  # dump NAMESPACE: all of it, as it is in the file.
  dump() { echo "$1 $2: $(tool $1 -e nic raw on | od -An -v -tx1 | tr -d ' \n')"; }
  for ns in a b; do dump $ns before; done
  # Word 0x14, which is the manufacturer's own (8-bit values, the low one first).
  tool a -E nic magic 0x10FB8086 offset 0x28 value 0x5A || echo "error: $?"
  tool a -E nic magic 0x10FB8086 offset 0x29 value 0xC3 || echo "error: $?"
  for ns in a b; do dump $ns written; done
  echo "online: $(tool a -t nic online | grep Eeprom)"
  tool a -E nic magic 0x10FB8087 offset 0x28 value 0 && echo "error: wrong magic taken"
  for offset in 0x28 0x29; do tool a -E nic magic 0x10FB8086 offset $offset value 0; done
  for ns in a b; do dump $ns after; done
  uptime

  section identify
  leds() { tool a -d nic | sed -n 's/.*LEDCTL .*0x\(.*\)/\1/p'; }
  echo "before: $(leds)"
  tool a -p nic 1 &
  for _ in $(seq 12); do leds; done
  wait $!
  echo "after: $(leds)"
  uptime

  section statistics
  statistics > /tmp/statistics
  ping_b -c 100 -i 0.005 -W 5 -s 1000
  since /tmp/statistics
  uptime

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
  uptime
  transfer 'all on'
  for feature in rx tx sg tso gso gro rxhash; do
    case $feature in
      tx | sg) also='tso on sg on' ;;  # they go with it
      gso) also='tso on' ;;
      *) also= ;;
    esac
    [ $feature != gso ] || for ns in a b; do tool $ns -K nic tso off; done > /dev/null
    offload "$feature off" $feature off
    offload "$feature on" $feature on $also
  done
  uptime

  section offloads_that_reset
  offload 'lro on' lro on
  in_a ethtool -k nic | grep -E 'large-receive|ntuple|rx-all'
  offload 'ntuple on' lro off ntuple on
  in_a ethtool -k nic | grep -E 'large-receive|ntuple|rx-all'
  offload 'rx-all on' ntuple off rx-all on
  in_a ethtool -k nic | grep -E 'large-receive|ntuple|rx-all'
  offload 'rx-all off' rx-all off
  in_a ethtool -k nic | grep -E 'large-receive|ntuple|rx-all'
  uptime

  section vlan
  modprobe 8021q
  for ns in a b; do
    ip -n $ns link add link nic name v type vlan id 5
    ip -n $ns link set v up
  done
  ip -n a addr add 10.0.5.1/24 dev v
  ip -n b addr add 10.0.5.2/24 dev v
  transfer 'all on' 10.0.5.2
  for feature in rxvlan txvlan rx-vlan-filter; do
    for state in off on; do
      for ns in a b; do tool $ns -K nic $feature $state > /dev/null || echo "error: $feature $state"; done
      transfer "$feature $state" 10.0.5.2
    done
  done
  for ns in a b; do ip -n $ns link del v; done
  uptime

  section speed_without
  for ns in a b; do tool $ns -K nic rx off tx off sg off gso off gro off > /dev/null; done
  tool a -k nic | grep ': on' | tr -d '\t' | tr '\n' ' '
  echo
  speed
  for ns in a b; do tool $ns -K nic rx on tx on sg on tso on gso on gro on > /dev/null; done
  uptime
fi
{ kill $server; wait $server; } 2> /dev/null

section log
dmesg -r
section end
