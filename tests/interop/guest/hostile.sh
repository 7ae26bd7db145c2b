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
bring_up_card 0000:00:02.0 a 1
until_carriers 2 || exit
# The other card's driver resets it when its watchdog, every two seconds, finds frames that the lost link
# held up (ixgbe_watchdog_flush_tx); what comes meanwhile is lost. So they are asked again.
for _ in 1 2 3; do
  answer=$(passes)
  echo "$answer"
  case $answer in *" 0% packet loss"*) break ;; esac
done
