// Lines for a terminal, pipe or file that must not hold the server up.
#ifndef EMULATOR_NIC_LINE_SINK_H_
#define EMULATOR_NIC_LINE_SINK_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ixylab::emulator::nic {

/// Buffers; where nobody reads for long, drops lines and says how many. Never waits but in End.
class LineSink {
 public:
  /// `fd` stays the caller's.
  explicit LineSink(int fd);

  void Add(std::string_view line);
  bool empty() const { return buffer_.empty(); }
  /// Writes what can be written at once.
  void Flush();
  /// Waits for who reads, at most so long.
  void End(std::chrono::milliseconds patience);

  std::uint64_t dropped() const { return dropped_; }

 private:
  const int fd_;
  const bool socket_;
  bool broken_ = false;  // nobody reads any more
  std::string buffer_;
  std::uint64_t dropped_ = 0;
  std::uint64_t told_ = 0;  // of them, in a line of the output
};

}  // namespace ixylab::emulator::nic

#endif  // EMULATOR_NIC_LINE_SINK_H_
