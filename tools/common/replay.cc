#include "tools/common/replay.h"

#include <algorithm>
#include <utility>

namespace ixylab::tools {

void Replay::Feed(std::size_t n, std::uint64_t arrived) {
  const std::uint64_t under_way = UnderWay(arrived);
  if (ended_ || under_way >= kWindow) return;
  const std::size_t room = std::min<std::size_t>(n, kWindow - under_way);
  try {
    if (player_.SendUpTo(room) == room) return;
    ended_ = ++replays_ == loop_ || player_.sent() == 0;
    if (!ended_) player_.Rewind();
  } catch (const emulator::PcapError& error) {
    ended_ = true;
    error_ = error.what();
  }
}

std::uint64_t Replay::UnderWay(std::uint64_t arrived) const {
  const std::uint64_t gone = arrived + lost_;
  return player_.sent() > gone ? player_.sent() - gone : 0;
}

std::string Replay::DescribeSkipped() const {
  const emulator::PcapPlayer::Skipped& skipped = player_.skipped();
  std::string reasons;
  for (const auto& [count, reason] : {std::pair(skipped.cut_off, "cut off by the snap length"),
                                      std::pair(skipped.too_long, "too long for the port"),
                                      std::pair(skipped.damaged, "damaged")}) {
    if (count == 0) continue;
    reasons.append(reasons.empty() ? " (" : ", ").append(std::to_string(count) + " " + reason);
  }
  return std::to_string(skipped.total()) + " skipped" + reasons + (reasons.empty() ? "" : ")");
}

}  // namespace ixylab::tools
