// The NIC process: a card, its host, its cables, and who wants to know about them.
#ifndef EMULATOR_NIC_SERVER_H_
#define EMULATOR_NIC_SERVER_H_

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/card.h"
#include "emulator/host/event_loop.h"
#include "emulator/host/vfio_user/vfio_user_host.h"
#include "emulator/nic/cables.h"
#include "emulator/nic/control.h"
#include "emulator/nic/journal.h"
#include "emulator/nic/options.h"
#include "emulator/nic/record.h"
#include "emulator/nic/report.h"
#include "emulator/sockets/bound_path.h"

namespace ixylab::emulator::nic {

class Server {
 public:
  /// Throws SocketError, PcapError, std::system_error: one line that says what to do.
  explicit Server(const Options& options);

  /// "82599, 2 ports: a.sock b.sock".
  std::string Description() const;

  /// Serves until `signals`, a signalfd, can be read or nobody can come any more, and returns why
  /// it ends: "SIGTERM", "the last client has gone". Then writes what there is to write.
  std::string Run(int signals);

  /// "0 unknown registers, 0 DMA faults".
  std::string Summary() const;

 private:
  VfioUserHost::Options HostOptions();
  void Serve(unsigned port, const SocketAddress& address);
  std::string Answer(std::string_view request);
  Seen seen() const {
    return {*card_, static_cast<unsigned>(options_.sockets.size()), cables_, record_};
  }
  void OnGone(unsigned port, std::string_view why);
  void Log(std::string_view line) { journal_.Log(loop_.Now(), line); }

  const Options options_;
  EventLoop loop_;
  Journal journal_;
  std::optional<ReportFile> report_;
  Cables cables_;
  VfioUserHost host_;
  std::unique_ptr<Card> card_;
  Record record_;
  std::vector<std::unique_ptr<RecordedFunction>> functions_;
  std::vector<std::unique_ptr<BoundPath>> paths_;
  std::array<bool, 2> intx_{};    // as the trace has shown it
  bool others_may_come_ = false;  // there is a socket that listens
  std::optional<Control> control_;
  std::string end_;  // why it ends
};

}  // namespace ixylab::emulator::nic

#endif  // EMULATOR_NIC_SERVER_H_
