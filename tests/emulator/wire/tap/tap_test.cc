// TAP interfaces, in a network namespace of the test's own: the machine's network does not see
// them. Without the right to have one, the tests are skipped and say so.
#include "emulator/wire/tap/tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>

#include "tests/emulator/wire/socket/rig.h"

namespace ixylab::emulator {
namespace {

using ::testing::HasSubstr;

/// Why there can be no TAP interface here, or "".
std::string WhyNot() {
  // Once a process; who is not root may have one in a user namespace.
  static const std::string why = []() -> std::string {
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
      return std::string("no network namespace: ") + std::strerror(errno);
    }
    const FileDescriptor device(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    if (!device) return std::string("cannot open /dev/net/tun: ") + std::strerror(errno);
    return "";
  }();
  return why;
}

class TapTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNot(); !why.empty()) GTEST_SKIP() << why;
    control_ = FileDescriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    end_.emplace(rig_.loop, rig_.wire, Rig::kFar, OpenTap(kName));
    Ioctl(SIOCGIFHWADDR,
          [this](ifreq& request) { address_.assign(request.ifr_hwaddr.sa_data, 6); });
    Ioctl(SIOCGIFFLAGS, [this](ifreq& request) { flags_ = request.ifr_flags; });
    const short up = static_cast<short>(flags_ | IFF_UP);
    ifreq request{};
    std::strcpy(request.ifr_name, kName);
    request.ifr_flags = up;
    ASSERT_EQ(ioctl(control_.get(), SIOCSIFFLAGS, &request), 0) << std::strerror(errno);
  }

  template <typename Function>
  void Ioctl(unsigned long what, Function use) {
    ifreq request{};
    std::strcpy(request.ifr_name, kName);
    ASSERT_EQ(ioctl(control_.get(), what, &request), 0) << std::strerror(errno);
    use(request);
  }
  bool Running() {
    short flags = 0;
    Ioctl(SIOCGIFFLAGS, [&](ifreq& request) { flags = request.ifr_flags; });
    return (flags & IFF_RUNNING) != 0;
  }
  /// A packet socket, as who listens at the interface has it.
  FileDescriptor Listen() {
    FileDescriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_ll name{};
    name.sll_family = AF_PACKET;
    name.sll_protocol = htons(kType);
    name.sll_ifindex = static_cast<int>(if_nametoindex(kName));
    EXPECT_EQ(bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
    return socket;
  }
  /// To the interface, from somebody else, of a type that the kernel does not send by itself.
  std::string MakeTestFrame(std::size_t size) const {
    std::string frame = address_ + std::string("\x02\0\0\0\0\x01", 6) + "\x88\xB5";
    frame.resize(size, 'x');
    return frame;
  }

  static constexpr char kName[] = "ixytest0";
  static constexpr std::uint16_t kType = 0x88B5;  // IEEE 802: local experimental

  Rig rig_;
  FileDescriptor control_;  // a socket of the namespace
  std::optional<MessageEnd> end_;
  std::string address_;
  short flags_ = 0;
};

TEST_F(TapTest, FramesOut) {
  rig_.wire.SetSignal(Rig::kPort, true);
  const FileDescriptor listener = Listen();
  for (const std::size_t size : {60u, 1514u}) {
    rig_.Send(MakeTestFrame(size));
    std::string got(10'000, '\0');
    ASSERT_TRUE(rig_.Until([&] {
      const ssize_t n = recv(listener.get(), got.data(), got.size(), 0);
      if (n > 0) got.resize(static_cast<std::size_t>(n));
      return n > 0;
    }));
    EXPECT_EQ(got, MakeTestFrame(size));
  }
}

TEST_F(TapTest, FramesIn) {
  rig_.wire.SetSignal(Rig::kPort, true);
  ASSERT_TRUE(rig_.Until([&] { return Running(); }));
  const FileDescriptor sender = Listen();
  // A short one, which the wire pads.
  const std::string frames[] = {MakeTestFrame(42), MakeTestFrame(1514)};
  const auto arrived = [&](const std::string& frame) {
    return std::ranges::find(rig_.port.frames, frame) != rig_.port.frames.end();
  };
  // Again and again: the kernel drops frames until it has seen the carrier.
  EXPECT_TRUE(rig_.Until([&] {
    for (const std::string& frame : frames) send(sender.get(), frame.data(), frame.size(), 0);
    return arrived(frames[0] + std::string(18, '\0')) && arrived(frames[1]);
  }));
}

TEST_F(TapTest, HasACarrierWhileThePortDoes) {
  EXPECT_TRUE(rig_.Until([&] { return !Running(); }));
  rig_.wire.SetSignal(Rig::kPort, true);
  EXPECT_TRUE(rig_.Until([&] { return Running(); }));
  rig_.wire.SetPlugged(false);
  EXPECT_TRUE(rig_.Until([&] { return !Running(); }));
}

TEST_F(TapTest, AnInterfaceThatIsDownLosesFrames) {
  ifreq request{};
  std::strcpy(request.ifr_name, kName);
  request.ifr_flags = static_cast<short>(flags_ & ~IFF_UP);
  ASSERT_EQ(ioctl(control_.get(), SIOCSIFFLAGS, &request), 0);
  rig_.Send(MakeTestFrame(60));
  EXPECT_EQ(end_->counters().out_dropped, 1u);
}

TEST_F(TapTest, IsGoneAtTheEnd) {
  EXPECT_NE(if_nametoindex(kName), 0u);
  end_.reset();
  EXPECT_EQ(if_nametoindex(kName), 0u);
}

TEST_F(TapTest, SaysThatItIsInUse) {
  try {
    OpenTap(kName);
    FAIL() << "two have it";
  } catch (const SocketError& error) {
    EXPECT_THAT(error.what(), HasSubstr("in use by a running process"));
  }
}

TEST_F(TapTest, SaysThatItIsNoTapInterface) {
  try {
    OpenTap("lo");
    FAIL() << "lo is a TAP interface";
  } catch (const SocketError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no TAP interface"));
  }
}

}  // namespace
}  // namespace ixylab::emulator
