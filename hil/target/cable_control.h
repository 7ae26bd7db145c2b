// A cable between PCI ports that somebody else can pull: the host of a VM, or whoever has a switch.
#ifndef HIL_TARGET_CABLE_CONTROL_H_
#define HIL_TARGET_CABLE_CONTROL_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ixylab::hil {

/// DMA accesses that somebody refused.
struct DmaFaults {
  std::size_t count = 0;
  std::vector<std::string> first;  // a line each; not of all, if there are many
};

/// Over a character device, a terminal or a FIFO that is open both ways: "link down\n" or "link
/// up\n" goes out, "ok\n" or "error TEXT\n" comes back once it is done on both sides. To
/// "faults\n" a NIC process answers "faults N\n", some of them, a line each, and "ok\n".
class CableControl {
 public:
  static constexpr std::chrono::seconds kDeadline{10};

  /// Throws TargetError if `path` cannot be opened.
  explicit CableControl(const std::string& path);
  ~CableControl();
  CableControl(const CableControl&) = delete;
  CableControl& operator=(const CableControl&) = delete;

  /// Throws TargetError: "error TEXT", or no answer within `deadline`.
  void SetCable(bool plugged, std::chrono::milliseconds deadline = kDeadline);

  /// So far; nothing if the other end knows no faults. Throws TargetError as SetCable does.
  std::optional<DmaFaults> Faults(std::chrono::milliseconds deadline = kDeadline);

 private:
  void Write(std::string_view request);
  /// A line without its end.
  std::string ReadLine(std::chrono::milliseconds deadline);

  const std::string path_;
  int fd_;
};

}  // namespace ixylab::hil

#endif  // HIL_TARGET_CABLE_CONTROL_H_
