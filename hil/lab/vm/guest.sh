# What the stand-in for a lab machine runs; $1: the public key of who may come. Says "host key: KEY"
# when it is about to listen, then it is an SSH server.
set -e
hostname vm
mkdir -p /etc /root/.ssh /var /run /dev/pts
mount -t devpts none /dev/pts
mount -t tmpfs none /run

# The disk: what is written there and synced survives a power cut. A new one has no magic number of ext4.
# (busybox has an mke2fs without ext4.)
[ "$(od -An -tx1 -j 1080 -N 2 /dev/vda)" = ' 53 ef' ] || /bin/mke2fs -q -t ext4 /dev/vda
mount -t ext4 /dev/vda /var
mkdir -p /var/lib /var/ssh

# The machine's own card, the first one; the ports are the others.
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2

echo 'root:x:0:0::/root:/bin/sh' > /etc/passwd
echo 'root:x:0:' > /etc/group
echo "$1" > /root/.ssh/authorized_keys
chmod -R go= /root
if [ ! -s /var/ssh/host_key ]; then
  dropbearkey -t ed25519 -f /var/ssh/host_key > /dev/null 2>&1
  sync
fi
echo "host key: $(dropbearkey -y -f /var/ssh/host_key | grep ^ssh-)"
# No passwords, no forwarding.
exec dropbear -F -E -s -j -k -r /var/ssh/host_key
