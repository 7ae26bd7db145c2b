// A recording of a driver, replayed on the model without a virtual machine.
#ifndef TESTS_TRACE_REPLAY_H_
#define TESTS_TRACE_REPLAY_H_

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "emulator/82599/chip.h"
#include "emulator/host/in_process.h"
#include "emulator/register_table.h"
#include "emulator/wire/wire.h"
#include "tests/trace/polls.h"
#include "tests/trace/recording.h"

namespace ixylab::trace {

/// By register name, the bits that differed and the first place where they did.
struct Observed {
  std::uint32_t bits = 0;
  std::string first;
};
using ObservedByName = std::map<std::string, Observed>;

/// A chip with one port whose cable has light at the other end, and what it did in the replay.
class Replay {
 public:
  /// From where on reads are compared: a driver's first reset ends what somebody before it left.
  enum class Compare { kFromTheStart, kFromTheReset };
  /// `polls` outlive this.
  Replay(std::span<const Access> recording, std::span<const Poll> polls, Compare compare);

  /// Offsets that the model does not have.
  const std::set<std::uint32_t>& unknown() const { return unknown_; }
  std::uint64_t unknown_accesses() const { return chip_.unknown_accesses(); }
  const ObservedByName& read_differences() const { return read_differences_; }
  /// What was written and the model does not store, other than bits written back as they were read.
  const ObservedByName& ignored_writes() const { return ignored_writes_; }
  const std::map<const Poll*, unsigned>& polls_ended() const { return polls_ended_; }
  const std::vector<std::string>& endless_polls() const { return endless_polls_; }

 private:
  struct Partner final : emulator::Endpoint {
    void OnFrame(const emulator::Frame&) override {}
  };
  /// One of `polls_` that was begun by a write to the register with `index`.
  struct Pending {
    const Poll* poll;
    std::uint32_t index;
    auto operator<=>(const Pending&) const = default;
  };

  void EnableMsix();
  std::string Describe(const Access& access) const;
  void Write(const emulator::RegisterInfo& row, const Access& access);
  void Read(const emulator::RegisterInfo& row, const Access& access);

  const std::span<const Poll> polls_;
  bool comparing_;
  emulator::InProcessHost host_{{}};
  emulator::Wire wire_;
  Partner partner_;
  emulator::intel82599::Chip chip_{{.ports = 1}, host_};
  unsigned place_ = 0;
  std::map<std::uint32_t, std::uint32_t> last_read_;  // by offset, as recorded
  std::set<std::uint32_t> unknown_;
  std::set<Pending> pending_;
  std::map<const Poll*, unsigned> polls_ended_;
  std::vector<std::string> endless_polls_;
  ObservedByName read_differences_;
  ObservedByName ignored_writes_;
};

}  // namespace ixylab::trace

#endif  // TESTS_TRACE_REPLAY_H_
