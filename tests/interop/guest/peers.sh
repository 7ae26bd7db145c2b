# In the guest: this repository's driver (the program `peer`) on card 0, the kernel's on card 1, which is
# nic in the namespace b. Says what both see, by section; the host judges. Comes after network.sh.
# shellcheck disable=SC2086,SC2154
trap '' PIPE  # a peer that ended is seen by its answers
mkfifo /tmp/peer_in /tmp/peer_out
# start_peer ARGUMENT...: and waits for the link at both ends.
start_peer() {
  peer 0000:00:02.0 "$@" < /tmp/peer_in > /tmp/peer_out 2>&1 &
  peer_process=$!
  exec 7> /tmp/peer_in 8< /tmp/peer_out
  read -r answer <&8
  echo "peer: $answer"
  until_carriers 1 2> /dev/null && echo "link: yes"
}
# tell_peer LINE: its answer.
tell_peer() {
  echo "$1" >&7
  read -r answer <&8
  echo "$answer"
}
# Card 0 goes back to the kernel's driver.
stop_peer() {
  exec 7>&- 8<&-
  wait $peer_process
  echo "ended: $?"
  bring_up_card 0000:00:02.0 a 1
  until_carriers 2 && echo "link with the kernel's: yes"
  echo "kernel's: $(passes | head -n 1)"
}
# ping_peer ARGUMENT...: from the kernel.
ping_peer() { in_b /bin/ping -q "$@" 2>&1 | grep packets; }
# b_counted NAME...: what IP, ICMP and UDP of b counted under these names, together.
b_counted() {
  in_b cat /proc/net/snmp | awk -v wanted=" $* " '
    $1 == name { for (i = 2; i <= NF; ++i) if (index(wanted, " " $1 names[i] " ")) sum += $i; name = ""; next }
    { name = $1; split($0, names, " ") }
    END { print sum + 0 }'
}
# What came to a port that nobody listens at, and errors.
udp_counts() {
  echo "$(b_counted Udp:NoPorts) $(b_counted Udp:InCsumErrors Udp:InErrors Icmp:InCsumErrors Ip:InHdrErrors)"
}
# peer_pings IP COUNT SMALLEST LARGEST: and how many of the requests b had no room to answer.
peer_pings() {
  before=$(b_counted Icmp:OutErrors)
  echo "pings to the kernel: $(tell_peer "ping $*"), refused $(($(b_counted Icmp:OutErrors) - before))"
}
# peer_sends IP COUNT SMALLEST LARGEST: datagrams, and what the kernel made of them.
peer_sends() {
  before=$(udp_counts)
  answer=$(tell_peer "udp $*")
  for _ in $(seq 50); do
    set -- $before $(udp_counts) ${answer#sent }
    [ $(($3 - $1)) -lt $5 ] || break
  done
  echo "datagrams to the kernel: $answer, arrived $(($3 - $1)), errors $(($4 - $2))"
}

section peer
start_peer 10.0.0.1
echo "flood: $(ping_peer -f -c 1000 10.0.0.1)"
echo "flood of 1472: $(ping_peer -f -c 200 -s 1472 10.0.0.1)"
for size in 0 1 17 18 19 64 511 1471; do
  echo "size $size: $(ping_peer -c 3 -l 3 -i 3 -W 5 -s $size 10.0.0.1)"
done
echo "datagrams from the kernel: $(in_b datagrams 10.0.0.1 1473 0 1472)"
peer_pings $b 1473 0 1472
peer_sends $b 1473 0 1472
in_b ethtool -r nic
until_carriers 1 2> /dev/null
echo "after a reset of the other end: $(ping_peer -c 3 -l 3 -i 3 -W 5 10.0.0.1)"
echo "peer has $(tell_peer counts)"
stop_peer

# The same with its card's help: checksums, tags, frames of several buffers. Whether its checksums are right
# the kernel finds out by itself (rx off), and then with the help of its own card.
section peer_offloads
ip -n b link set nic mtu 9000
ip -n b link add link nic name v10 type vlan id 10
ip -n b addr add 10.10.0.2/24 dev v10
ip -n b link set v10 up
start_peer checksum vlan mtu=9000 10.0.0.1 10.10.0.1
for setting in '10.0.0 rx off' '10.10.0 rx on'; do
  set -- $setting
  network=$1 vid=0
  [ $network = 10.0.0 ] || vid=10
  in_b ethtool -K nic $2 $3
  tell_peer "tag $vid" > /dev/null
  echo "VID $vid, flood: $(ping_peer -f -c 100 -s 8972 $network.1)"
  echo "VID $vid, datagrams from the kernel: $(in_b datagrams $network.1 1000 0 8972)"
  echo "VID $vid, $(peer_pings $network.2 1000 0 8972)"
  echo "VID $vid, $(peer_sends $network.2 1000 0 8972)"
  echo "VID $vid, peer has $(tell_peer counts)"
done
stop_peer
ip -n b link del v10

section log
dmesg -r
section end
