// A capture file replayed into a wire, no faster than its frames arrive where they go to.
#ifndef TOOLS_COMMON_REPLAY_H_
#define TOOLS_COMMON_REPLAY_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "emulator/wire/pcap/pcap_player.h"
#include "emulator/wire/wire.h"

namespace ixylab::tools {

class Replay {
 public:
  /// Frames under way at once: fewer than a ring holds, so that no port has to drop one.
  static constexpr std::uint64_t kWindow = 128;

  /// Opens the capture at `path`, to be sent `loop` times. Throws PcapError.
  Replay(const std::string& path, std::uint64_t loop) : player_(path), loop_(loop) {}

  /// What is to be plugged into the wire.
  emulator::PcapPlayer& player() { return player_; }

  /// Sends up to `n` frames, as long as there is room in the window. `arrived`: how many have
  /// arrived so far.
  void Feed(std::size_t n, std::uint64_t arrived);
  /// All of the input has been sent, or what stands before the damage in it.
  bool ended() const { return ended_; }
  std::uint64_t UnderWay(std::uint64_t arrived) const;
  /// Those that are under way will not arrive any more.
  void GiveUp(std::uint64_t arrived) { lost_ += UnderWay(arrived); }

  std::uint64_t sent() const { return player_.sent(); }
  /// Where the input is damaged: why. Empty if it is not.
  const std::string& error() const { return error_; }
  /// Frames of the file that were not sent, with the reasons: "0 skipped".
  std::string DescribeSkipped() const;

 private:
  emulator::PcapPlayer player_;
  const std::uint64_t loop_;
  std::uint64_t replays_ = 0;
  bool ended_ = false;
  std::uint64_t lost_ = 0;
  std::string error_;
};

}  // namespace ixylab::tools

#endif  // TOOLS_COMMON_REPLAY_H_
