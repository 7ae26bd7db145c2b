# In the guest: the two cards, as the kernel's driver has them, each in a network namespace of its own, a
# and b, where it is called nic. The beginning of the scripts here.
# shellcheck disable=SC2034
module=$1 b=10.0.0.2 b6=fd00::2

# busybox's are not enough.
ip() { /bin/ip "$@"; }
in_a() { ip netns exec a "$@"; }
in_b() { ip netns exec b "$@"; }
both() { for ns in a b; do ip netns exec $ns "$@" || return; done; }
carriers() { for ns in a b; do ip -br -n $ns link show nic; done | grep -c LOWER_UP; }
# until_carriers COUNT: whether so many of the two have a link within 10 s.
until_carriers() {
  for _ in $(seq 200); do
    [ "$(carriers)" != "$1" ] || return 0
    usleep 50000
  done
  echo "carriers after 10 s: $(carriers), not $1"
  return 1
}
# bring_up_card CARD NAMESPACE NUMBER: what the driver made of it, with addresses.
bring_up_card() {
  for net in "/sys/bus/pci/devices/$1"/net/* "/sys/bus/pci/devices/$1"/virtio*/net/*; do
    [ ! -e "$net" ] || ip link set "${net##*/}" netns "$2" name nic || return
  done
  ip -n "$2" addr add "10.0.0.$3/24" dev nic
  [ "$(ip netns exec "$2" cat $no_ipv6)" = 1 ] || ip -n "$2" addr add "fd00::$3/64" dev nic nodad
  ip -n "$2" link set nic up
}
# The link is not awaited.
bring_up() { bring_up_card 0000:00:02.0 a 1 && bring_up_card 0000:00:03.0 b 2; }
no_ipv6=/proc/sys/net/ipv6/conf/all/disable_ipv6

section() {
  echo "=== $1"
  echo "<6>interop: $1" > /dev/kmsg
}
uptime() { cut -d' ' -f1 /proc/uptime; }
# ask REQUEST: of the NIC process; the lines of its answer.
ask() {
  echo "$1" >&4
  while read -r line <&4; do
    case $line in ok) return ;; error*) echo "$line"; return 1 ;; esac
    echo "$line"
  done
}
# ping_b ARGUMENT...: its summary. For answers that are late it waits no longer than an interval or two
# round trips: those who count on each answer send all at once (-l) with a long interval.
ping_b() { in_a /bin/ping -q "$@" $b 2>&1 | grep -E 'packets|rtt'; }
# Whether traffic passes.
passes() { ping_b -c 5 -l 5 -i 3 -W 5; }

exec 4<> /dev/virtio-ports/ixylab.control
mkdir -p /run
ip netns add a
ip netns add b
