# In the guest: what a network does with cards, with the kernel's own driver on both of them: VLANs, long
# frames, filters, XDP and tc, resets under traffic. Says what it sees, by section; the host judges. Comes
# after cards.sh. Frames of no protocol come from the program `frames`; `xdp` is there for XDP.
#
#   sh -c SCRIPT network MODULE
#
# guest/peers.sh follows.
# shellcheck disable=SC2086,SC2154
mac_a=02:1b:21:00:00:fe mac_b=02:1b:21:00:00:ff

# What runs here runs often: busybox's way into a namespace takes a fraction of ip's time, and leaves /sys as
# it is, that of no namespace here.
in_a() { nsenter --net=/run/netns/a "$@"; }
in_b() { nsenter --net=/run/netns/b "$@"; }
both() { in_a "$@" && in_b "$@"; }

# all_of NAMESPACE ADDRESS ARGUMENT...: of three pings at once, how many come back. With a small socket
# buffer (-S) ping would wait for one to be sent before the next.
all_of() {
  ns=$1
  shift
  in_$ns /bin/ping -q -c 3 -l 3 -i 3 -W 5 -S 1000000 "$@" 2>&1 | grep packets
}
# each_way NAME NETWORK ARGUMENT...: from a to b and back. NETWORK is an address without its last number.
each_way() {
  name=$1 network=$2
  shift 2
  echo "$name, a to b: $(all_of a ${network}2 "$@")"
  echo "$name, b to a: $(all_of b ${network}1 "$@")"
}
# iperf ADDRESS ARGUMENT...: iperf3 in one line of JSON.
iperf() { in_a iperf3 -J -c "$@" 2>&1 | tr -d '\n\t' && echo; }
received() { in_b awk '$1 == "nic:" { print $3 }' /proc/net/dev; }
# What the driver of b received, and what became of frames at its port.
seen() {
  received
  ask counters | sed -nE 's/^port 1 (filtered|bad) //p'
}
# arrive NAME ARGUMENT...: what becomes of frames that `frames` sends from a to b.
arrive() {
  name=$1
  shift
  before=$(seen)
  sent=$(in_a frames "$@" | sed -n 's/^sent //p')
  for _ in $(seq 20); do
    set -- $before $(seen)  # received, bad, filtered: before and after
    [ $(($4 - $1 + $5 - $2 + $6 - $3)) -lt $sent ] || break
  done
  echo "$name: sent $sent, received $(($4 - $1)), filtered $(($6 - $3)), bad $(($5 - $2))"
}
# The cards' addresses are known: no frames but those that are counted.
know_each_other() {
  ip -n a neigh replace $b lladdr $mac_b dev nic nud permanent
  ip -n b neigh replace 10.0.0.1 lladdr $mac_a dev nic nud permanent
}

section kernel
uname -r
section probe
modprobe "$module"
bring_up
until_carriers 2 && echo "link: yes"
in_b iperf3 -s > /tmp/server 2>&1 &
server=$!

section vlan
modprobe 8021q
# add_vlan NUMBER LOWER NAME ID [PROTOCOL]: on both, as 10.NUMBER.0.1 and .2, and fd00:NUMBER::1 and ::2.
add_vlan() {
  for ns in a b; do
    ip -n $ns link add link $2 name $3 type vlan proto ${5:-802.1Q} id $4
    [ $ns = a ] && last=1 || last=2
    ip -n $ns addr add 10.$1.0.$last/24 dev $3
    ip -n $ns addr add fd00:$1::$last/64 dev $3 nodad
    ip -n $ns link set $3 up
  done
}
add_vlan 10 nic v10 10
add_vlan 20 nic v20 4094
for setting in 'rxvlan on txvlan on' 'rxvlan off txvlan on' 'rxvlan on txvlan off' 'rxvlan off txvlan off'; do
  both ethtool -K nic $setting || echo "ethtool fails"
  until_carriers 2
  each_way "$setting, VID 10" 10.10.0. -M "do" -s 1472
  echo "$setting, VID 4094: $(all_of a 10.20.0.2 -s 0)"
  echo "$setting, VID 10, IPv6: $(all_of b fd00:10::1 -s 1452)"
done
each_way "untagged" 10.0.0.
both ethtool -K nic rxvlan on txvlan on
section vlan_tcp && iperf 10.10.0.2 -t 1

