// Replays on the model what drivers did, without a virtual machine: an unmodified one of Linux's,
// and ours, of which --trace=FILE takes another recording.
#include "tests/trace/replay.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/register_table.h"
#include "gtest/gtest.h"
#include "hil/files.h"
#include "hil/regs/compare.h"
#include "hil/regs/record.h"
#include "hil/target/target.h"
#include "tests/trace/differences.h"
#include "tests/trace/polls.h"
#include "tests/trace/recording.h"

namespace ixylab::trace {
namespace {

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

/// The recording of Linux's driver, replayed once for all tests.
const Replay& TheReplay() {
  static const Replay replay(ReadRecording(), kLinuxPolls, Replay::Compare::kFromTheStart);
  return replay;
}

TEST(LinuxReplayTest, TheRecordingIsWhole) {
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

TEST(LinuxReplayTest, EveryOffsetIsInTheTable) {
  for (const std::uint32_t offset : TheReplay().unknown()) {
    ADD_FAILURE() << emulator::RegisterName(nullptr, offset);
  }
  EXPECT_EQ(TheReplay().unknown_accesses(), 0u);
}

TEST(LinuxReplayTest, EveryWriteIsAccepted) {
  ExpectListed(TheReplay().ignored_writes(), kIgnoredWrites);
}

TEST(LinuxReplayTest, EveryReadThatDiffersHasItsReason) {
  ExpectListed(TheReplay().read_differences(), kReadDifferences);
}

TEST(LinuxReplayTest, EveryPollEndsWithinLinuxsLimits) {
  for (const std::string& poll : TheReplay().endless_polls()) ADD_FAILURE() << poll;
  for (const Poll& poll : kLinuxPolls) {
    EXPECT_TRUE(TheReplay().polls_ended().contains(&poll))
        << "\"" << poll.what << "\" never happened: the poll or the recording is wrong";
  }
}

constexpr char kOurTrace[] = "tests/trace/ours-82599.trace";

/// Each difference has a reason that is known of chips, which is shown.
void ExpectExplained(const ObservedByName& observed) {
  for (const auto& [name, difference] : observed) {
    std::uint32_t allowed = 0;
    std::string_view reason;
    for (const hil::NotCompared& rule : hil::NotComparedRegisters()) {
      if (rule.name == name) allowed = rule.bits, reason = rule.reason;
    }
    std::array<char, 32> bits;
    std::snprintf(bits.data(), bits.size(), "0x%08X", difference.bits & ~allowed);
    EXPECT_TRUE((difference.bits & ~allowed) == 0)
        << name << " differs in bits " << bits.data() << "; first: " << difference.first;
    if ((difference.bits & ~allowed) != 0) continue;
    std::printf("%s differs: %.*s; first: %s\n", name.c_str(), static_cast<int>(reason.size()),
                reason.data(), difference.first.c_str());
  }
}

/// What holds for each recording of our driver.
void ExpectReplays(const std::string& path) {
  SCOPED_TRACE(path);
  const std::vector<Access> recording = ReadRecording(path);
  const Replay replay(recording, kOurPolls, Replay::Compare::kFromTheReset);
  EXPECT_GT(recording.size(), 500u);
  for (const std::uint32_t offset : replay.unknown()) {
    ADD_FAILURE() << emulator::RegisterName(nullptr, offset);
  }
  EXPECT_EQ(replay.unknown_accesses(), 0u);
  for (const auto& [name, write] : replay.ignored_writes()) {
    ADD_FAILURE() << "the model does not store all of " << write.first;
  }
  for (const std::string& poll : replay.endless_polls()) ADD_FAILURE() << poll;
  for (const Poll& poll : kOurPolls) {
    EXPECT_TRUE(replay.polls_ended().contains(&poll)) << "\"" << poll.what << "\" never happened";
  }
  ExpectExplained(replay.read_differences());
}

TEST(OurReplayTest, AsRecordedInAVm) { ExpectReplays(kOurTrace); }

TEST(OurReplayTest, AsRecordedJustNow) {
  const auto target = hil::OpenTarget("model:82599", /*seed=*/1);
  const std::array<std::string, 2> traces = hil::Record(*target);
  for (unsigned port : {0u, 1u}) {
    const std::string path = testing::TempDir() + "port" + std::to_string(port) + ".trace";
    std::ofstream(path) << traces[port];
    ExpectReplays(path);
  }
}

TEST(OurReplayTest, AnotherDeviceIsFound) {
  constexpr std::uint32_t kHlreg0 = 0x04240, kStatus = 0x00008, kNothing = 0x1FFFC;
  std::vector<Access> recording = ReadRecording(kOurTrace);
  for (Access& access : recording) {
    if (!access.write && access.offset == kHlreg0) access.value ^= 0x00000800;
  }
  recording.push_back({.write = true, .offset = kStatus, .value = 0x40000000});
  recording.push_back({.offset = kNothing});
  const Replay replay(recording, kOurPolls, Replay::Compare::kFromTheReset);
  EXPECT_EQ(replay.unknown(), std::set<std::uint32_t>{kNothing});
  ASSERT_TRUE(replay.read_differences().contains("HLREG0"));
  EXPECT_EQ(replay.read_differences().at("HLREG0").bits, 0x00000800u);
  ASSERT_TRUE(replay.ignored_writes().contains("STATUS"));
  EXPECT_EQ(replay.ignored_writes().at("STATUS").bits, 0x40000000u);
}

// The trace holds the frames: a doorbell for each at the port that sends, and for the buffers at
// the one that receives.
TEST(OurReplayTest, DoorbellsAreRecorded) {
  constexpr std::uint32_t kRdt0 = 0x01018, kTdt0 = 0x06018;
  std::map<std::uint32_t, unsigned> writes;
  for (const Access& access : ReadRecording(kOurTrace)) writes[access.offset] += access.write;
  EXPECT_GE(writes[kTdt0], 9u);  // 0, and 8 frames
  EXPECT_GE(writes[kRdt0], 9u);
}

}  // namespace

/// One test more, of the user's recording.
void AddTrace(const std::string& path) {
  class UserTrace final : public testing::Test {
   public:
    explicit UserTrace(const std::string& path) : path_(path) {}
    void TestBody() override { ExpectReplays(path_); }

   private:
    const std::string path_;
  };
  testing::RegisterTest("OurReplayTest", path.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [path]() -> testing::Test* { return new UserTrace(path); });
}

}  // namespace ixylab::trace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  constexpr std::string_view kTrace = "--trace=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (!argument.starts_with(kTrace)) {
      std::fprintf(stderr, "replay_test: %s: only --trace=FILE is known\n", argv[i]);
      return 2;
    }
    const std::string path = ixylab::hil::FromUser(std::string(argument.substr(kTrace.size())));
    if (!std::ifstream(path)) {
      std::fprintf(stderr, "replay_test: cannot read %s\n", path.c_str());
      return 2;
    }
    ixylab::trace::AddTrace(path);
  }
  return RUN_ALL_TESTS();
}
