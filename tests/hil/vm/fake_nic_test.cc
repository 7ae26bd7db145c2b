// What becomes of a run whatever the NIC process does: programs in its place, and in QEMU's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "hil/process.h"
#include "hil/target/target_spec.h"
#include "hil/vm/nic_process.h"
#include "hil/vm/qemu.h"
#include "hil/vm/vm.h"
#include "tests/hil/vm/fake_qemu.h"

namespace ixylab::hil {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::ThrowsMessage;
using End = VmResult::End;

/// The guest sends two requests and tells the answers.
constexpr const char* kGuestAsks = R"(printf '\1ready\n' >&$output
for request in 'link down' counters nonsense; do
  echo "$request" >&$control
  while read -r line <&$control; do
    echo "$request: $line" >&$output
    case $line in ok | error*) break ;; esac
  done
done
printf '\1exit 0 0\n' >&$output
sleep 1000
)";

class FakeNicTest : public FakeQemuTest {
 protected:
  FakeNicTest() {
    options_.nic = "82599";
    options_.nic_program = Path("nic");
    // Where names of sockets are for a moment.
    fs::create_directories(folder_ / "tmp");
    setenv("TMPDIR", (folder_ / "tmp").c_str(), 1);
  }
  ~FakeNicTest() override {
    EXPECT_TRUE(fs::is_empty(folder_ / "tmp"));
    unsetenv("TMPDIR");
  }

