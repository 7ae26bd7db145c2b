// The packet generator as its user sees it: frames, counts, messages, exit status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/tools/process.h"
#include "tests/tools/program_fixture.h"

namespace ixylab::pktgen {
namespace {

using ::ixylab::testing::Captured;
using ::ixylab::testing::Frames;
using ::ixylab::testing::Process;
using ::ixylab::testing::ProgramTest;
using ::ixylab::testing::ReadCapture;
using ::ixylab::testing::ReadFile;
using ::ixylab::testing::Result;
using ::ixylab::testing::Until;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// The sequence number at the front of the UDP payload.
std::uint64_t Sequence(const std::string& frame) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    number = number << 8 | static_cast<unsigned char>(frame.at(14 + 20 + 8 + i));
  }
  return number;
}

class PktgenTest : public ProgramTest {
 protected:
  PktgenTest() : ProgramTest("tools/pktgen/pktgen") {}
};

class PktgenTargetTest : public PktgenTest, public ::testing::WithParamInterface<std::string> {};

INSTANTIATE_TEST_SUITE_P(Targets, PktgenTargetTest,
                         ::testing::ValuesIn(::ixylab::testing::Models()),
                         [](const auto& info) { return "T" + std::to_string(info.index); });

TEST_P(PktgenTargetTest, WhatPort0SendsArrivesAtPort1) {
  for (const char* batch : {"1", "7", "256"}) {
    const Result result =
        Run({"--target=" + GetParam(), "--count=2000", "--batch=" + std::string(batch)});
    EXPECT_EQ(result.status, 0) << result.err;
    unsigned received = 0;
    unsigned missed = 0;
    ASSERT_EQ(std::sscanf(result.err.c_str(),
                          "pktgen: 2000 sent in %*f s (%*f Mpps), %u received, %u missed\n",
                          &received, &missed),
              2)
        << result.err;
    // Against the wall clock, who receives may be late, and not every card counts what it drops.
    if (GetParam().find("threads") == std::string::npos) {
      EXPECT_EQ(received, 2000u);
      EXPECT_EQ(missed, 0u);
    } else {
      EXPECT_GT(received, 0u);
      EXPECT_LE(received + missed, 2000u);
    }
    EXPECT_THAT(result.out, IsEmpty());
  }
}

TEST_P(PktgenTargetTest, FramesHaveTheirSizeAndNumber) {
  for (const std::size_t size : {60, 61, 1000, 1514}) {
    const Result result = Run({"--target=" + GetParam(), "--count=3000", "--out=" + Path("a.pcap"),
                               "--size=" + std::to_string(size)});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("3000 out, 0 missed\n"));
    const std::vector<std::string> frames = Frames(ReadFile(Path("a.pcap")));
    ASSERT_THAT(frames, SizeIs(3000));
    for (std::size_t i = 0; i < frames.size(); ++i) {
      ASSERT_EQ(frames[i].size(), size);
      ASSERT_EQ(Sequence(frames[i]), i);
    }
  }
}

TEST_F(PktgenTest, TcpdumpFindsNothingWrong) {
  const Result result = Shell("\"$0\" --count=300 --size=999 --out=- | tcpdump -nnvvr -");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 2 * 300) << result.out;
  EXPECT_THAT(result.out, HasSubstr("proto UDP (17), length 985)"));
  EXPECT_THAT(result.out, HasSubstr("198.18.0.1.9 > 198.19.0.1.9: [no cksum] UDP, length 957"));
  EXPECT_THAT(result.out, Not(ContainsRegex("incorrect|bad|truncated|missing")));
}

