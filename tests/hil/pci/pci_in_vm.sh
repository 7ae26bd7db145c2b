# In the guest: `hil run` on the two cards, which the kernel's virtio_net has. Each section is a line
# "=== NAME" and what belongs to it.
ports=pci:0000:00:02.0,0000:00:03.0

section() { echo "=== $1"; }
run() {
  hil run --suite=/bin/conformance "$@" 2>&1
  echo "exit $?"
}
# All that a run could leave changed, in one line.
state() {
  for address in 0000:00:02.0 0000:00:03.0; do
    device=/sys/bus/pci/devices/$address
    driver=$(readlink $device/driver)
    echo -n "${driver##*/} $(cat $device/driver_override) $(cat $device/enable)"
    echo -n " $(od -An -tx2 -j4 -N2 $device/config)"
    for net in $device/virtio*/net/*; do
      echo -n " ${net##*/} $(cat $net/flags) $(cat $net/mtu)"
    done
    echo -n ", "
  done
  cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages | tr '\n' ' '
  echo "processes: $(pidof hil conformance)"
}
# Until both cards are the kernel's again and nothing runs any more.
settle() {
  for _ in $(seq 300); do
    [ -e /sys/class/net/eth0 ] && [ -e /sys/class/net/eth1 ] && [ -z "$(pidof hil conformance)" ] &&
      return
    usleep 100000
  done
  echo "it does not settle"
}
# A long run on a target in the background, under way: $hil is its process.
start() {
  hil run --suite=/bin/conformance --target="$1" --filter='BringUp.LinkComesUp:Soak.*' \
    --soak-packets=1000000000 > /tmp/out 2>&1 &
  hil=$!
  for _ in $(seq 300); do grep -q ' 1/2 ' /tmp/out && return; usleep 100000; done
  echo "it does not start:"
  cat /tmp/out
}

mkdir -p /etc
echo 'nobody:x:65534:65534::/:/bin/sh' > /etc/passwd
echo 'nogroup:x:65534:' > /etc/group

ip link set eth0 up mtu 1400
section before && state
section passes && run --target=$ports --filter='BringUp.*' && state

section uio && run --target=$ports,uio --filter='BringUp.*' && state
rmmod uio_pci_generic
section no_uio && run --target=$ports,uio --filter='BringUp.*' && state
modprobe uio_pci_generic

section missing && run --target=pci:0000:00:02.0,0000:00:1e.0
section unsupported && run --target=pci:0000:00:00.0,0000:00:03.0
section not_permitted
start-stop-daemon -S -c nobody -x /bin/hil -- run --suite=/bin/conformance --target=$ports 2>&1
echo "exit $?"

ip addr add 192.0.2.1/24 dev eth1
section address && run --target=$ports
section ssh && SSH_CONNECTION='192.0.2.9 4711 192.0.2.1 22' run --target=$ports
ip link set eth1 up
ip route add default via 192.0.2.9
section default_route && run --target=$ports
ip route del default
ip addr del 192.0.2.1/24 dev eth1
ip link set eth1 down

echo 0 > /proc/sys/vm/nr_hugepages
section no_huge_pages && run --target=$ports
echo 64 > /proc/sys/vm/nr_hugepages

for target in $ports $ports,uio; do
  start $target
  [ $target = $ports ] && section killed || section uio_killed
  # Now and then the shell says "Killed" of its job.
  { kill -9 $hil; wait $hil; } 2> /dev/null
  settle
  state
done

start $ports
section busy && run --target=$ports
section interrupted
kill -TERM $hil
wait $hil
echo "exit $?"
grep '^interrupted' /tmp/out
state

start $ports
section suite_killed
kill -9 "$(pidof conformance)"
wait $hil
echo "exit $?"
grep 'crashed' /tmp/out
state
section end
