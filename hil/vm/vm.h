// A VM that runs one program: Linux under QEMU, with two network cards that are cabled to each
// other: virtio-net devices of QEMU's, or the two ports of a NIC process (//emulator:nic).
#ifndef HIL_VM_VM_H_
#define HIL_VM_VM_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hil/target/target_spec.h"

namespace ixylab::hil {

/// Where the cards are in the guest.
inline constexpr std::string_view kNicAddresses[] = {"0000:00:02.0", "0000:00:03.0"};
/// Of VmOptions::ssh_port.
inline constexpr std::string_view kLanAddress = "0000:00:05.0";
inline constexpr std::string_view kLanGuest = "10.0.2.15";
inline constexpr std::string_view kLanHost = "10.0.2.2";
/// The cards of the VM `target` as a target of a program in the guest: pci:... with what must be
/// said of them.
std::string GuestTarget(const TargetSpec& target);
/// The guest's channel for requests to the host: "link up" or "link down", a line each, answered
/// with "ok" or "error TEXT" once the cable between the cards is plugged or pulled on both sides. A
/// NIC process answers more: "counters", "faults", "unknown", "registers", with lines of which the
/// last is "ok" or "error TEXT".
inline constexpr std::string_view kControlPort = "/dev/virtio-ports/ixylab.control";
/// A file that the program may leave; it comes back as VmResult::result.
inline constexpr std::string_view kResultFile = "/vm/result";

struct VmOptions {
  std::string qemu;                   // path of qemu-system-x86_64
  std::string kernel;                 // path of a vmlinux or bzImage
  std::string initramfs;              // path of an archive with busybox and modules (tools/guest)
  std::vector<std::string> archives;  // paths of further ones, unpacked on top of that
  std::vector<std::string> kernel_arguments;  // further words of its command line: "pci=nomsi"

  /// QEMU's cards, if there is no `nic`.
  VirtioKind virtio = VirtioKind::kTransitional;
  /// The cards are the ports of a NIC process, of this kind: what its --nic takes, such as "82599"
  /// or "virtio-net,packed". QEMU must know vfio-user-pci (10.1 or later).
  std::string nic;
  std::string nic_program;                 // path of //emulator:nic
  std::vector<std::string> nic_arguments;  // further ones: "--mac=02:00:00:00:00:01"

  /// "kvm", "tcg", or "auto": KVM if a guest comes up with it within a few seconds, else TCG.
  std::string accelerator = "auto";
  std::string kvm_device = "/dev/kvm";  // KVM is tried where this can be read and written
  /// KVM that works brings a guest up within one second; KVM that does not may hang.
  std::chrono::seconds kvm_boot_deadline{5};
  unsigned memory_mib = 512;
  unsigned huge_pages = 64;          // of 2 MiB, of that memory
  std::vector<std::string> devices;  // further ones, as QEMU's -device has them
  bool iommu = false;  // the guest has one, Intel's, that translates what the cards access
  /// A third card, at kLanAddress, in a network of QEMU's that leads nowhere but from this port of
  /// 127.0.0.1 to the guest's port 22. The guest is kLanGuest there, the host kLanHost. 0: none.
  std::uint16_t ssh_port = 0;
  /// A disk, /dev/vda of the guest: a raw image, open for reading and writing. What the guest has
  /// written to it is there for the next VM, however this one ends. -1: none.
  int disk = -1;
  /// The guest's kernel resets the cards by their power state, which takes 20 ms; else by a
  /// function level reset, which takes 100. vfio-pci does so whenever a card is opened and closed.
  bool quick_reset = false;
  /// The kernel's virtio_pci driver leaves the cards alone.
  bool unbound = false;
  std::vector<std::string> modules;  // loaded besides virtio_pci and virtio_console
  std::chrono::seconds deadline{600};

  /// In place of the cable between the cards, what hangs on the far end of each: a socket that
  /// keeps the bounds of messages, of which each is a frame without FCS. Both or none.
  std::array<int, 2> wires = {-1, -1};
  /// Further channels of the guest: /dev/virtio-ports/NAME, and the stream socket behind it.
  std::vector<std::pair<std::string, int>> ports;
  std::function<void()> on_ready;  // the program begins
  /// Ctrl-C or SIGTERM came. If there is this, the first one does not end the VM.
  std::function<void()> on_interrupt;
};

/// A file of the host that the guest has as a program in /bin.
struct GuestProgram {
  std::string name;
  std::string path;
};

/// What the NIC process said before it was stopped.
struct NicReport {
  /// What went wrong there, one line each: registers that the model does not have, DMA accesses
  /// that were refused, no answer. Empty if all was well.
  std::vector<std::string> problems;
  std::string death;                   // if it died by itself: why, in one line
  std::vector<std::string> counters;   // "port 0 sent 123"
  std::vector<std::string> registers;  // how many the guest touched, and on whose word they stand
  std::vector<std::string> log;        // its last lines
};

struct VmResult {
  enum class End {
    kExited,       // the program did, with `code`
    kDied,         // QEMU or the NIC process ended before the program: `reason`
    kDeadline,     // killed here after the deadline
    kInterrupted,  // killed here because the user pressed Ctrl-C or this process was told to end
  };
  End end = End::kDied;
  int code = 0;
  std::string reason;                // in one line, unless the program exited
  std::string result;                // the program's result file
  std::vector<std::string> console;  // what the guest's kernel and QEMU said: the last lines
  std::string accelerator;           // with which it ran
  NicReport nic;                     // if there was one
  /// From the start of QEMU until the program began; nothing if it never did.
  std::optional<std::chrono::milliseconds> boot;
};

/// Runs `command` (words; the first is the name of one of `programs`, or of busybox's) in a VM and
/// hands each line that it writes to `on_line`. Leaves neither process nor file, also if this
/// process is killed. Throws std::runtime_error in one line if there is no QEMU, kernel, or
/// program.
VmResult RunInVm(const VmOptions& options, const std::vector<GuestProgram>& programs,
                 const std::vector<std::string>& command,
                 const std::function<void(std::string_view line)>& on_line);

}  // namespace ixylab::hil

#endif  // HIL_VM_VM_H_
