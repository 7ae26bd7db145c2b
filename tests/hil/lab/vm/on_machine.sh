# What tests run on the lab machine: functions that come before their commands.
# shellcheck shell=sh

# All of the machine that a run could leave changed, in lines.
state() (
  cd /sys/bus/pci/devices || exit
  for port in 0000:00:02.0 0000:00:03.0; do
    driver=$(readlink $port/driver)
    echo "$port ${driver##*/} $(tr '\n' ' ' < $port/driver_override)$(cat $port/enable)"
    od -An -tx2 -j4 -N2 $port/config
    for net in "$port"/net/*; do echo "${net##*/} $(cat "$net/flags") $(cat "$net/mtu")"; done
  done
  echo "huge pages: $(cat /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages)"
  echo "modules: $(lsmod | cut -d ' ' -f 1 | sort | tr '\n' ' ')"
)

# What a run could leave in the agent's folder, and its processes.
left() (
  agents
  cd /var/lib/ixylab || exit
  for file in journal-* run-*; do [ ! -e "$file" ] || echo "$file"; done
  [ ! -e reservations.json ] || grep owner reservations.json || true
)

# pids PATTERN: of processes by their command lines, in order.
pids() {
  for process in /proc/[0-9]*; do
    if tr '\0' ' ' < "$process/cmdline" | grep -q "$1"; then echo "${process##*/}"; fi
  done 2> /dev/null | sort -n
}
agents() { pids '^/var/lib/ixylab/agent-[0-9a-f]* serve'; }
suite() { pids '^[^ ]* suite --target='; }
# The SSH server's process for the connection of the agent.
ssh_server() {
  process=$(agents | head -n 1)
  until grep -q '^Name:.dropbear' "/proc/$process/status"; do
    process=$(sed -n 's/^PPid:.//p' "/proc/$process/status")
  done
  echo "$process"
}