section stacked_vlans
add_vlan 30 v10 v10.30 30
add_vlan 40 nic s40 40 802.1ad
add_vlan 50 s40 s40.50 50
both sh -c 'ip link set v10.30 mtu 1496; ip link set s40 mtu 1496; ip link set s40.50 mtu 1492'
each_way "802.1Q in 802.1Q" 10.30.0. -M "do" -s 1468
each_way "802.1ad" 10.40.0. -M "do" -s 1468
each_way "802.1Q in 802.1ad" 10.50.0. -M "do" -s 1464

section jumbo
for mtu in 9000 9710; do
  both ip link set nic mtu $mtu
  until_carriers 2
  each_way "MTU $mtu" 10.0.0. -M "do" -s $((mtu - 28))
  each_way "MTU $mtu, IPv6" fd00:: -s $((mtu - 48))
  echo "MTU $mtu, longer: $(in_a /bin/ping -c 1 -W 1 -M "do" -s $((mtu - 27)) $b 2>&1 | grep -i 'too long')"
done
each_way "in fragments" 10.0.0. -s 30000
both ip link set v10 mtu 9000
each_way "MTU 9000, VID 10" 10.10.0. -M "do" -s 8972
section jumbo_tcp && iperf $b -t 1
section jumbo_tcp_reverse && iperf $b -t 1 -R

# From here on frames are counted: none that the kernel sends by itself.
both sh -c "echo 1 > $no_ipv6"
ip -n b link set nic mtu 1500
until_carriers 2
know_each_other
usleep 500000
section too_long
arrive "1514" nic $mac_b 10 1514
arrive "9014" nic $mac_b 10 9014
ip -n a link set nic mtu 1500
until_carriers 2
{ kill $server; wait $server; } 2> /dev/null

section vlan_filter
ip -n a link add link nic name v99 type vlan id 99
ip -n a link set v99 up
arrive "VID 10" v10 $mac_b 10 100
arrive "VID 99" v99 $mac_b 10 100
in_b ethtool -K nic rx-vlan-filter off
arrive "VID 99, without a filter" v99 $mac_b 10 100
in_b ethtool -K nic rx-vlan-filter on
arrive "VID 99, with a filter" v99 $mac_b 10 100
ip -n b link del v10
arrive "VID 10, not a member" v10 $mac_b 10 100
for interface in v10 v20 s40; do both ip link del $interface 2> /dev/null; done

section unicast_filter
other=02:00:00:00:00:01
arrive "own" nic $mac_b 10 60
arrive "foreign" nic $other 10 60
ip -n b link set nic promisc on
arrive "foreign, promiscuous" nic $other 10 60
arrive "VID 99, promiscuous" v99 $other 10 60
arrive "group, promiscuous" nic 01:00:5e:00:12:34 10 60
ip -n b link set nic promisc off
arrive "foreign, no longer" nic $other 10 60
ip -n b link set nic address $other
arrive "new" nic $other 10 60
arrive "old" nic $mac_b 10 60
ip -n a neigh replace $b lladdr $other dev nic nud permanent
passes
ip -n b link set nic address $mac_b
know_each_other
passes
modprobe macvlan
for i in 1 2 3 4; do
  ip -n b link add link nic name m$i address 02:00:00:00:01:0$i type macvlan mode bridge
  ip -n b link set m$i up
done
arrive "four more" nic 02:00:00:00:01:01 4 60 1
arrive "a fifth" nic 02:00:00:00:01:05 1 60
ip -n b addr add 10.0.9.2/24 dev m4
ip -n a addr add 10.0.9.1/24 dev nic
echo "to one of them: $(all_of a 10.0.9.2)"
for i in 1 2 3 4; do ip -n b link del m$i; done
arrive "none more" nic 02:00:00:00:01:01 4 60 1

section multicast
# The card's table knows the 12 highest bits of an address (the last byte, and half of the one before it):
# groups that differ only in others share an entry.
arrive "nobody's" nic 01:00:5e:00:30:00 10 60
ip -n b maddr add 01:00:5e:00:30:00 dev nic
arrive "joined" nic 01:00:5e:00:30:00 10 60
arrive "next one" nic 01:00:5e:00:30:01 10 60
arrive "same entry" nic 33:33:00:00:30:00 10 60
# groups add|del: twenty.
groups() { in_b sh -c "for i in \$(seq 16 35); do /bin/ip maddr $1 01:00:5e:01:10:\$(printf %x \$i) dev nic; done"; }
groups add
arrive "twenty joined" nic 01:00:5e:01:10:10 20 60 1
arrive "twenty others" nic 01:00:5e:01:20:10 20 60 1
ip -n b link set nic allmulticast on
arrive "all" nic 01:00:5e:01:20:10 20 60 1
arrive "foreign" nic $other 10 60
ip -n b link set nic allmulticast off
arrive "no longer all" nic 01:00:5e:01:20:10 20 60 1
groups del
ip -n b maddr del 01:00:5e:00:30:00 dev nic
arrive "left" nic 01:00:5e:01:10:10 20 60 1
passes

