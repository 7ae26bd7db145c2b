// The program //emulator:nic as a child: a network card in a process of its own, whose ports QEMU
// plugs into a guest (vfio-user).
#ifndef HIL_VM_NIC_PROCESS_H_
#define HIL_VM_NIC_PROCESS_H_

#include <array>
#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "hil/process.h"
#include "hil/vm/vm.h"

namespace ixylab::hil {

/// A socket that one process listens on and another connects to, with no name in the file system:
/// its file is removed as soon as it is there, and `path` leads to it for a process that inherits
/// `file`. QEMU's vfio-user-pci takes nothing but a path.
class NamelessSocket {
 public:
  /// Throws std::runtime_error.
  NamelessSocket();

  int listener() const { return listener_.get(); }
  int file() const { return file_.get(); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_.get()); }
  void Close();

 private:
  Descriptor listener_;
  Descriptor file_;  // of the socket's inode
};

/// Ends, without a trace, with this object and with this process.
class NicProcess {
 public:
  static constexpr std::chrono::milliseconds kReadyDeadline{10'000};
  static constexpr std::chrono::milliseconds kAnswerDeadline{5'000};

  /// Starts `options.nic_program` with two ports, cabled to each other or to `options.wires`, and
  /// waits until it answers. Throws std::runtime_error in one line: it cannot run, says why it will
  /// not, or does not answer within `deadline`.
  NicProcess(const VmOptions& options, const SignalsAsEvents& signals,
             std::chrono::milliseconds deadline = kReadyDeadline);

  /// For QEMU: port 0 or 1. QEMU inherits `file()` and connects to `path()`.
  NamelessSocket& socket(unsigned port) { return sockets_[port]; }
  /// QEMU has inherited them.
  void CloseSockets();

  /// Sends `request` and gives the lines of the answer; the last one is "ok" or "error TEXT". Takes
  /// what it logs meanwhile. Throws std::runtime_error in one line if it died or does not answer.
  std::vector<std::string> Request(std::string_view request,
                                   std::chrono::milliseconds deadline = kAnswerDeadline);

  /// Readable when it has logged something or died: then TakeLog() is to be called. -1 if it died.
  int log_descriptor() const { return output_.ours.get(); }
  /// False if it died.
  bool TakeLog();
  /// Asks for what it has to report. If it died, or does so within `patience`, that is the report.
  NicReport Report(std::chrono::milliseconds patience);
  /// Asks it to end, kills it if it does not, and adds to `report` what was logged and went wrong.
  void Stop(NicReport& report);

 private:
  /// Until `descriptor` can be read; meanwhile takes the log. Throws at `end` or if it dies.
  void Wait(int descriptor, std::chrono::steady_clock::time_point end);
  std::string ReadLine(std::chrono::steady_clock::time_point end);
  void Log(std::string_view line);
  /// Whether it ended, or does so within `patience`.
  bool Ended(std::chrono::milliseconds patience);
  /// How, in one line: "the NIC process died: Segmentation fault".
  std::string Death();
  std::vector<std::string> AskFor(std::string_view what, NicReport& report);

  std::array<NamelessSocket, 2> sockets_;
  DescriptorPair control_ = MakeSocketPair();
  DescriptorPair output_ = MakePipe();
  std::deque<std::string> log_;
  Lines lines_;
  Child child_;
  std::string pending_;  // of an answer
};

}  // namespace ixylab::hil

#endif  // HIL_VM_NIC_PROCESS_H_
