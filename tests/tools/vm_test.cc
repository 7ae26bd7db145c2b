// The programs in a VM: one boot each. What they do there beyond this, they do on models too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include "tests/tools/process.h"
#include "tests/tools/program_fixture.h"

namespace ixylab {
namespace {

using ::ixylab::testing::Frames;
using ::ixylab::testing::Padded;
using ::ixylab::testing::Process;
using ::ixylab::testing::ProgramTest;
using ::ixylab::testing::ReadFile;
using ::ixylab::testing::Result;
using ::ixylab::testing::Until;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class VmFwdTest : public ProgramTest {
 protected:
  VmFwdTest() : ProgramTest("tools/fwd/fwd") {}
};

TEST_F(VmFwdTest, ForwardsEveryFrameInOrder) {
  const Result result =
      Run({"--target=vm:virtio-net", in_, "--out=" + Path("out.pcap"), "--loop=10"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("fwd: port 0 to port 1: 3370 forwarded, 0 dropped, 0 missed\n"
                                    "fwd: port 1 to port 0: 0 forwarded, 0 dropped, 0 missed\n"
                                    "fwd: 3370 in, 3370 out, 0 skipped\n"));
  std::vector<std::string> expected;
  for (int i = 0; i < 10; ++i) {
    const std::vector<std::string> once = Padded(Frames(sample_));
    expected.insert(expected.end(), once.begin(), once.end());
  }
  EXPECT_TRUE(Frames(ReadFile(Path("out.pcap"))) == expected) << "frames or their order differ";
}

TEST_F(VmFwdTest, WhatIsMissingIsOneLine) {
  const std::string vm = "--target=vm:virtio-net,packed";
  const std::string out = "--out=" + Path("out.pcap");
  for (const Wrong& wrong : std::vector<Wrong>{
           {{vm, in_, out, "--qemu=/none/qemu"}, 1, "no QEMU: cannot run /none/qemu: No such file"},
           {{vm, in_, out, "--kernel=/none/linux"},
            1,
            "no kernel: cannot read /none/linux: No such"},
           {{vm, in_, out, "--accel=none"}, 2, "--accel: "},
           {{vm, out}, 2, "--in is required; "},
           {{"--target=vm:virtio-net,old", in_, out}, 2, "unknown target \"vm:virtio-net,old\"; "},
       }) {
    ExpectOneLine(wrong);
  }
}

class VmPktgenTest : public ProgramTest {
 protected:
  VmPktgenTest() : ProgramTest("tools/pktgen/pktgen") {}
};

TEST_F(VmPktgenTest, WhatPort0SendsArrivesAtPort1) {
  const Result result = Run({"--target=vm:virtio-net,packed", "--count=20000", "--size=333"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, ContainsRegex("pktgen: 20000 sent in [0-9.]+ s \\([0-9.]+ Mpps\\), "
                                        "20000 received, 0 missed\n$"));
}

TEST_F(VmPktgenTest, AnInterruptEndsTheProgramInside) {
  Process process(
      Command({"--target=vm:virtio-net,modern", "--rate=2000", "--out=" + Path("out.pcap")}));
  ASSERT_TRUE(Until([&] { return process.ErrorSoFar().find("Mpps") != std::string::npos; }))
      << process.ErrorSoFar();
  process.Signal(SIGINT);
  const Result result = process.Wait();
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("\npktgen: interrupted\n"));
  const std::vector<std::string> frames = Frames(ReadFile(Path("out.pcap")));
  EXPECT_THAT(result.err, HasSubstr("\npktgen: " + std::to_string(frames.size()) + " sent in "));
  EXPECT_THAT(result.err, HasSubstr("\npktgen: " + std::to_string(frames.size()) + " out\n"));
}

class VmCaptureTest : public ProgramTest {
 protected:
  VmCaptureTest() : ProgramTest("tools/capture/capture") {}
};

TEST_F(VmCaptureTest, TcpdumpReadsThePipe) {
  const Result result = Shell("\"$0\" --target=vm:virtio-net,legacy " + in_ + " -w - | tee " +
                              Path("out.pcap") + " | tcpdump -nnvvr -");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("link-type EN10MB"));
  EXPECT_THAT(result.err, HasSubstr("capture: 337 captured, 0 missed\n"));
  EXPECT_THAT(result.out, HasSubstr("Request who-has 192.0.2.2 tell 192.0.2.1"));
  EXPECT_THAT(result.out, Not(ContainsRegex("incorrect|bad cksum|truncated")));
  EXPECT_TRUE(Frames(ReadFile(Path("out.pcap"))) == Padded(Frames(sample_)));
}

}  // namespace
}  // namespace ixylab
