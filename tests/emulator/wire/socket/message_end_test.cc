#include "emulator/wire/socket/message_end.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/emulator/wire/socket/rig.h"

namespace ixylab::emulator {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::optional<std::string> ReadMessage(const FileDescriptor& socket) {
  std::string message(1 << 17, '\0');
  const ssize_t n = recv(socket.get(), message.data(), message.size(), MSG_DONTWAIT);
  if (n < 0) return std::nullopt;
  message.resize(static_cast<std::size_t>(n));
  return message;
}

void Write(const FileDescriptor& socket, const std::string& message) {
  ASSERT_EQ(send(socket.get(), message.data(), message.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(message.size()));
}

/// At a socket pair of a type that keeps the bounds of messages.
class MessageEndTest : public ::testing::TestWithParam<int> {
 protected:
  MessageEndTest() {
    auto [ours, theirs] = MakePair(GetParam());
    peer_ = std::move(ours);
    shared_ = FileDescriptor(dup(theirs.get()));
    end_.emplace(
        rig_.loop, rig_.wire, Rig::kFar,
        MessageEnd::Options{.name = "pair",
                            .file = std::move(theirs),
                            .on_carrier = [this](bool present) { carriers_.push_back(present); },
                            .log = [this](std::string_view line) { rig_.log.emplace_back(line); }});
  }

  Rig rig_;
  FileDescriptor peer_;
  FileDescriptor shared_;  // the end's own, as another process may have it
  std::vector<bool> carriers_;
  std::optional<MessageEnd> end_;
};

INSTANTIATE_TEST_SUITE_P(, MessageEndTest, ::testing::Values(SOCK_DGRAM, SOCK_SEQPACKET),
                         [](const auto& info) {
                           return info.param == SOCK_DGRAM ? "Datagrams" : "SequentialPackets";
                         });

TEST_P(MessageEndTest, AFrameIsAMessage) {
  EXPECT_TRUE(rig_.port.carrier);
  rig_.Send(MakeFrame(60, 'a'));
  rig_.Send(MakeFrame(9000, 'b'));
  EXPECT_EQ(ReadMessage(peer_), MakeFrame(60, 'a'));
  EXPECT_EQ(ReadMessage(peer_), MakeFrame(9000, 'b'));
  Write(peer_, MakeFrame(1514, 'c'));
  Write(peer_, MakeFrame(60, 'd'));
  rig_.Settle();
  EXPECT_THAT(rig_.port.frames, ElementsAre(MakeFrame(1514, 'c'), MakeFrame(60, 'd')));
  EXPECT_EQ(end_->counters().out, 2u);
  EXPECT_EQ(end_->counters().in, 2u);
}

TEST_P(MessageEndTest, ShortAndLongOnes) {
  Write(peer_, "13 bytes long");
  Write(peer_, std::string(14, 'x'));
  Write(peer_, MakeFrame(kLongestOutside));
  Write(peer_, MakeFrame(kLongestOutside + 1));
  Write(peer_, MakeFrame(100'000));
  rig_.Settle();
  ASSERT_EQ(rig_.port.frames.size(), 2u);
  EXPECT_EQ(rig_.port.frames[0], std::string(14, 'x') + std::string(46, '\0'));
  EXPECT_EQ(rig_.port.frames[1].size(), kLongestOutside);
  EXPECT_EQ(end_->counters().in_bad, 3u);
}

TEST_P(MessageEndTest, ASlowReaderGetsAllUpToTheBound) {
  std::size_t sent = 0;
  while (end_->counters().out_dropped == 0) {
    rig_.Send(MakeFrame(60 + sent++));
    ASSERT_LT(sent, 10'000u);
  }
  --sent;
  EXPECT_GE(sent, MessageEnd::kMostQueued);
  std::vector<std::size_t> sizes;
  EXPECT_TRUE(rig_.Until([&] {
    while (const auto message = ReadMessage(peer_)) sizes.push_back(message->size());
    return sizes.size() == sent;
  }));
  for (std::size_t i = 0; i < sizes.size(); ++i) ASSERT_EQ(sizes[i], 60 + i);
}

TEST_P(MessageEndTest, ThePeerGoes) {
  shared_.Close();
  peer_.Close();
  rig_.Settle();
  if (GetParam() == SOCK_SEQPACKET) {
    EXPECT_FALSE(rig_.port.carrier);
    EXPECT_THAT(rig_.log, ElementsAre(HasSubstr("closed by the other side")));
  }
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(end_->counters().out_dropped, 1u);
  EXPECT_EQ(end_->counters().out, 0u);
  rig_.Settle();
}

TEST_P(MessageEndTest, TellsOfTheCarrier) {
  rig_.wire.SetSignal(Rig::kPort, true);
  rig_.wire.SetPlugged(false);
  rig_.wire.SetPlugged(true);
  EXPECT_THAT(carriers_, ElementsAre(true, false, true));
}

TEST_P(MessageEndTest, TheSocketStaysAsBlockingAsItWas) {
  Write(peer_, MakeFrame(60));
  rig_.Send(MakeFrame(60));
  rig_.Settle();
  EXPECT_EQ(fcntl(shared_.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Datagram, BetweenTwoPaths) {
  const Folder folder;
  const SocketAddress a = UnixAddress(folder / "a"), b = UnixAddress(folder / "b");
  Rig here, there;
  MessageEnd one(here.loop, here.wire, Rig::kFar, OpenDatagram(a, b));
  here.Send(MakeFrame(60));  // nobody is there yet
  EXPECT_EQ(one.counters().out_dropped, 1u);
  for (int i = 1; i <= 2; ++i) {
    MessageEnd other(here.loop, there.wire, Rig::kFar, OpenDatagram(b, a));
    here.Send(MakeFrame(60, '1'));
    there.Send(MakeFrame(60, '2'));
    ASSERT_TRUE(here.Until([&] { return there.port.frames.size() == static_cast<unsigned>(i); }));
    here.Settle();
    EXPECT_EQ(here.port.frames.size(), static_cast<unsigned>(i));
    EXPECT_THAT(there.port.frames, Each(MakeFrame(60, '1')));
  }
}

TEST(Datagram, AFullReceiverGetsTheRestLater) {
  const Folder folder;
  const SocketAddress a = UnixAddress(folder / "a"), b = UnixAddress(folder / "b");
  Rig rig;
  MessageEnd end(rig.loop, rig.wire, Rig::kFar, OpenDatagram(a, b));
  const FileDescriptor reader = OpenSocket(b, SOCK_DGRAM);
  const BoundPath path(reader, b);
  // More than net.unix.max_dgram_qlen, and not more than may wait.
  constexpr std::size_t kFrames = 1000;
  for (std::size_t i = 0; i < kFrames; ++i) rig.Send(MakeFrame(60 + i));
  std::vector<std::size_t> sizes;
  EXPECT_TRUE(rig.Until([&] {
    while (const auto message = ReadMessage(reader)) sizes.push_back(message->size());
    return sizes.size() == kFrames;
  }));
  for (std::size_t i = 0; i < sizes.size(); ++i) ASSERT_EQ(sizes[i], 60 + i);
  EXPECT_EQ(end.counters().out_dropped, 0u);
}

TEST(Datagram, SaysThatItCannotBeThere) {
  const Folder folder;
  const SocketAddress b = UnixAddress(folder / "b");
  EXPECT_THROW(OpenDatagram(UnixAddress(folder / "missing/a"), b), SocketError);
  // An address of nobody's machine (RFC 5737).
  const SocketAddress elsewhere = ParseAddress("192.0.2.1:1234");
  EXPECT_THROW(OpenDatagram(elsewhere, elsewhere), SocketError);
}

}  // namespace
}  // namespace ixylab::emulator