TEST_F(PktgenTest, ARateIsOfTheTargetsTime) {
  const Result result = Run({"--count=2000", "--rate=1000", "--out=" + Path("a.pcap")});
  EXPECT_EQ(result.status, 0) << result.err;
  const std::vector<Captured> frames = ReadCapture(ReadFile(Path("a.pcap")));
  ASSERT_THAT(frames, SizeIs(2000));
  for (std::size_t i = 1; i < frames.size(); ++i) {
    const double milliseconds =
        static_cast<double>(frames[i].nanoseconds - frames[0].nanoseconds) * 1e-6;
    ASSERT_NEAR(milliseconds, static_cast<double>(i), 0.05) << "frame " << i;
  }
}

TEST_F(PktgenTest, SameSeedGivesTheSameFile) {
  ASSERT_EQ(Run({"--count=500", "--out=" + Path("a.pcap"), "--seed=7"}).status, 0);
  ASSERT_EQ(Run({"--count=500", "--out=" + Path("b.pcap"), "--seed=7"}).status, 0);
  EXPECT_TRUE(ReadFile(Path("a.pcap")) == ReadFile(Path("b.pcap")));
}

TEST_F(PktgenTest, RatesEverySecondUntilAnInterrupt) {
  Process process(Command({"--target=model:virtio-net,threads"}));
  ASSERT_TRUE(Until([&] {
    const std::string text = process.ErrorSoFar();
    return std::count(text.begin(), text.end(), '\n') >= 2;
  }));
  process.Signal(SIGINT);
  const Result result = process.Wait();
  EXPECT_EQ(result.status, 0) << result.err;
  const std::string rate = "pktgen: [0-9]+\\.[0-9]+ Mpps, [1-9][0-9]* Mbit/s, [0-9]+ missed\n";
  EXPECT_THAT(result.err, ContainsRegex("^" + rate + rate));
  EXPECT_THAT(result.err, ContainsRegex("\npktgen: interrupted\npktgen: [1-9][0-9]* sent in "));
}

TEST_F(PktgenTest, AFullDiskIsAFailure) {
  const Result result = Run({"--count=100000", "--out=/dev/full"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("pktgen: cannot write /dev/full: No space left on device;"));
}

TEST_F(PktgenTest, TraceShowsRegisters) {
  const Result result = Run({"--count=32", "--trace"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, ContainsRegex("port 0 +W +TDT\\[0\\] 0x06018 = 0x00000020"));
}

TEST_F(PktgenTest, HelpNamesEveryOption) {
  const Result result = Run({"--help"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, IsEmpty());
  for (const char* option :
       {"--target", "--size", "--batch", "--count", "--rate", "--out", "--seed", "--trace"}) {
    EXPECT_THAT(result.out, HasSubstr(option));
  }
}

TEST_F(PktgenTest, WrongInputGetsOneLine) {
  const std::vector<Wrong> table = {
      {{"--size=59"}, 2, "--size: \"59\" is not a number from 60 to 1514; "},
      {{"--size=1515"}, 2, "--size: \"1515\" is not"},
      {{"--batch=0"}, 2, "--batch: \"0\" is not a number from 1 to 256; "},
      {{"--count=0"}, 2, "--count: \"0\" is not"},
      {{"--count=-1"}, 2, "--count: \"-1\" is not"},
      {{"--rate=0"}, 2, "--rate: \"0\" is not a number from 1 to 1000000000; "},
      {{"--rate=1e6"}, 2, "--rate: \"1e6\" is not"},
      {{"--in=a.pcap"}, 2, "--in=a.pcap; "},
      {{"--target=model:none"}, 2, "--target: unknown target \"model:none\"; "},
      {{"--target=lab:rack1"}, 2, "lab:rack1 is a machine of the lab: "},
      {{"--target=pci:0000:00:1e.0,0000:00:1f.0", "--out=" + Path("a.pcap")},
       2,
       "--out is for models and VMs; "},
      {{"--count=1", "--out=" + Path("no/folder.pcap")}, 1, "no/folder.pcap: No such file"},
  };
  for (const Wrong& wrong : table) ExpectOneLine(wrong);
}

}  // namespace
}  // namespace ixylab::pktgen
