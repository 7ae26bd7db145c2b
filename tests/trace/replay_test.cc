// Replays what an unmodified Linux driver did on the model, without a virtual machine.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "emulator/82599/chip.h"
#include "emulator/host/in_process.h"
#include "emulator/register_table.h"
#include "emulator/wire/wire.h"
#include "gtest/gtest.h"
#include "tests/trace/differences.h"
#include "tests/trace/polls.h"
#include "tests/trace/recording.h"

namespace ixylab::trace {
namespace {

using emulator::Kind;
using emulator::RegisterInfo;
using emulator::intel82599::FindRegister;

/// The register that an access to `offset` reaches: for a second address, the original.
const RegisterInfo* Original(std::uint32_t offset) {
  const RegisterInfo* row = FindRegister(offset);
  if (row == nullptr || row->alias_of == RegisterInfo::kNoAlias) return row;
  return FindRegister(row->alias_of);
}

/// The index of the register at `offset`, which the table has.
std::uint32_t Index(std::uint32_t offset) {
  const RegisterInfo& own = *FindRegister(offset);
  const RegisterInfo& original = *Original(offset);
  const std::uint32_t first =
      &own == &original ? 0 : (own.alias_of - original.offset) / original.stride;
  return original.first_index + first + (offset - own.offset) / own.stride;
}

/// Writes that the register keeps: bits beyond these are lost.
std::uint32_t KeptBits(const RegisterInfo& row) {
  switch (row.kind) {
    case Kind::kReadOnly:
    case Kind::kReadClear:
    case Kind::kReadClearPair:
      return 0;
    default:
      return row.writable | row.self_clearing;
  }
}

/// By register name, the bits that differed and the first place where they did.
struct Observed {
  std::uint32_t bits = 0;
  std::string first;
};
using ObservedByName = std::map<std::string, Observed>;

void Observe(ObservedByName& observed, const RegisterInfo& row, std::uint32_t bits,
             const std::string& first) {
  Observed& entry = observed[std::string(row.name)];
  if (entry.bits == 0) entry.first = first;
  entry.bits |= bits;
}

/// A poll of `kPolls` that was begun by a write to the register with `index`.
struct Pending {
  const Poll* poll;
  std::uint32_t index;
  auto operator<=>(const Pending&) const = default;
};

/// A chip with one port whose cable has light at the other end, and what it did in the replay.
class Replay {
 public:
  explicit Replay(std::span<const Access> recording) {
    host_.Plug(chip_.function(0));
    chip_.Connect(0, wire_, 0);
    wire_.Attach(1, &partner_);
    wire_.SetSignal(1, true);
    host_.Sleep(std::chrono::seconds(1));  // power-up is long over when a driver is loaded
    EnableMsix();
    for (const Access& access : recording) {
      ++place_;
      if (access.pause.count() > 0) host_.Sleep(access.pause);
      const RegisterInfo* row = Original(access.offset);
      if (row == nullptr) {
        unknown_.insert(access.offset);
      } else if (access.write) {
        Write(*row, access);
      } else {
        Read(*row, access);
      }
    }
  }

  const std::set<std::uint32_t>& unknown() const { return unknown_; }
  std::uint64_t unknown_accesses() const { return chip_.unknown_accesses(); }
  const ObservedByName& read_differences() const { return read_differences_; }
  const ObservedByName& ignored_writes() const { return ignored_writes_; }
  const std::map<const Poll*, unsigned>& polls_ended() const { return polls_ended_; }
  const std::vector<std::string>& endless_polls() const { return endless_polls_; }

 private:
  struct Partner final : emulator::Endpoint {
    void OnFrame(const emulator::Frame&) override {}
  };

  /// The driver used MSI-X; what the kernel does for that is not in BAR 0, which was recorded.
  void EnableMsix() {
    constexpr unsigned kTableBar = 4, kVectors = 64;
    constexpr std::uint32_t kMessageControl = 0x72, kEnable = 0x8000;
    host_.Write(0, emulator::NicFunction::kConfigSpace, kMessageControl, 2, kEnable);
    for (std::uint32_t vector = 0; vector < kVectors; ++vector) {
      host_.Write(0, kTableBar, 16 * vector + 12, 4, 0);
    }
  }

  std::string Describe(const Access& access) const {
    return "access " + std::to_string(place_) + (access.write ? " W " : " R ") +
           DescribeAccess(FindRegister(access.offset), access.offset, access.value);
  }