section tc
modprobe sch_ingress
modprobe cls_matchall
modprobe act_gact
in_b /bin/tc qdisc add dev nic clsact
in_b /bin/tc filter add dev nic ingress protocol 0x88b5 matchall action drop
arrive "to a filter" nic $mac_b 50 100
in_b /bin/tc -s filter show dev nic ingress | sed -n 's/.*(dropped \([0-9]*\),.*/dropped: \1/p'
passes
in_b /bin/tc filter add dev nic egress protocol all matchall action drop
echo "egress drops: $(in_a /bin/ping -q -c 3 -l 3 -W 0.3 $b | grep packets)"
in_b /bin/tc qdisc del dev nic clsact
passes

# xdp LINE: what the program at b answers.
xdp() {
  echo "$1" >&5
  read -r answer <&6
  echo "$answer"
}
# counted COUNT: how many frames XDP saw, once there are so many.
counted() {
  for _ in $(seq 100); do
    count=$(xdp seen)
    [ "$count" -lt "$1" ] || break
    usleep 10000
  done
  echo "$count"
}
mkfifo /tmp/xdp_in /tmp/xdp_out
for mode in skb drv; do
  section xdp_$mode
  in_b xdp nic $mode < /tmp/xdp_in > /tmp/xdp_out &
  xdp_process=$!
  exec 5> /tmp/xdp_in 6< /tmp/xdp_out
  read -r answer <&6
  echo "attach: $answer"
  ip -n b -d link show nic | grep -o 'xdp[a-z]*' | head -n 1
  until_carriers 2
  for action in pass drop tx redirect; do
    echo "$action: $(xdp $action)"
    case $action in tx | redirect) back=back ;; *) back='' ;; esac
    for size in 60 1514; do
      echo "$action, size $size: $(in_a frames nic $mac_b 200 $size $back | tr '\n' ' ')"
    done
    echo "$action, seen: $(counted 400)"
    if [ $action = drop ]; then
      echo "$action, ping: $(in_a /bin/ping -q -c 3 -l 3 -W 0.3 $b | grep packets)"
    else
      echo "$action, ping: $(passes)"
    fi
  done
  exec 5>&- 6<&-
  wait $xdp_process
  echo "detached: $?"
  until_carriers 2
  echo "after: $(passes)"
done

section reset
# moving: traffic goes on, seen at b within 20 s.
moving() {
  start=$(received)
  for _ in $(seq 200); do
    [ $(($(received) - start)) -lt 500 ] || { echo yes; return; }
    usleep 50000
  done
  echo no
}
both sh -c 'echo 1 > /proc/sys/net/ipv4/tcp_syn_retries'
in_b iperf3 -s > /tmp/server 2>&1 &
server=$!
usleep 300000
in_a iperf3 -c $b -t 1000 > /tmp/client 2>&1 &
client=$!
echo "traffic: $(moving)"
for ns in a b; do
  in_$ns ethtool -r nic || echo "ethtool fails"
  echo "ethtool -r, $ns: $(moving)"
done
for ns in a b; do
  ip -n $ns link set nic down
  ip -n $ns link set nic up
  echo "down and up, $ns: $(moving)"
done
section function_reset
for ns in a b; do
  [ $ns = a ] && card=0000:00:02.0 || card=0000:00:03.0
  echo "method: $(cat /sys/bus/pci/devices/$card/reset_method)"
  echo 1 > /sys/bus/pci/devices/$card/reset || echo "reset fails"
  # The driver is not told: what it set up is gone.
  ip -n $ns link set nic down
  ip -n $ns link set nic up
  echo "function reset, $ns: $(moving)"
done
section unload
rmmod "$module" && echo "unloaded"
{ kill $client $server; wait $client $server; } 2> /dev/null
modprobe "$module"
bring_up
until_carriers 2 && echo "link: yes"
passes
