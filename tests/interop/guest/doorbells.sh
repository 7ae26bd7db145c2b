# In the guest: what doorbells cost, by our driver and by Linux's. Comes after cards.sh.
#
#   sh -c SCRIPT doorbells MODULE FRAMES SECONDS
#
# FRAMES a time of each generator, SECONDS of iperf3 each way.
# shellcheck disable=SC2086,SC2154
frames=$2 seconds=$3
cards=/sys/bus/pci/devices

section mmio
echo 1 > $cards/0000:00:02.0/enable
echo "TDT[0]:" $(mmio_time $cards/0000:00:02.0/resource0 0x6018)
echo "TDT[1]:" $(mmio_time $cards/0000:00:02.0/resource0 0x6058)

section pktgen
pktgen --target=pci:0000:00:02.0,0000:00:03.0 --count=$frames 2>&1
echo "exit: $?"

section probe
modprobe "$module"
bring_up
until_carriers 2 && echo up

section ping
ping_b -c 200 -i 0.005 -W 5

section iperf
in_b iperf3 -s > /dev/null 2>&1 &
usleep 300000
iperf() { in_a iperf3 -J -t "$seconds" "$@" -c $b | tr -d '\n\t'; echo; }
iperf
iperf -R

section "kernel pktgen"
modprobe pktgen
mac=$(in_b cat /sys/class/net/nic/address)
in_a sh -c "cd /proc/net/pktgen
  echo add_device nic > kpktgend_0
  for setting in 'count $frames' 'pkt_size 60' 'delay 0' 'dst $b' 'dst_mac $mac' \
      'queue_map_min 0' 'queue_map_max 0'; do echo \$setting > nic; done
  echo start > pgctrl
  grep -E 'pps|errors' nic"

section registers
passes