  void Write(const RegisterInfo& row, const Access& access) {
    const std::uint32_t lost = access.value & ~KeptBits(row);
    if (lost != 0) Observe(ignored_writes_, row, lost, Describe(access));
    host_.Write32(0, access.offset, access.value);
    const std::uint32_t index = Index(access.offset);
    for (const Poll& poll : kPolls) {
      if (poll.trigger.name == row.name) {
        pending_.erase({&poll, index});
        if (poll.trigger.Matches(access.value)) pending_.insert({&poll, index});
      }
    }
  }

  void Read(const RegisterInfo& row, const Access& access) {
    std::uint32_t value = host_.Read32(0, access.offset);
    const std::uint32_t index = Index(access.offset);
    for (const Poll& poll : kPolls) {
      if (poll.polled.name != row.name || pending_.erase({&poll, index}) == 0) continue;
      for (unsigned tries = 1; !poll.Ends(value) && tries < poll.tries; ++tries) {
        host_.Sleep(poll.interval);
        value = host_.Read32(0, access.offset);
      }
      if (poll.Ends(value)) {
        ++polls_ended_[&poll];
      } else {
        endless_polls_.push_back(std::string(poll.what) + ": " + Describe(access));
      }
    }
    const std::uint32_t different = value ^ access.value;
    if (different == 0) return;
    char model[40];
    std::snprintf(model, sizeof model, ", model: 0x%08X", value);
    Observe(read_differences_, row, different, Describe(access) + model);
  }

  emulator::InProcessHost host_{{}};
  emulator::Wire wire_;
  Partner partner_;
  emulator::intel82599::Chip chip_{{.ports = 1}, host_};
  unsigned place_ = 0;
  std::set<std::uint32_t> unknown_;
  std::set<Pending> pending_;
  std::map<const Poll*, unsigned> polls_ended_;
  std::vector<std::string> endless_polls_;
  ObservedByName read_differences_;
  ObservedByName ignored_writes_;
};

/// Every difference has a row that covers its bits, and every bit of every row is needed.
void ExpectListed(const ObservedByName& observed, std::span<const Difference> listed) {
  std::map<std::string, const Difference*> rows;
  for (const Difference& row : listed) {
    EXPECT_TRUE(rows.emplace(row.name, &row).second) << row.name << " is listed twice";
    EXPECT_FALSE(row.reason.empty()) << row.name;
    EXPECT_TRUE(observed.contains(std::string(row.name)))
        << row.name << " does not differ any more: take its row out of differences.h";
  }
  for (const auto& [name, difference] : observed) {
    const auto row = rows.find(name);
    const std::uint32_t allowed = row == rows.end() ? 0 : row->second->bits;
    char bits[80];
    std::snprintf(bits, sizeof bits, "0x%08X, listed 0x%08X", difference.bits, allowed);
    EXPECT_TRUE(difference.bits == allowed)
        << name << " differs in bits " << bits << "; first: " << difference.first;
  }
}

/// The recording, replayed once for all tests.
const Replay& TheReplay() {
  static const Replay replay(ReadRecording());
  return replay;
}

TEST(ReplayTest, TheRecordingIsWhole) {
  const std::vector<Access> recording = ReadRecording();
  std::set<std::uint32_t> offsets;
  unsigned writes = 0;
  for (const Access& access : recording) {
    offsets.insert(access.offset);
    writes += access.write;
  }
  EXPECT_EQ(recording.size() - writes, 19'800u);
  EXPECT_EQ(writes, 24'853u);
  EXPECT_EQ(offsets.size(), 1'760u);
}

TEST(ReplayTest, EveryOffsetIsInTheTable) {
  for (const std::uint32_t offset : TheReplay().unknown()) {
    ADD_FAILURE() << emulator::RegisterName(nullptr, offset);
  }
  EXPECT_EQ(TheReplay().unknown_accesses(), 0u);
}

TEST(ReplayTest, EveryWriteIsAccepted) {
  ExpectListed(TheReplay().ignored_writes(), kIgnoredWrites);
}

TEST(ReplayTest, EveryReadThatDiffersHasItsReason) {
  ExpectListed(TheReplay().read_differences(), kReadDifferences);
}

TEST(ReplayTest, EveryPollEndsWithinLinuxsLimits) {
  for (const std::string& poll : TheReplay().endless_polls()) ADD_FAILURE() << poll;
  for (const Poll& poll : kPolls) {
    EXPECT_TRUE(TheReplay().polls_ended().contains(&poll))
        << "\"" << poll.what << "\" never happened: the poll or the recording is wrong";
  }
}

}  // namespace
}  // namespace ixylab::trace
