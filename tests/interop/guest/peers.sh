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
# What IP and UDP of b counted: datagrams to a port that nobody listens at, and errors.
udp_counts() {
  in_b cat /proc/net/snmp | awk '
    $1 == name { for (i = 2; i <= NF; ++i) value[$1 names[i]] = $i; name = ""; next }
    { name = $1; split($0, names, " ") }
    END {
      print value["Udp:NoPorts"],
        value["Udp:InCsumErrors"] + value["Udp:InErrors"] + value["Icmp:InCsumErrors"] + value["Ip:InHdrErrors"]
    }'
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
echo "pings to the kernel: $(tell_peer "ping $b 1473 0 1472")"
peer_sends $b 1473 0 1472
echo "peer has $(tell_peer counts)"
stop_peer

section log
dmesg -r
section end
