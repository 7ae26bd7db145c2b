# In the guest: makes traffic, and then trouble. Comes after cards.sh.
#
#   sh -c SCRIPT hostile MODULE traffic|trouble
#
# "traffic": says so, and goes on for ever. "trouble": takes the cards down under traffic, accesses the
# registers of port 0 in every wrong way, resets it, and says in sections whether it works afterwards.
# shellcheck disable=SC2086,SC2154
what=$2
card=/sys/bus/pci/devices/0000:00:02.0
modprobe "$module"
bring_up
until_carriers 2 || exit
passes > /dev/null
in_b iperf3 -s > /dev/null 2>&1 &
until in_b netstat -ltn | grep -q 5201; do usleep 20000; done
in_a iperf3 -c $b -t 1000 > /dev/null 2>&1 &
in_a /bin/ping -q -f $b > /dev/null 2>&1 &
echo traffic
[ "$what" = trouble ] || sleep 1000

section "down and up under traffic"  # which resets the card: CTRL.RST, with its rings full
for _ in 1 2; do
  usleep 200000
  both ip link set nic down
  both ip link set nic up
  until_carriers 2 || exit
done
passes

section storm
killall iperf3 ping
echo 0000:00:02.0 > $card/driver/unbind
echo 1 > $card/reset  # the driver has switched the laser off
storm 0000:00:02.0
echo "exit: $?"
echo 1 > $card/reset
echo "reset: $?"

section "bound again"
echo 0000:00:02.0 > /sys/bus/pci/drivers/ixgbe/bind
ip netns add c
bring_up_card 0000:00:02.0 c 1
for _ in $(seq 200); do
  ! ip -br -n c link show nic | grep -q LOWER_UP || break
  usleep 50000
done
ip netns exec c /bin/ping -q -c 5 -l 5 -i 3 -W 5 $b 2>&1 | grep -E 'packets|rtt'
