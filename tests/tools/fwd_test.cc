// The forwarder as its user sees it: files in, files out, messages, exit status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/tools/process.h"
#include "tests/tools/program_fixture.h"

namespace ixylab::fwd {
namespace {

using ::ixylab::testing::Frames;
using ::ixylab::testing::kFileHeaderSize;
using ::ixylab::testing::kRecordHeaderSize;
using ::ixylab::testing::kSample;
using ::ixylab::testing::kSampleFrames;
using ::ixylab::testing::Padded;
using ::ixylab::testing::Process;
using ::ixylab::testing::ProgramTest;
using ::ixylab::testing::ReadFile;
using ::ixylab::testing::Record;
using ::ixylab::testing::Result;
using ::ixylab::testing::Until;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

class FwdTest : public ProgramTest {
 protected:
  FwdTest() : ProgramTest("tools/fwd/fwd") {}
};

class FwdTargetTest : public FwdTest, public ::testing::WithParamInterface<std::string> {};

INSTANTIATE_TEST_SUITE_P(Targets, FwdTargetTest, ::testing::ValuesIn(::ixylab::testing::Models()),
                         [](const auto& info) { return "T" + std::to_string(info.index); });

TEST_P(FwdTargetTest, ForwardsEveryFrameInOrder) {
  const std::string out = Path("out.pcap");
  const Result result = Run({"--target=" + GetParam(), in_, "--out=" + out});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "fwd: 337 in, 337 forwarded, 337 out, 0 missed, 0 skipped\n");
  EXPECT_THAT(Frames(sample_), SizeIs(kSampleFrames));
  EXPECT_TRUE(Frames(ReadFile(out)) == Padded(Frames(sample_))) << "frames or their order differ";
}

TEST_P(FwdTargetTest, ForwardsInBatchesOfAnySizeAndAgain) {
  for (const std::size_t batch : {1, 7, 256}) {
    const std::string out = Path("out.pcap");
    const Result result = Run({"--target=" + GetParam(), in_, "--out=" + out, "--loop=5",
                               "--batch=" + std::to_string(batch)});
    EXPECT_EQ(result.status, 0) << result.err;
    std::vector<std::string> expected;
    for (int i = 0; i < 5; ++i) {
      const std::vector<std::string> once = Padded(Frames(sample_));
      expected.insert(expected.end(), once.begin(), once.end());
    }
    EXPECT_TRUE(Frames(ReadFile(out)) == expected) << "batch " << batch;
  }
}

TEST_F(FwdTest, TcpdumpReadsTheOutputBack) {
  const std::string out = Path("out.pcap");
  ASSERT_EQ(Run({in_, "--out=" + out}).status, 0);
  const Result back = Process({"tcpdump", "-nn", "-vv", "-r", out}).Wait();
  EXPECT_EQ(back.status, 0) << back.err;
  EXPECT_THAT(back.err, MatchesRegex("reading from file [^\n]*link-type EN10MB[^\n]*\n"));
  EXPECT_THAT(back.out, HasSubstr("Request who-has 192.0.2.2 tell 192.0.2.1"));
  EXPECT_THAT(back.out, HasSubstr("(correct)"));
  EXPECT_THAT(back.out, Not(ContainsRegex("incorrect|bad cksum|truncated")));
}

TEST_F(FwdTest, SameSeedGivesTheSameFile) {
  ASSERT_EQ(Run({in_, "--out=" + Path("a.pcap"), "--seed=7"}).status, 0);
  ASSERT_EQ(Run({in_, "--out=" + Path("b.pcap"), "--seed=7"}).status, 0);
  EXPECT_TRUE(ReadFile(Path("a.pcap")) == ReadFile(Path("b.pcap")));
}

TEST_F(FwdTest, TraceShowsRegistersByNameAndFields) {
  const Result result = Run({in_, "--out=" + Path("out.pcap"), "--trace", "--seed=3"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(
      result.err,
      ContainsRegex("port 0 +W +SRRCTL\\[0\\] 0x01014 = 0x[0-9a-fA-F]+ \\{[^\n]*DESCTYPE=1"));
  EXPECT_THAT(result.err, ContainsRegex("port 0 +W +RDT\\[0\\] 0x01018 = "));
  EXPECT_THAT(result.err, ContainsRegex("port 1 +W +TDT\\[0\\] 0x06018 = "));
  EXPECT_THAT(result.err, ContainsRegex("port 1 +R +LINKS 0x042A4 = "));
  EXPECT_THAT(result.err, HasSubstr("fwd: 337 in, 337 forwarded, 337 out"));
}

TEST_F(FwdTest, TheOutputCanBeAPipe) {
  const Result result = Run({in_, "--out=-"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(Frames(result.out) == Padded(Frames(sample_))) << "frames or their order differ";
}

TEST_F(FwdTest, PathsAreRelativeToWhereTheUserStands) {
  Create("in.pcap", sample_);
  Process process(Command({"--in=in.pcap", "--out=out.pcap"}),
                  {{"BUILD_WORKING_DIRECTORY", folder_}});
  const Result result = process.Wait();
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(Frames(ReadFile(Path("out.pcap"))), SizeIs(kSampleFrames));
}

TEST_F(FwdTest, HelpNamesEveryOption) {
  const Result result = Run({"--help"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, IsEmpty());
  for (const char* option :
       {"--in", "--out", "--target", "--batch", "--loop", "--seed", "--trace"}) {
    EXPECT_THAT(result.out, HasSubstr(option));
  }
}

TEST_F(FwdTest, SkipsWhatCannotBeReplayedAndSaysWhy) {
  const std::string in =
      Create("in.pcap", sample_.substr(0, kFileHeaderSize) + Record(60, 60) + Record(96, 1514) +
                            Record(1515, 1515) + Record(1514, 1514) + Record(9000, 9000));
  const Result result = Run({"--in=" + in, "--out=" + Path("out.pcap")});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.err,
            "fwd: 2 in, 2 forwarded, 2 out, 0 missed, "
            "3 skipped (1 cut off by the snap length, 2 too long for the port)\n");
  EXPECT_THAT(Frames(ReadFile(Path("out.pcap"))), SizeIs(2));
}

TEST_F(FwdTest, ForwardsNothingOfAnEmptyCapture) {
  const std::string in = Create("in.pcap", sample_.substr(0, kFileHeaderSize));
  const Result result = Run({"--in=" + in, "--out=" + Path("out.pcap"), "--loop=1000000000"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(Frames(ReadFile(Path("out.pcap"))), IsEmpty());
}

TEST_F(FwdTest, ForwardsWhatStandsBeforeTheDamage) {
  // The file ends in its second to last frame but one.
  const std::vector<std::string> frames = Frames(sample_);
  std::size_t cut = sample_.size() - 1;
  for (std::size_t i = 1; i <= 2; ++i) cut -= kRecordHeaderSize + frames[frames.size() - i].size();
  const std::string in = Create("in.pcap", sample_.substr(0, cut));
  const Result result = Run({"--in=" + in, "--out=" + Path("out.pcap")});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err,
              MatchesRegex("fwd: 334 in, 334 forwarded, 334 out, 0 missed, 0 skipped\n"
                           "fwd: cannot read [^\n]*/in.pcap: packet 335: truncated dump file[^\n]*"
                           "; the file is damaged: [^\n]*\n"));
  std::vector<std::string> expected = Padded(frames);
  expected.resize(334);
  EXPECT_TRUE(Frames(ReadFile(Path("out.pcap"))) == expected);
}

TEST_F(FwdTest, AFullDiskIsAFailure) {
  for (const char* loop : {"--loop=1", "--loop=1000000000"}) {
    const Result result = Run({in_, "--out=/dev/full", loop});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err,
                HasSubstr("fwd: cannot write /dev/full: No space left on device; make"));
  }
}

TEST_F(FwdTest, WrongInputGetsOneLine) {
  const std::string text = Create("letter.txt", "Dear reader,\nthis is not a capture.\nYours\n");
  const std::string cooked =
      Create("any.pcap", sample_.substr(0, kFileHeaderSize - 4) + std::string("\x71\0\0\0", 4));
  const std::string empty = Create("empty.pcap", "");
  const std::string out = "--out=" + Path("out.pcap");
  const std::string other = "--out=" + Create("other.pcap", "keep me");
  const std::vector<Wrong> table = {
      {{}, 2, "--in is required; fwd --help lists the options"},
      {{out}, 2, "--in is required; "},
      {{in_}, 2, "--out is required; "},
      {{in_, out, "--speed=9"}, 2, "--speed=9; "},
      {{in_, out, "more"}, 2, "more; "},
      {{in_, out, "--batch=0"}, 2, "--batch: \"0\" is not a number from 1 to 256; "},
      {{in_, out, "--batch=257"}, 2, "--batch: \"257\" is not a number"},
      {{in_, out, "--batch=many"}, 2, "--batch: \"many\" is not a number"},
      {{in_, out, "--batch=1.5"}, 2, "--batch: \"1.5\" is not a number"},
      {{in_, out, "--loop=0"}, 2, "--loop: \"0\" is not a number"},
      {{in_, out, "--seed=-1"}, 2, "--seed: \"-1\" is not a number"},
      {{in_, out, "--seed=99999999999999999999"}, 2, "--seed: \"99999999999999999999\" is not"},
      {{in_, other, "--target=model:8259"}, 2, "--target: unknown target \"model:8259\"; "},
      {{in_, other, "--target="}, 2, "--target: "},
      {{in_, other, "--target=lab:rack1"}, 2, "lab:rack1 is a machine of the lab: "},
      {{in_, "--target=pci:0000:00:1e.0,0000:00:1f.0"}, 2, "--in and --out are for models and VMs"},
      {{other, "--target=pci:0000:00:1e.0,0000:00:1f.0"}, 2, "have cables"},
      {{"--in=" + Path("none.pcap"), other}, 1, "none.pcap: No such file or directory; give"},
      {{"--in=" + folder_, other}, 1, "Is a directory; give"},
      {{"--in=" + text, other}, 1, "letter.txt: unknown file format; give a pcap"},
      {{"--in=" + empty, other}, 1, "empty.pcap: truncated dump file; "},
      {{"--in=" + cooked, other}, 1, "any.pcap: its frames are not Ethernet but LINUX_SLL; "},
      {{in_, "--out=" + Path("no/folder.pcap")}, 1, "no/folder.pcap: No such file or directory; "},
      {{in_, "--out=" + folder_}, 1, "Is a directory; give"},
      {{"--in=" + Path("other.pcap"), other}, 2, "same file, " + Path("other.pcap") + "; "},
  };
  for (const Wrong& wrong : table) {
    ExpectOneLine(wrong);
    EXPECT_EQ(ReadFile(Path("other.pcap")), "keep me") << "no output is touched";
  }
}

TEST_P(FwdTargetTest, AnInterruptEndsItCleanly) {
  const std::string out = Path("out.pcap");
  Process process(Command({"--target=" + GetParam(), in_, "--out=" + out, "--loop=1000000000"}));
  std::error_code none;
  ASSERT_TRUE(Until([&] {
    const auto size = std::filesystem::file_size(out, none);
    return !none && size > 1'000'000;
  })) << process.ErrorSoFar();
  process.Signal(SIGINT);
  const Result result = process.Wait();
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("fwd: interrupted\nfwd: "));

  const std::vector<std::string> frames = Frames(ReadFile(out));
  const std::string n = std::to_string(frames.size());
  EXPECT_THAT(result.err, HasSubstr(n + " in, " + n + " forwarded, " + n + " out, 0 missed"));
  const std::vector<std::string> sample = Padded(Frames(sample_));
  for (std::size_t i = 0; i < frames.size(); ++i) {
    ASSERT_TRUE(frames[i] == sample[i % sample.size()]) << "frame " << i;
  }
}

TEST_F(FwdTest, AnInterruptEndsTheWaitForAPipe) {
  const std::string pipe = Path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  Process process(Command({"--in=" + pipe, "--out=" + Path("out.pcap"), "--batch=1", "--trace"}));
  std::fstream writer(pipe, std::ios::binary | std::ios::in | std::ios::out);  // does not block
  writer << sample_.substr(0, kFileHeaderSize) << Record(60, 60) << std::flush;
  // Once the frame is forwarded, the program waits for the next one.
  ASSERT_TRUE(Until([&] {
    return process.ErrorSoFar().find("TDT[0] 0x06018 = 0x00000001") != std::string::npos;
  })) << process.ErrorSoFar();
  process.Signal(SIGINT);
  const Result result = process.Wait();
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr("fwd: interrupted\nfwd: 1 in, 1 forwarded, 1 out"));
  EXPECT_THAT(result.err, Not(HasSubstr("cannot read")));
  EXPECT_THAT(Frames(ReadFile(Path("out.pcap"))), SizeIs(1));
}

TEST_F(FwdTest, RatesEverySecond) {
  Process process(Command({in_, "--out=/dev/null", "--loop=1000000000"}));
  ASSERT_TRUE(Until([&] {
    const std::string text = process.ErrorSoFar();
    return std::count(text.begin(), text.end(), '\n') >= 2;
  }));
  process.Signal(SIGTERM);
  const Result result = process.Wait();
  EXPECT_EQ(result.status, 0);
  const std::string rate = "fwd: [0-9]+\\.[0-9]+ Mpps, [1-9][0-9]* Mbit/s, 0 missed\n";
  EXPECT_THAT(result.err, ContainsRegex("^" + rate + rate));
  EXPECT_THAT(result.err, HasSubstr("fwd: interrupted\n"));
}

}  // namespace
}  // namespace ixylab::fwd
