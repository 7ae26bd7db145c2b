# In the guest: loads the driver, then makes traffic without an end. Says "loading" and "traffic". Comes
# after cards.sh.
#
#   sh -c SCRIPT traffic MODULE [PANIC_AFTER]
#
# The kernel panics PANIC_AFTER "loading" or "traffic".
# shellcheck disable=SC2086,SC2154
panic_after() {
  [ "$panic" != "$1" ] || { usleep 100000; echo c > /proc/sysrq-trigger; }
}
panic=$2
echo loading
panic_after loading &
modprobe "$module"
bring_up
until_carriers 2
in_a /bin/ping -q -f $b > /dev/null &
in_b iperf3 -s > /dev/null &
usleep 300000
in_a iperf3 -c $b -t 1000 > /dev/null &
usleep 300000
echo traffic
panic_after traffic
sleep 1000
