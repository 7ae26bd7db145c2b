// The program's wires: the link and frames to the port. Frames from the port need a driver, and
// tests/interop has some.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <string>

#include "tests/emulator/nic/client.h"
#include "tests/emulator/nic/program.h"

namespace ixylab::emulator {
namespace {

using ::testing::Contains;

constexpr std::uint64_t kLinks = 0x42A4;
constexpr std::uint32_t kLinkUp = 1u << 30;

bool LinkBecomes(VfioUserClient& port, bool up) {
  return Until([&] { return ((*port.Read(0, kLinks) & kLinkUp) != 0) == up; });
}

TEST(Wires, AStreamBringsTheLinkUpAndItsEndTakesItDown) {
  const Folder folder;
  Program program({"--socket=" + (folder / "a"), "--control=" + (folder / "c"),
                   "--wire=stream:listen:unix:" + (folder / "w")});
  ASSERT_TRUE(program.Ready()) << program.Errors();
  VfioUserClient port(ConnectTo(folder / "a"));
  EXPECT_TRUE(LinkBecomes(port, false));
  FileDescriptor peer = ConnectTo(folder / "w");
  EXPECT_TRUE(LinkBecomes(port, true));
  // A frame in, which the port counts whatever it makes of it.
  const std::string frame = std::string("\0\0\0\x3C", 4) + std::string(60, '\xFF');
  ASSERT_EQ(send(peer.get(), frame.data(), frame.size(), 0), 64);
  ControlClient control(ConnectTo(folder / "c"));
  EXPECT_TRUE(
      Until([&] { return ::testing::Matches(Contains("wire 0 in 1"))(control.Ask("counters")); }));
  peer.Close();
  EXPECT_TRUE(LinkBecomes(port, false));
  EXPECT_TRUE(Until([&] { return program.Errors().find("connection lost") != std::string::npos; }));
}

TEST(Wires, TwoProgramsByStream) {
  const Folder folder;
  Program listens({"--socket=" + (folder / "a"), "--wire=stream:listen:unix:" + (folder / "w")});
  Program connects({"--socket=" + (folder / "b"), "--wire=stream:connect:unix:" + (folder / "w")});
  ASSERT_TRUE(listens.Ready() && connects.Ready());
  VfioUserClient port0(ConnectTo(folder / "a")), port1(ConnectTo(folder / "b"));
  EXPECT_TRUE(LinkBecomes(port0, true));
  EXPECT_TRUE(LinkBecomes(port1, true));
  listens.Signal(SIGKILL);
  EXPECT_TRUE(LinkBecomes(port1, false));
}

TEST(Wires, InheritedMessages) {
  const Folder folder;
  auto [peer, peer_end] = MakePair(SOCK_SEQPACKET);
  Program program({"--socket=" + (folder / "a"), "--control=" + (folder / "c"),
                   "--wire=dgram:fd:" + std::to_string(peer_end.get())},
                  {peer_end.get()});
  peer_end.Close();
  ASSERT_TRUE(program.Ready()) << program.Errors();
  VfioUserClient port(ConnectTo(folder / "a"));
  EXPECT_TRUE(LinkBecomes(port, true));
  ASSERT_EQ(send(peer.get(), "12345678901234", 14, 0), 14);
  ControlClient control(ConnectTo(folder / "c"));
  EXPECT_TRUE(
      Until([&] { return ::testing::Matches(Contains("wire 0 in 1"))(control.Ask("counters")); }));
  peer.Close();
  EXPECT_TRUE(LinkBecomes(port, false));
}

TEST(Wires, ACaptureFileIsThereFromTheStartAndWholeAtTheEnd) {
  const Folder folder;
  Program program({"--socket=" + (folder / "a"), "--wire=pcap:" + (folder / "p")});
  ASSERT_TRUE(program.Ready()) << program.Errors();
  VfioUserClient port(ConnectTo(folder / "a"));
  EXPECT_TRUE(LinkBecomes(port, true));
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 0);
  const std::string file = ReadFile(folder / "p");
  EXPECT_EQ(file.size(), 24u);                       // the file's header: nobody has sent
  EXPECT_EQ(file.substr(0, 4), "\x4D\x3C\xB2\xA1");  // nanoseconds
}

}  // namespace
}  // namespace ixylab::emulator