  /// A shell script in place of //emulator:nic; $control is the descriptor that it is asked over,
  /// and `serve` answers until the end, with what $unknown and $faults are.
  void MakeNic(const std::string& script) {
    WriteProgram("nic", R"(#!/bin/bash
control= unknown='unknown 0' faults='faults 0' summary='bye'
echo "$@" > $0.arguments
echo $$ > $0.pid
for argument; do
  case $argument in --control=fd:*) control=${argument##*:} ;; esac
done
# `answer` answers the first request.
answer() {
  read -r request <&$control
  echo ok >&$control
}
serve() {
  trap 'echo "$summary"; exit 0' TERM
  while read -r request <&$control; do
    case $request in
      unknown) printf '%b\n' "$unknown" ;;
      faults) printf '%b\n' "$faults" ;;
      counters) printf 'port 0 sent 1\nport 1 sent 2\n' ;;
      clients) ;;
      registers) echo '12 touched, 12 known' ;;
      'link down' | 'link up') ;;
      *) echo "error unknown request"; continue ;;
    esac >&$control
    echo ok >&$control
  done
}
)" + script);
  }

  std::string RunsInto() {
    try {
      Run();
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(FakeNicTest, ARunWithoutProblems) {
  MakeNic("echo 'nic: 82599, 2 ports'; serve");
  MakeQemu(kGuestRuns);
  options_.nic_arguments = {"--mac=02:00:00:00:00:07"};
  const VmResult result = Run();
  EXPECT_EQ(result.end, End::kExited);
  EXPECT_EQ(result.code, 7);
  EXPECT_THAT(result.nic.problems, IsEmpty());
  EXPECT_EQ(result.nic.death, "");
  EXPECT_THAT(result.nic.counters, ElementsAre("port 0 sent 1", "port 1 sent 2"));
  EXPECT_THAT(result.nic.registers, ElementsAre("12 touched, 12 known"));
  EXPECT_THAT(result.nic.log, ElementsAre("nic: 82599, 2 ports", "bye"));
  EXPECT_THAT(Read("nic.arguments"), HasSubstr("--nic=82599 "));
  EXPECT_THAT(Read("nic.arguments"), HasSubstr("--mac=02:00:00:00:00:07"));
  EXPECT_THAT(Read("qemu.arguments"), HasSubstr("vfio-user-pci"));
  EXPECT_THAT(Read("qemu.arguments"), HasSubstr("share=on"));
  EXPECT_THAT(Read("qemu.arguments"), Not(HasSubstr("virtio-net")));
  EXPECT_THAT(Read("qemu.arguments"), Not(HasSubstr("iommu")));
  ExpectQemuGone();
  ExpectGone("nic");
}

TEST_F(FakeNicTest, TheGuestsRequestsAreItsRequests) {
  MakeNic("serve");
  MakeQemu(kGuestAsks);
  EXPECT_EQ(Run().end, End::kExited);
  EXPECT_THAT(lines_,
              ElementsAre("link down: ok", "counters: port 0 sent 1", "counters: port 1 sent 2",
                          "counters: ok", "nonsense: error unknown request"));
}

TEST_F(FakeNicTest, UnknownRegistersAndFaultsAreProblems) {
  MakeNic(R"(unknown='unknown 2\nBAR 0 offset 0x12340, 2 times'
faults='faults 1\nport 0: RX queue 0 descriptor 17'
serve)");
  MakeQemu(kGuestRuns);
  const VmResult result = Run();
  EXPECT_EQ(result.end, End::kExited);
  EXPECT_THAT(result.nic.problems, ElementsAre("unknown 2", "BAR 0 offset 0x12340, 2 times",
                                               "faults 1", "port 0: RX queue 0 descriptor 17"));
}

TEST_F(FakeNicTest, ItDoesNotStart) {
  MakeQemu(kGuestRuns);
  MakeNic("echo 'nic: --nic=x is not known' >&2; exit 2");
  EXPECT_EQ(RunsInto(), "the NIC process died: exit code 2: nic: --nic=x is not known");
  MakeNic("kill -SEGV $$");
  EXPECT_EQ(RunsInto(), "the NIC process died: Segmentation fault");
  EXPECT_FALSE(fs::exists(Path("qemu.pid"))) << "QEMU was started all the same";
}

TEST_F(FakeNicTest, ItIsNeverReady) {
  MakeNic("sleep 1000");
  const SignalsAsEvents signals;
  EXPECT_THAT([&] { NicProcess(options_, signals, 300ms); },
              ThrowsMessage<std::runtime_error>("the NIC process does not answer in time"));
  ExpectGone("nic");
}

// QEMU aborts when a server is gone; the reason is the server.
TEST_F(FakeNicTest, ItDiesInTheMiddle) {
  MakeNic(R"(answer
while [ ! -e ${0%nic}begun ]; do sleep 0.01; done
echo 'assertion failed' >&2
kill -ABRT $$)");
  MakeQemu("printf '\\1ready\\nhello\\n' >&$output; touch ${0%qemu}begun; sleep 1000\n");
  VmResult result = Run();
  EXPECT_EQ(result.end, End::kDied);
  EXPECT_EQ(result.reason, "the NIC process died: Aborted: assertion failed");
  EXPECT_THAT(lines_, ElementsAre("hello"));
  ExpectQemuGone();

  fs::remove(Path("begun"));
  MakeQemu("touch ${0%qemu}begun; sleep 0.05; echo 'qemu: boom' >&2; kill -ABRT $$\n");
  result = Run();
  EXPECT_EQ(result.end, End::kDied);
  EXPECT_EQ(result.reason, "the NIC process died: Aborted: assertion failed");
}

TEST_F(FakeNicTest, QemuDiesAndItDoesNot) {
  MakeNic("serve");
  MakeQemu("echo 'qemu: boom' >&2; exit 1\n");
  const VmResult result = Run();
  EXPECT_EQ(result.end, End::kDied);
  EXPECT_EQ(result.reason, "QEMU failed: qemu: boom");
  EXPECT_EQ(result.nic.death, "");
  EXPECT_THAT(result.nic.problems, IsEmpty());
  ExpectGone("nic");
}

TEST_F(FakeNicTest, ItDoesNotAnswer) {
  MakeNic("answer; sleep 1000");
  const SignalsAsEvents signals;
  NicProcess nic(options_, signals);
  EXPECT_THAT([&] { nic.Request("counters", 200ms); },
              ThrowsMessage<std::runtime_error>("the NIC process does not answer in time"));
}

TEST_F(FakeNicTest, ItDiesWhenAsked) {
  MakeNic("answer; read -r request <&$control; echo 'no more' >&2; exit 3");
  const SignalsAsEvents signals;
  NicProcess nic(options_, signals);
  EXPECT_THAT([&] { nic.Request("counters"); },
              ThrowsMessage<std::runtime_error>("the NIC process died: exit code 3: no more"));
}

TEST_F(FakeNicTest, ItDiesWhenAskedForItsReport) {
  MakeNic("answer; read -r request <&$control; echo 'no more' >&2; exit 3");
  MakeQemu(kGuestRuns);
  const VmResult result = Run();
  EXPECT_EQ(result.end, End::kExited);
  EXPECT_EQ(result.nic.death, "the NIC process died: exit code 3: no more");
}

TEST_F(FakeNicTest, ItLogsMoreThanAPipeHolds) {
  MakeNic("seq 100000; serve");
  MakeQemu(kGuestRuns);
  const VmResult result = Run();
  EXPECT_EQ(result.end, End::kExited);
  EXPECT_THAT(result.nic.problems, IsEmpty());
  EXPECT_THAT(result.nic.log, Contains("100000"));
}

TEST_F(FakeNicTest, InterruptedLeavesNothing) {
  MakeNic("serve");
  MakeQemu("kill -INT $PPID; sleep 1000\n");
  EXPECT_EQ(Run().end, End::kInterrupted);
  ExpectQemuGone();
  ExpectGone("nic");
}

TEST_F(FakeNicTest, AQemuThatIsTooOldIsRefused) {
  MakeNic("serve");
  WriteProgram("qemu", "#!/bin/sh\necho \"qemu: Device 'vfio-user-pci' not found\" >&2; exit 1\n");
  EXPECT_FALSE(KnowsVfioUser(Path("qemu")));
  EXPECT_EQ(RunsInto(), Path("qemu") +
                            " has no vfio-user-pci: QEMU 10.1 or later is needed; try "
                            "--qemu=recent");
  MakeQemu(kGuestRuns);
  EXPECT_TRUE(KnowsVfioUser(Path("qemu")));
  EXPECT_FALSE(fs::exists(Path("nic.pid")));
}

TEST_F(FakeNicTest, ProgramMissing) {
  MakeQemu(kGuestRuns);
  EXPECT_EQ(RunsInto(), "cannot run " + Path("nic") + ": No such file or directory");
  options_.nic_program.clear();
  EXPECT_EQ(RunsInto(), "no NIC process: //emulator:nic is not among this program's files");
}

TEST_F(FakeNicTest, WiresAreHandedOver) {
  DescriptorPair first = MakeMessagePair();
  DescriptorPair second = MakeMessagePair();
  options_.wires = {first.theirs.get(), second.theirs.get()};
  MakeNic("serve");
  MakeQemu(kGuestRuns);
  EXPECT_EQ(Run().end, End::kExited);
  EXPECT_THAT(Read("nic.arguments"),
              HasSubstr("--wire=dgram:fd:" + std::to_string(first.theirs.get()) +
                        " --wire=dgram:fd:" + std::to_string(second.theirs.get())));
}

TEST_F(FakeNicTest, AnIommuStandsInFrontOfTheCards) {
  options_.iommu = true;
  MakeNic("serve");
  MakeQemu(kGuestRuns);
  EXPECT_EQ(Run().end, End::kExited);
  const std::string arguments = Read("qemu.arguments");
  EXPECT_THAT(arguments, HasSubstr("intel_iommu=on"));
  EXPECT_THAT(arguments, HasSubstr("-device intel-iommu,intremap=on,caching-mode=on"));
  EXPECT_LT(arguments.find("intel-iommu"), arguments.find("vfio-user-pci"));
}

TEST(GuestTargetTest, WhatTheSuiteInTheGuestIsTold) {
  const std::string ports = "pci:0000:00:02.0,0000:00:03.0";
  EXPECT_EQ(GuestTarget(ParseTarget("vm:82599")), ports);
  EXPECT_EQ(GuestTarget(ParseTarget("vm:82599,uio")), ports + ",uio");
  EXPECT_EQ(GuestTarget(ParseTarget("vm:virtio-net,as-legacy")), ports + ",as-legacy");
  EXPECT_EQ(ParseTarget(GuestTarget(ParseTarget("vm:82599,uio"))).bus, PciBus::kUio);
  EXPECT_EQ(ParseTarget(GuestTarget(ParseTarget("vm:82599,vfio"))).bus, PciBus::kVfio);
}

TEST(NamelessSocketTest, WhoHasTheFileConnectsThoughItHasNoName) {
  const NamelessSocket socket;
  EXPECT_FALSE(fs::exists(fs::read_symlink(socket.path())));
  const Descriptor client(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = {}};
  socket.path().copy(name.sun_path, sizeof(name.sun_path) - 1);
  ASSERT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
  EXPECT_EQ(send(client.get(), "x", 1, 0), 1);
  const Descriptor server(accept(socket.listener(), nullptr, nullptr));
  char byte = 0;
  EXPECT_EQ(recv(server.get(), &byte, 1, 0), 1);
  EXPECT_EQ(byte, 'x');
}

}  // namespace
}  // namespace ixylab::hil
