#include "hil/vm/qemu.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "hil/command_line.h"
#include "hil/subprocess.h"
#include "hil/vm/cpio.h"

namespace ixylab::hil {

namespace {

constexpr std::string_view kInit =
#include "hil/vm/init.inc"
    ;

constexpr std::chrono::seconds kProbeDeadline{20};

std::string ReadFile(const std::string& what, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) FailWithErrno("no " + what + ": cannot read " + path);
  return bytes;
}

/// A card of QEMU's.
std::string VirtioDevice(unsigned number, VirtioKind kind) {
  std::string device = "virtio-net-pci,id=" + std::string(kNicIds[number]) + ",netdev=cable" +
                       std::to_string(number) + ",addr=" + std::to_string(2 + number) +
                       ",mac=02:00:00:00:00:0" + std::to_string(1 + number) +
                       // No network boot. Rings as long as QEMU has them for this kind of backend.
                       ",romfile=,rx_queue_size=1024,tx_queue_size=256,speed=10000,duplex=full";
  switch (kind) {
    case VirtioKind::kTransitional:
    case VirtioKind::kAsLegacy:
      return device + ",disable-legacy=off,disable-modern=off";
    case VirtioKind::kLegacy:
      return device + ",disable-legacy=off,disable-modern=on";
    case VirtioKind::kModern:
      return device + ",disable-legacy=on,disable-modern=off";
    case VirtioKind::kPacked:
      return device + ",disable-legacy=on,disable-modern=off,packed=on";
  }
  return device;
}

/// A port of a NIC process, which listens on the socket that `file` is.
std::string VfioUserDevice(unsigned number, int file) {
  const nlohmann::json device = {
      {"driver", "vfio-user-pci"},
      {"id", kNicIds[number]},
      {"addr", std::to_string(2 + number)},
      {"socket", {{"type", "unix"}, {"path", "/proc/self/fd/" + std::to_string(file)}}}};
  return device.dump();
}

/// What tools/guest could not make is a file that says why: "no WHAT: ...".
void CheckMade(const std::string& what, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string line;
  if (!std::getline(file, line)) FailWithErrno("no " + what + ": cannot read " + path);
  if (line.starts_with("no " + what + ": ")) throw std::runtime_error(line);
}

}  // namespace

bool KnowsVfioUser(const std::string& qemu) {
  bool knows = false;
  RunChild({qemu, "-device", "vfio-user-pci,help"}, kProbeDeadline, [&](std::string_view line) {
    if (line.starts_with("vfio-user-pci options")) knows = true;
  });
  return knows;
}

void CheckVm(const VmOptions& options) {
  if (options.qemu.empty()) {
    throw std::runtime_error("no QEMU. Try: apt-get install qemu-system-x86, or --qemu=PATH");
  }
  if (access(options.qemu.c_str(), X_OK) != 0) {
    FailWithErrno("no QEMU: cannot run " + options.qemu);
  }
  CheckMade("kernel", options.kernel);
  if (access(options.initramfs.c_str(), R_OK) != 0) {
    FailWithErrno("no initramfs: cannot read " + options.initramfs);
  }
  for (const std::string& archive : options.archives) CheckMade("guest tools", archive);
  if (options.nic.empty()) return;
  if (options.nic_program.empty()) {
    throw std::runtime_error("no NIC process: //emulator:nic is not among this program's files");
  }
  CheckExecutable(options.nic_program);
  if (!KnowsVfioUser(options.qemu)) {
    throw std::runtime_error(options.qemu +
                             " has no vfio-user-pci: QEMU 10.1 or later is needed; try "
                             "--qemu=recent");
  }
}

