// What the ports' cables lead to, as the command line says.
#ifndef EMULATOR_NIC_CABLES_H_
#define EMULATOR_NIC_CABLES_H_

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/card.h"
#include "emulator/host/event_loop.h"
#include "emulator/nic/options.h"
#include "emulator/wire/wire.h"

namespace ixylab::emulator::nic {

class Cables {
 public:
  using LogLine = std::function<void(std::string_view line)>;

  /// Makes what hangs on the far ends. Throws SocketError, PcapError. `loop` must outlive it.
  Cables(std::span<const WireSpec> wires, EventLoop& loop, LogLine log);
  ~Cables();
  Cables(const Cables&) = delete;
  Cables& operator=(const Cables&) = delete;

  /// Plugs the ports in. The card must not outlive this.
  void Connect(Card& card);
  /// Plugs all cables in (as at first), or pulls them out.
  void SetPlugged(bool plugged);
  /// The machine that has the port is there. Where there is none (as at first) the port is dark:
  /// the other end of its cable has no carrier.
  void SetPowered(unsigned port, bool powered);
  /// What went through each port's cable: "out" from the port, "in" to it, and what was lost.
  std::vector<NamedCounter> counters(unsigned port) const;
  /// Hands on what is buffered for files. Throws nothing: an error is a line of the log, once.
  void Flush();
  /// Ends the files. Throws PcapError if not every frame is in its file.
  void Close();

 private:
  struct FarEnd;

  void Update();

  std::array<Wire, 2> wires_;
  const bool joined_;
  bool plugged_ = true;
  std::array<bool, 2> powered_{};
  const LogLine log_;
  std::vector<std::unique_ptr<FarEnd>> far_ends_;  // of each port; null where there is none
};

}  // namespace ixylab::emulator::nic

#endif  // EMULATOR_NIC_CABLES_H_
