// The capture program as its user sees it: pcap out, messages, exit status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "tests/tools/process.h"
#include "tests/tools/program_fixture.h"

namespace ixylab::capture {
namespace {

using ::ixylab::testing::Captured;
using ::ixylab::testing::Frames;
using ::ixylab::testing::kFileHeaderSize;
using ::ixylab::testing::kRecordHeaderSize;
using ::ixylab::testing::kSampleFrames;
using ::ixylab::testing::Padded;
using ::ixylab::testing::Process;
using ::ixylab::testing::ProgramTest;
using ::ixylab::testing::ReadCapture;
using ::ixylab::testing::ReadFile;
using ::ixylab::testing::Record;
using ::ixylab::testing::Result;
using ::ixylab::testing::Until;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::StartsWith;

class CaptureTest : public ProgramTest {
 protected:
  CaptureTest() : ProgramTest("tools/capture/capture") {}
};

class CaptureTargetTest : public CaptureTest, public ::testing::WithParamInterface<std::string> {};

INSTANTIATE_TEST_SUITE_P(Targets, CaptureTargetTest,
                         ::testing::ValuesIn(::ixylab::testing::Models()),
                         [](const auto& info) { return "T" + std::to_string(info.index); });

TEST_P(CaptureTargetTest, CapturesEveryFrameAtEitherPort) {
  for (const char* port : {"--port=0", "--port=1"}) {
    const Result result = Run({"--target=" + GetParam(), in_, "-w", Path("out.pcap"), port});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.err, "capture: 337 captured, 0 missed, 0 skipped\n");
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_TRUE(Frames(ReadFile(Path("out.pcap"))) == Padded(Frames(sample_)));
  }
}

TEST_P(CaptureTargetTest, TcpdumpReadsThePipe) {
  const Result result =
      Shell("\"$0\" --target=" + GetParam() + " " + in_ + " -w - | tcpdump -nnvvr -");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("link-type EN10MB"));
  EXPECT_THAT(result.err, HasSubstr("capture: 337 captured, 0 missed, 0 skipped\n"));
  EXPECT_THAT(result.out, HasSubstr("Request who-has 192.0.2.2 tell 192.0.2.1"));
}

