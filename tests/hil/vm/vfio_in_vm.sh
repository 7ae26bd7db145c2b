# In the guest: the VFIO bus on the first card, and `hil run` on both; before, uio_pci_generic has them.
# Each section is a line "=== NAME" and what belongs to it.
cards='0000:00:02.0 0000:00:03.0'
ports=pci:0000:00:02.0,0000:00:03.0
devices=/sys/bus/pci/devices
as=vfio_device  # or by somebody else

section() { echo "=== $1"; }
# device [ADDRESS]: the steps on the first card, or another.
device() {
  $as ${1:-0000:00:02.0} 2>&1
  echo "exit $?"
}
# bind MODULE: the first card.
bind() {
  card=0000:00:02.0
  [ ! -e $devices/$card/driver ] || echo $card > $devices/$card/driver/unbind
  echo "$1" > $devices/$card/driver_override
  echo $card > /sys/bus/pci/drivers/"$1"/bind
}
# All that a run could leave changed, in one line.
state() {
  for card in $cards; do
    driver=$(readlink $devices/$card/driver)
    echo -n "${driver##*/} $(cat $devices/$card/driver_override) $(cat $devices/$card/enable) "
  done
  cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages | tr '\n' ' '
  echo "processes: $(pidof hil conformance)"
}
# Until nothing runs any more.
settle() {
  for _ in $(seq 300); do
    [ -z "$(pidof hil conformance)" ] && return
    usleep 100000
  done
  echo "it does not settle"
}

for card in $cards; do
  echo uio_pci_generic > $devices/$card/driver_override
  echo $card > /sys/bus/pci/drivers/uio_pci_generic/bind
done
section before && state

section device && device && state
section level && device 0000:00:05.0

section run
hil run --suite=/bin/conformance --target=$ports,vfio --filter='BringUp.*' 2>&1
state

section killed
hil run --suite=/bin/conformance --target=$ports,vfio --filter='BringUp.LinkComesUp:Soak.*' \
  --soak-packets=1000000000 > /tmp/out 2>&1 &
hil=$!
for _ in $(seq 300); do grep -q ' 1/2 ' /tmp/out && break; usleep 100000; done
basename "$(readlink $devices/0000:00:02.0/driver)"
# Now and then the shell says "Killed" of its job.
{ kill -9 $hil; wait $hil; } 2> /dev/null
settle
state

# What vfio-pci has already.
bind vfio-pci
group=$(readlink $devices/0000:00:02.0/iommu_group)
group=/dev/vfio/${group##*/}
section group
exec 5<> "$group"
device
exec 5>&-

mkdir -p /etc
echo 'nobody:x:65534:65534::/:/bin/sh' > /etc/passwd
echo 'nogroup:x:65534:' > /etc/group
as='start-stop-daemon -S -c nobody -x /bin/vfio_device --'
section no_user && device
chown nobody "$group"
ulimit -l 1024
section limit && device
ulimit -l unlimited
section user && device
as=vfio_device

bind uio_pci_generic
rmmod vfio_pci
section module && device && state
section end
