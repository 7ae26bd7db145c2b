// Capture files as endpoints of a wire. The files here are written byte by byte, so that libpcap is
// not on both sides of a comparison.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/wire/pcap/pcap_player.h"
#include "emulator/wire/pcap/pcap_recorder.h"
#include "emulator/wire/wire.h"
#include "tests/emulator/wire/collector.h"

namespace ixylab::emulator {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::string Word(std::uint32_t value) {  // little-endian
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}

constexpr std::uint32_t kMicroseconds = 0xA1B2C3D4;
constexpr std::uint32_t kNanoseconds = 0xA1B23C4D;
constexpr std::uint32_t kEthernet = 1;
constexpr std::uint32_t kLinuxCooked = 113;  // what an interface named "any" gives

std::string FileHeader(std::uint32_t link_type = kEthernet, std::uint32_t magic = kMicroseconds) {
  return Word(magic) + Word(0x0004'0002) + Word(0) + Word(0) + Word(262'144) + Word(link_type);
}

std::string Record(std::string_view data, std::uint32_t captured, std::uint32_t length) {
  return Word(1) + Word(2) + Word(captured) + Word(length) + std::string(data);
}

std::string Record(std::string_view data) {
  const auto size = static_cast<std::uint32_t>(data.size());
  return Record(data, size, size);
}

class PcapTest : public ::testing::Test {
 protected:
  PcapTest() { wire_.Attach(1, &collector_); }
  ~PcapTest() override { std::filesystem::remove(path_); }

  PcapPlayer& Play(const std::string& content) {
    std::ofstream(path_, std::ios::binary) << content;
    player_ = std::make_unique<PcapPlayer>(path_);
    player_->Plug(wire_, 0);
    return *player_;
  }

  std::string Content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// The message of the PcapError that `work` throws.
  static std::string ErrorOf(const std::function<void()>& work) {
    try {
      work();
    } catch (const PcapError& error) {
      EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
      return error.what();
    }
    return "no error";
  }