Descriptor MakeImage(const VmOptions& options, const std::vector<GuestProgram>& programs,
                     const std::vector<std::string>& command, bool interactive) {
  std::string image = ReadFile("initramfs", options.initramfs);
  for (const std::string& archive : options.archives) {
    image.resize((image.size() + 3) / 4 * 4);
    image += ReadFile("archive", archive);
  }
  image.resize((image.size() + 3) / 4 * 4);

  std::string settings = "unbound='";
  if (options.unbound) {
    for (const std::string_view address : kNicAddresses) settings.append(address).append(" ");
  }
  settings += "'\nquick_reset='";
  if (options.quick_reset) {
    for (const std::string_view address : kNicAddresses) settings.append(address).append(" ");
  }
  settings += "'\nmodules='";
  for (const std::string& module : options.modules) settings += module + " ";
  settings += "'\nports='";
  for (const auto& [name, fd] : options.ports) settings += name + " ";
  settings += std::string("'\ninteractive=") + (interactive ? "yes" : "") + "\n";
  std::string line;
  for (const std::string& word : command) line += ForShell(word) + " ";

  Cpio files;
  files.AddProgram("init", kInit);
  files.AddFolder("vm");
  files.AddFile("vm/settings", settings);
  files.AddFile("vm/command", "exec " + line + "\n");
  for (const GuestProgram& program : programs) {
    files.AddProgram("bin/" + program.name, ReadFile("program", program.path));
  }
  image += std::move(files).Finish();

  Descriptor memory(memfd_create("initramfs", MFD_CLOEXEC));
  if (memory.get() < 0) FailWithErrno("memfd_create");
  for (std::string_view rest = image; !rest.empty();) {
    const ssize_t n = write(memory.get(), rest.data(), rest.size());
    if (n < 0) FailWithErrno("initramfs in memory");
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  return memory;
}

std::vector<int> Kept(const VmOptions& options, const QemuDescriptors& descriptors) {
  std::vector<int> kept;
  for (const int fd : {descriptors.initramfs, descriptors.cards[0], descriptors.cards[1],
                       descriptors.output, descriptors.control, descriptors.qmp}) {
    if (fd >= 0) kept.push_back(fd);
  }
  for (const auto& [name, fd] : options.ports) kept.push_back(fd);
  if (options.disk >= 0) kept.push_back(options.disk);
  return kept;
}

std::vector<std::string> QemuCommand(const VmOptions& options, const std::string& accelerator,
                                     const QemuDescriptors& descriptors) {
  const bool interactive = descriptors.output < 0;
  std::vector<std::string> command = {options.qemu, "-nodefaults", "-no-reboot"};
  const auto add = [&](const char* option, const std::string& value) {
    command.push_back(option);
    command.push_back(value);
  };
  const bool own_cards = options.nic.empty();
  const std::string memory = std::to_string(options.memory_mib);
  add("-machine", own_cards ? "q35" : "q35,memory-backend=memory");
  // A NIC process reaches the guest's memory by mapping it.
  if (!own_cards) add("-object", "memory-backend-memfd,id=memory,share=on,size=" + memory + "M");
  // Remapped interrupts reach KVM's own controllers by another way only.
  add("-accel", options.iommu && accelerator == "kvm" ? "kvm,kernel-irqchip=split" : accelerator);
  add("-cpu", "max");
  // Never one: for a single processor TCG leaves out memory barriers (before QEMU 8.1 all of them),
  // and then driver and device, which are threads of QEMU, miss each other's notifications.
  add("-smp", "2");
  add("-m", memory);
  add("-display", "none");
  add("-serial", interactive ? "mon:stdio" : "stdio");
  add("-kernel", options.kernel);
  add("-initrd", "/proc/self/fd/" + std::to_string(descriptors.initramfs));
  // Zeroing each page twice and proving the kernel's ciphers takes half of the boot under TCG. On a
  // busy host the watchdog of clocks finds fault with the TSC, with a warning, and the check of the
  // timer, with a panic.
  std::string arguments =
      "console=ttyS0 quiet panic=-1 init_on_alloc=0 cryptomgr.notests tsc=reliable no_timer_check "
      "hugepages=" +
      std::to_string(options.huge_pages);
  if (options.iommu) arguments += " intel_iommu=on";
  for (const std::string& argument : options.kernel_arguments) arguments += " " + argument;
  add("-append", arguments);

  // Caching mode: the guest tells of new mappings too, which QEMU passes on to a NIC process. In
  // front of the cards, which look for it when they come.
  if (options.iommu) add("-device", "intel-iommu,intremap=on,caching-mode=on");

  // Sockets keep the order and lose nothing: a card that cannot receive leaves frames in the
  // socket, and a full one holds up the other card's transmit queue. A hub would let frames
  // overtake those that wait in the card (QEMU, net/net.c, qemu_flush_or_purge_queued_packets).
  for (unsigned i = 0; i < std::size(kNicIds); ++i) {
    if (!own_cards) {
      add("-device", VfioUserDevice(i, descriptors.cards[i]));
      continue;
    }
    const std::string number = std::to_string(i);
    add("-netdev", "dgram,id=cable" + number +
                       ",local.type=fd,local.str=" + std::to_string(descriptors.cards[i]));
    add("-device", VirtioDevice(i, options.virtio));
  }
  if (options.ssh_port != 0) {
    add("-netdev", "user,id=lan,restrict=on,host=" + std::string(kLanHost) +
                       ",hostfwd=tcp:127.0.0.1:" + std::to_string(options.ssh_port) + "-" +
                       std::string(kLanGuest) + ":22");
    add("-device", "virtio-net-pci,netdev=lan,addr=5,romfile=");
  }
  if (options.disk >= 0) {
    add("-drive", "if=none,id=disk,format=raw,file=/proc/self/fd/" + std::to_string(options.disk));
    add("-device", "virtio-blk-pci,drive=disk,addr=6");
  }
  for (const std::string& device : options.devices) add("-device", device);
  if (interactive) return command;

  const auto add_socket = [&](const std::string& id, int fd) {
    add("-chardev", "socket,id=" + id + ",fd=" + std::to_string(fd));
  };
  const auto add_port = [&](const std::string& name, int fd) {
    add_socket(name, fd);
    add("-device", "virtserialport,chardev=" + name + ",name=" + name);
  };
  add_socket("qmp", descriptors.qmp);
  add("-mon", "chardev=qmp,mode=control");
  add("-device", "virtio-serial-pci,addr=4");
  add_port("ixylab.output", descriptors.output);
  add_port("ixylab.control", descriptors.control);
  for (const auto& [name, fd] : options.ports) add_port(name, fd);
  return command;
}

}  // namespace ixylab::hil
