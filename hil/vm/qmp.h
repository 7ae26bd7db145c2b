// QEMU's control channel: JSON, a line each way (QEMU, docs/interop/qmp-spec).
#ifndef HIL_VM_QMP_H_
#define HIL_VM_QMP_H_

#include <string>

#include "hil/process.h"

namespace ixylab::hil {

class Qmp {
 public:
  /// `socket` is connected to a QEMU monitor in control mode, from its greeting on.
  explicit Qmp(Descriptor socket) : socket_(std::move(socket)) {}

  /// Plugs or pulls the cable of the network card `id`, as the guest sees it. Throws
  /// std::runtime_error in one line: QEMU refused, did not answer within 5 s, or is gone.
  void SetLink(const std::string& id, bool up);

 private:
  /// `arguments` is a JSON object.
  void Execute(const std::string& command, const std::string& arguments);
  std::string ReadLine();

  Descriptor socket_;
  std::string pending_;
  bool negotiated_ = false;
};

}  // namespace ixylab::hil

#endif  // HIL_VM_QMP_H_