  const std::string path_ =
      ::testing::TempDir() + "/pcap_test." + std::to_string(::getpid()) + ".pcap";
  Wire wire_;
  Collector collector_;
  std::unique_ptr<PcapPlayer> player_;
};

const std::string kShort(59, 's');
const std::string kMinimum(60, 'm');
const std::string kLongest(1514, 'l');
const std::string kTooLong(1515, 't');

TEST_F(PcapTest, PlaysFramesInOrderOneAtATime) {
  PcapPlayer& player = Play(FileHeader() + Record(kLongest) + Record(kMinimum));
  EXPECT_TRUE(collector_.carrier);
  EXPECT_THAT(collector_.frames, IsEmpty());
  EXPECT_TRUE(player.SendNext());
  EXPECT_THAT(collector_.frames, ElementsAre(kLongest));
  EXPECT_TRUE(player.SendNext());
  EXPECT_THAT(collector_.frames, ElementsAre(kLongest, kMinimum));
  EXPECT_FALSE(player.SendNext());
  EXPECT_FALSE(player.SendNext());
  EXPECT_EQ(player.sent(), 2u);
  EXPECT_EQ(player.skipped(), PcapPlayer::Skipped{});
}

TEST_F(PcapTest, SendUpToStopsAtTheEndOnly) {
  PcapPlayer& player = Play(FileHeader() + Record(kMinimum) + Record(kTooLong) + Record(kLongest) +
                            Record(kMinimum));
  EXPECT_EQ(player.SendUpTo(2), 2u);
  EXPECT_THAT(collector_.frames, ElementsAre(kMinimum, kLongest));
  EXPECT_EQ(player.SendUpTo(2), 1u);
  EXPECT_EQ(player.SendUpTo(2), 0u);
}

TEST_F(PcapTest, PadsShortFramesWithZeros) {
  PcapPlayer& player = Play(FileHeader() + Record("x") + Record(kShort) + Record(kMinimum));
  EXPECT_EQ(player.SendUpTo(9), 3u);
  EXPECT_THAT(collector_.frames,
              ElementsAre("x" + std::string(59, '\0'), kShort + std::string(1, '\0'), kMinimum));
}

TEST_F(PcapTest, SkipsAndCountsWhatCannotBeSentAsItWas) {
  PcapPlayer& player = Play(FileHeader() + Record(kMinimum, 60, 1514) + Record(kTooLong) +
                            Record("") + Record(kMinimum, 60, 59) + Record(kLongest));
  EXPECT_EQ(player.SendUpTo(9), 1u);
  EXPECT_THAT(collector_.frames, ElementsAre(kLongest));
  EXPECT_EQ(player.skipped(), (PcapPlayer::Skipped{.cut_off = 1, .too_long = 1, .damaged = 2}));
  EXPECT_EQ(player.skipped().total(), 4u);
}

TEST_F(PcapTest, RewindStartsOver) {
  PcapPlayer& player = Play(FileHeader() + Record(kMinimum) + Record(kLongest));
  EXPECT_EQ(player.SendUpTo(1), 1u);
  player.Rewind();
  EXPECT_EQ(player.SendUpTo(9), 2u);
  player.Rewind();
  EXPECT_EQ(player.SendUpTo(9), 2u);
  EXPECT_EQ(player.sent(), 5u);
  EXPECT_THAT(collector_.frames, ElementsAre(kMinimum, kMinimum, kLongest, kMinimum, kLongest));
}

TEST_F(PcapTest, ReadsNanosecondsAndPcapng) {
  EXPECT_EQ(Play(FileHeader(kEthernet, kNanoseconds) + Record(kMinimum)).SendUpTo(9), 1u);
  const std::string section = Word(0x0A0D0D0A) + Word(28) + Word(0x1A2B3C4D) + Word(1) +
                              Word(0xFFFFFFFF) + Word(0xFFFFFFFF) + Word(28);
  const std::string interface = Word(1) + Word(20) + Word(kEthernet) + Word(0) + Word(20);
  const std::string packet =
      Word(6) + Word(92) + Word(0) + Word(0) + Word(1) + Word(60) + Word(60) + kMinimum + Word(92);
  EXPECT_EQ(Play(section + interface + packet + packet).SendUpTo(9), 2u);
  EXPECT_THAT(collector_.frames, ElementsAre(kMinimum, kMinimum, kMinimum));
}

TEST_F(PcapTest, RefusesWhatIsNoCapture) {
  EXPECT_THAT(ErrorOf([&] { Play(""); }),
              AllOf(StartsWith("cannot read " + path_ + ": truncated dump file"),
                    HasSubstr("give a pcap or pcapng file")));
  EXPECT_THAT(ErrorOf([&] { Play(FileHeader().substr(0, 23)); }), HasSubstr("truncated dump file"));
  EXPECT_THAT(ErrorOf([&] { Play("From: me\nTo: you\nA letter, not a capture\n"); }),
              HasSubstr("unknown file format"));
  EXPECT_THAT(ErrorOf([&] { PcapPlayer player("/nowhere/a.pcap"); }),
              StartsWith("cannot read /nowhere/a.pcap: No such file or directory; give"));
  EXPECT_THAT(ErrorOf([&] { PcapPlayer player(::testing::TempDir()); }), HasSubstr("Is a directory"));
}

TEST_F(PcapTest, RefusesWhatIsNotEthernet) {
  EXPECT_THAT(ErrorOf([&] { Play(FileHeader(kLinuxCooked)); }),
              AllOf(HasSubstr("not Ethernet but LINUX_SLL"), HasSubstr("tcpdump -i")));
  EXPECT_THAT(ErrorOf([&] { Play(FileHeader(65'000)); }), HasSubstr("of link type 65000"));
}

TEST_F(PcapTest, SendsWhatStandsBeforeADamagedRecord) {
  const std::string good = FileHeader() + Record(kMinimum) + Record(kLongest);
  for (const std::string& bad : {
           Record(kMinimum).substr(0, 7),             // ends in a record's header
           Record(kMinimum).substr(0, 40),            // ends in a packet
           Record(kMinimum, 0xFFFFFFFF, 60),          // lengths that nobody sends
           Record(kMinimum, 0x7FFFFFFF, 0x7FFFFFFF),  //
           Record(kMinimum, 262'144, 262'144),        // more than the file has
       }) {
    collector_.frames.clear();
    PcapPlayer& player = Play(good + bad);
    EXPECT_THAT(ErrorOf([&] { player.SendUpTo(9); }),
                AllOf(StartsWith("cannot read " + path_ + ": packet 3: "), HasSubstr("damaged")));
    EXPECT_THAT(collector_.frames, ElementsAre(kMinimum, kLongest));
    EXPECT_EQ(player.sent(), 2u);
  }
}

// Every file that differs from a good one in one byte, or ends early, gives frames or a PcapError.
TEST_F(PcapTest, SurvivesEveryDamagedByte) {
  const std::string good = FileHeader() + Record(kMinimum) + Record(kShort);
  const std::size_t headers = FileHeader().size() + 16;
  std::vector<std::string> files;
  for (std::size_t i = 0; i < good.size(); ++i) files.push_back(good.substr(0, i));
  for (std::size_t i = 0; i < headers; ++i) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      files.push_back(good);
      files.back()[i] = static_cast<char>(files.back()[i] ^ flip);
    }
  }
  std::size_t refused = 0;
  for (const std::string& file : files) {
    try {
      Play(file).SendUpTo(1000);
    } catch (const PcapError&) {
      ++refused;
    }
  }
  for (const std::string& frame : collector_.frames) {
    EXPECT_GE(frame.size(), 60u);
    EXPECT_LE(frame.size(), 1514u);
  }
  EXPECT_GE(refused, good.size() - 2) << "files that end early";  // two of them end after a record
  EXPECT_LT(refused, files.size());
}

TEST_F(PcapTest, RecordsFramesWithNanoseconds) {
  auto now = 1'700'000'000s + 999'999'999ns;
  PcapRecorder recorder(path_, [&] { return now; });
  recorder.Plug(wire_, 1);
  EXPECT_TRUE(wire_.Carrier(0));
  wire_.Send(0, {.bytes = std::as_bytes(std::span(kLongest))});
  now += 2ns;
  wire_.Send(0, {.bytes = std::as_bytes(std::span("x", 1))});
  EXPECT_EQ(recorder.recorded(), 2u);
  EXPECT_EQ(recorder.recorded_bytes(), 1515u);
  EXPECT_TRUE(recorder.ok());
  recorder.Close();
  EXPECT_EQ(Content(), FileHeader(kEthernet, kNanoseconds) +  //
                           Word(1'700'000'000) + Word(999'999'999) + Word(1514) + Word(1514) +
                           kLongest +  //
                           Word(1'700'000'001) + Word(1) + Word(1) + Word(1) + "x");
  recorder.Close();  // once is enough, twice is harmless
  recorder.OnFrame({.bytes = std::as_bytes(std::span(kLongest))});
  EXPECT_EQ(recorder.recorded(), 2u);
}

TEST_F(PcapTest, RecordsNothingAsAValidFile) {
  PcapRecorder(path_, [] { return 0ns; }).Close();
  EXPECT_EQ(Content(), FileHeader(kEthernet, kNanoseconds));
  {
    PcapRecorder dropped(path_, [] { return 0ns; });
  }
  EXPECT_EQ(Play(Content()).SendUpTo(9), 0u);
}

TEST_F(PcapTest, ReportsAnUnwritableFile) {
  const auto clock = [] { return 0ns; };
  EXPECT_THAT(ErrorOf([&] { PcapRecorder("/nowhere/b.pcap", clock); }),
              StartsWith("cannot write /nowhere/b.pcap: No such file or directory; give"));
  EXPECT_THAT(ErrorOf([&] { PcapRecorder(::testing::TempDir(), clock); }),
              HasSubstr("Is a directory"));
}

TEST_F(PcapTest, ReportsAFullDisk) {
  const auto clock = [] { return 0ns; };
  const Frame frame{.bytes = std::as_bytes(std::span(kLongest))};
  {
    PcapRecorder few("/dev/full", clock);  // fits the stream's buffer: seen when it is closed
    few.OnFrame(frame);
    EXPECT_THAT(ErrorOf([&] { few.Close(); }),
                StartsWith("cannot write /dev/full: No space left on device; make room"));
  }
  PcapRecorder many("/dev/full", clock);
  for (int i = 0; i < 1000 && many.ok(); ++i) many.OnFrame(frame);
  EXPECT_FALSE(many.ok()) << "seen while frames arrive";
  EXPECT_LT(many.recorded(), 1000u);
  EXPECT_THAT(ErrorOf([&] { many.Close(); }), HasSubstr("No space left on device"));
}

}  // namespace
}  // namespace ixylab::emulator
