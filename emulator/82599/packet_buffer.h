// The receive packet buffer: frames that passed the filters and wait for a descriptor (datasheet
// 3.7.7.3, 7.1.3).
#ifndef EMULATOR_82599_PACKET_BUFFER_H_
#define EMULATOR_82599_PACKET_BUFFER_H_

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

namespace ixylab::emulator::intel82599 {

/// First in, first out. A frame takes its size, rounded up to 16 bytes (the granularity of the flow
/// control thresholds, 8.2.3.3.4), and nothing for bookkeeping: both are guesses.
template <typename Note>
class PacketBuffer {
 public:
  bool empty() const { return entries_.empty(); }
  std::size_t used() const { return used_; }  // bytes
  std::span<const std::byte> front() const { return entries_.front().bytes; }
  const Note& front_note() const { return entries_.front().note; }

  /// False where the frame does not fit into what `capacity` bytes have left.
  bool Push(std::span<const std::byte> frame, const Note& note, std::size_t capacity) {
    if (used_ + Taken(frame.size()) > capacity) return false;
    used_ += Taken(frame.size());
    entries_.push_back({{frame.begin(), frame.end()}, note});
    return true;
  }
  void Pop() {
    used_ -= Taken(front().size());
    entries_.pop_front();
  }
  void Clear() {
    entries_.clear();
    used_ = 0;
  }

 private:
  struct Entry {
    std::vector<std::byte> bytes;
    Note note;
  };
  static std::size_t Taken(std::size_t size) { return (size + 15) / 16 * 16; }

  std::deque<Entry> entries_;
  std::size_t used_ = 0;
};

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_PACKET_BUFFER_H_