TEST_F(CaptureTest, NothingButPcapOnStdout) {
  const Result result = Run({in_, "-w", "-"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, StartsWith("\x4d\x3c\xb2\xa1")) << "nanoseconds";
  EXPECT_TRUE(Frames(result.out) == Padded(Frames(sample_)));
}

TEST_F(CaptureTest, TimesAreTheTargets) {
  ASSERT_EQ(Run({in_, "-w", Path("virtual.pcap")}).status, 0);
  EXPECT_LT(ReadCapture(ReadFile(Path("virtual.pcap"))).back().nanoseconds, 10'000'000'000u);
  ASSERT_EQ(Run({in_, "-w", Path("wall.pcap"), "--target=model:82599,threads"}).status, 0);
  EXPECT_GT(ReadCapture(ReadFile(Path("wall.pcap"))).front().nanoseconds,
            1'700'000'000'000'000'000u);
}

TEST_F(CaptureTest, CountAndSnapLength) {
  const Result result = Run({in_, "-w", Path("out.pcap"), "-c", "50", "-s", "100"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, StartsWith("capture: 50 captured, 0 missed"));
  const std::vector<Captured> captured = ReadCapture(ReadFile(Path("out.pcap")));
  const std::vector<std::string> frames = Padded(Frames(sample_));
  ASSERT_THAT(captured, SizeIs(50));
  for (std::size_t i = 0; i < captured.size(); ++i) {
    EXPECT_EQ(captured[i].length, frames[i].size());
    EXPECT_TRUE(captured[i].bytes == frames[i].substr(0, 100)) << "frame " << i;
  }
}

TEST_F(CaptureTest, AReaderSeesEachFrameAtOnce) {
  const std::string pipe = Path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  Process process(Command({"--in=" + pipe, "-w", Path("out.pcap"), "--batch=1"}));
  std::fstream writer(pipe, std::ios::binary | std::ios::in | std::ios::out);  // does not block
  writer << sample_.substr(0, kFileHeaderSize) << std::flush;
  for (std::size_t frames = 0; frames <= 3; ++frames) {
    const std::size_t expected = kFileHeaderSize + frames * (kRecordHeaderSize + 60);
    EXPECT_TRUE(Until([&] { return ReadFile(Path("out.pcap")).size() == expected; })) << frames;
    writer << Record(60, 60) << std::flush;
  }
  process.Signal(SIGINT);
  const Result result = process.Wait();
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, StartsWith("capture: interrupted\ncapture: "));
  EXPECT_THAT(Frames(ReadFile(Path("out.pcap"))), SizeIs(4));
}

TEST_F(CaptureTest, AClosedPipeEndsItQuietly) {
  const Result result = Shell("{ \"$0\" " + in_ + " -w -; echo status $? >&2; } | head -c 1000");
  EXPECT_THAT(result.out, SizeIs(1000));
  EXPECT_THAT(result.err,
              MatchesRegex("capture: [0-9]+ captured, 0 missed, 0 skipped\nstatus 0\n"));
}

TEST_F(CaptureTest, CapturesWhatStandsBeforeTheDamage) {
  const std::string in = Create("in.pcap", sample_.substr(0, sample_.size() - 1));
  const Result result = Run({"--in=" + in, "-w", Path("out.pcap")});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, MatchesRegex("capture: 336 captured, 0 missed, 0 skipped\n"
                                       "capture: cannot read [^\n]*packet 337: [^\n]*\n"));
  EXPECT_THAT(Frames(ReadFile(Path("out.pcap"))), SizeIs(kSampleFrames - 1));
}

TEST_F(CaptureTest, AFullDiskIsAFailure) {
  const Result result = Run({in_, "-w", "/dev/full"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("capture: cannot write /dev/full: No space left on device;"));
}

TEST_F(CaptureTest, HelpNamesEveryOption) {
  const Result result = Run({"--help"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, IsEmpty());
  for (const char* option : {"--target", "--write", "--in", "--port", "--batch", "--count",
                             "--snaplen", "--seed", "--trace"}) {
    EXPECT_THAT(result.out, HasSubstr(option));
  }
}

TEST_F(CaptureTest, WrongInputGetsOneLine) {
  const std::string cards = "--target=pci:0000:00:1e.0,0000:00:1f.0";
  const std::string out = Create("out.pcap", "keep me");
  const std::vector<Wrong> table = {
      {{in_}, 2, "--write is required; "},
      {{"-w", out}, 2, "nothing arrives at a port of model:82599 by itself: give --in=FILE"},
      {{"-w", out, cards, in_}, 2, "--in is for models and VMs; "},
      {{"-w", out, in_, "--port=2"}, 2, "--port: \"2\" is not a number from 0 to 1; "},
      {{"-w", out, in_, "-c", "0"}, 2, "--count: \"0\" is not"},
      {{"-w", out, in_, "-s", "0"}, 2, "--snaplen: \"0\" is not a number from 1 to 262144; "},
      {{"-w", out, in_, "--batch=257"}, 2, "--batch: \"257\" is not"},
      {{"-w", out, in_, "--target=model:none"}, 2, "--target: unknown target \"model:none\"; "},
      {{"-w", out, "--target=lab:rack1"}, 2, "lab:rack1 is a machine of the lab: "},
      {{"-w", out, "--in=" + Path("none.pcap")}, 1, "none.pcap: No such file or directory; "},
      {{"-w", out, "--in=" + out}, 2, "same file, " + out + "; "},
      {{"-w", Path("no/folder.pcap"), in_}, 1, "no/folder.pcap: No such file or directory; "},
  };
  for (const Wrong& wrong : table) {
    ExpectOneLine(wrong);
    EXPECT_EQ(ReadFile(out), "keep me") << "no output is touched";
  }
}

}  // namespace
}  // namespace ixylab::capture
