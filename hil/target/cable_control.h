// A cable between PCI ports that somebody else can pull: the host of a VM, or whoever has a switch.
#ifndef HIL_TARGET_CABLE_CONTROL_H_
#define HIL_TARGET_CABLE_CONTROL_H_

#include <chrono>
#include <string>

namespace ixylab::hil {

/// Over a character device, a terminal or a FIFO that is open both ways: "link down\n" or "link
/// up\n" goes out, "ok\n" or "error TEXT\n" comes back once it is done on both sides.
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

 private:
  /// A line without its end.
  std::string ReadLine(std::chrono::milliseconds deadline);

  const std::string path_;
  int fd_;
};

}  // namespace ixylab::hil

#endif  // HIL_TARGET_CABLE_CONTROL_H_
