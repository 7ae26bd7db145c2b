#include "emulator/wire/socket/stream_end.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/emulator/wire/socket/rig.h"

namespace ixylab::emulator {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// As QEMU's -netdev stream sends it.
std::string Framed(const std::string& frame) {
  const auto size = static_cast<std::uint32_t>(frame.size());
  std::string length;
  for (const int shift : {24, 16, 8, 0}) length += static_cast<char>(size >> shift);
  return length + frame;
}

std::string ReadAll(int fd) {
  std::string all, piece(1 << 16, '\0');
  for (ssize_t n; (n = recv(fd, piece.data(), piece.size(), MSG_DONTWAIT)) > 0;) {
    all.append(piece.data(), static_cast<std::size_t>(n));
  }
  return all;
}

/// The end at a socket pair, of which the test has the other one.
class StreamEndTest : public ::testing::Test {
 protected:
  StreamEndTest() {
    auto [ours, theirs] = MakePair(SOCK_STREAM);
    peer_ = std::move(ours);
    address_ = {.kind = SocketAddress::Kind::kInherited, .text = "pair", .fd = dup(theirs.get())};
    end_.emplace(rig_.loop, rig_.wire, Rig::kFar, Options(address_));
  }

  StreamEnd::Options Options(const SocketAddress& address, bool listen = false) {
    return {
        .address = address, .listen = listen, .retry = 20ms, .log = [this](std::string_view line) {
          rig_.log.emplace_back(line);
        }};
  }
  void Write(std::string_view bytes) {
    ASSERT_EQ(send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  Rig rig_;
  FileDescriptor peer_;
  SocketAddress address_;
  std::optional<StreamEnd> end_;
};

TEST_F(StreamEndTest, FramesOut) {
  rig_.Send(MakeFrame(60, 'a'));
  rig_.Send(MakeFrame(1514, 'b'));
  EXPECT_EQ(ReadAll(peer_.get()), Framed(MakeFrame(60, 'a')) + Framed(MakeFrame(1514, 'b')));
  EXPECT_EQ(end_->counters().out, 2u);
}

TEST_F(StreamEndTest, FramesInWhereverTheStreamIsCut) {
  const std::string a = MakeFrame(60, 'a'), b = MakeFrame(61, 'b');
  const std::string bytes = Framed(a) + Framed(b);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    rig_.port.frames.clear();
    Write(bytes.substr(0, cut));
    rig_.Settle();
    Write(bytes.substr(cut));
    rig_.Settle();
    ASSERT_THAT(rig_.port.frames, ElementsAre(a, b)) << "cut after " << cut;
  }
}

TEST_F(StreamEndTest, FramesInByteByByte) {
  const std::string frame = MakeFrame(64);
  for (const char byte : Framed(frame) + Framed(frame)) {
    Write({&byte, 1});
    rig_.Settle();
  }
  EXPECT_THAT(rig_.port.frames, ElementsAre(frame, frame));
}

TEST_F(StreamEndTest, ManyFramesAtOnce) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += Framed(MakeFrame(100, static_cast<char>(i)));
  Write(bytes);
  EXPECT_TRUE(rig_.Until([&] { return rig_.port.frames.size() == 1000; }));
  EXPECT_EQ(rig_.port.frames[999], MakeFrame(100, static_cast<char>(999)));
}

TEST_F(StreamEndTest, ShortFramesArePadded) {
  Write(Framed("12 bytes from, and some"));
  rig_.Settle();
  ASSERT_EQ(rig_.port.frames.size(), 1u);
  EXPECT_EQ(rig_.port.frames[0].size(), 60u);
  EXPECT_EQ(rig_.port.frames[0].substr(0, 24), std::string("12 bytes from, and some\0", 24));
}

TEST_F(StreamEndTest, WhatIsNoFrameIsCountedAndLeftOut) {
  Write(Framed("") + Framed("13 bytes long") + Framed(MakeFrame(60)));
  rig_.Settle();
  EXPECT_EQ(rig_.port.frames.size(), 1u);
  EXPECT_EQ(end_->counters().in_bad, 2u);
  EXPECT_EQ(end_->counters().in, 1u);
}

TEST_F(StreamEndTest, TheLongestFrameOfQemu) {
  const std::string frame = MakeFrame(kLongestOutside);
  Write(Framed(frame));
  EXPECT_TRUE(rig_.Until([&] { return rig_.port.frames.size() == 1; }));
  EXPECT_EQ(rig_.port.frames.at(0), frame);
}

class HostileLengthTest : public StreamEndTest,
                          public ::testing::WithParamInterface<std::uint32_t> {};

TEST_P(HostileLengthTest, EndsTheConnection) {
  std::string length;
  for (const int shift : {24, 16, 8, 0}) length += static_cast<char>(GetParam() >> shift);
  Write(Framed(MakeFrame(60)) + length);
  EXPECT_TRUE(rig_.Until([&] { return !end_->connected(); }));
  EXPECT_EQ(rig_.port.frames.size(), 1u);  // what stood before
  EXPECT_FALSE(rig_.port.carrier);
  EXPECT_THAT(rig_.log.back(), HasSubstr("more than 69632 bytes"));
  char byte;
  EXPECT_EQ(recv(peer_.get(), &byte, 1, MSG_DONTWAIT), 0);
}

INSTANTIATE_TEST_SUITE_P(, HostileLengthTest,
                         ::testing::Values(69633u, 0x10000000u, 0x7FFFFFFFu, 0x80000000u,
                                           0xFFFFFFFFu));

TEST_F(StreamEndTest, CarrierWhileSomebodyIsThere) {
  EXPECT_TRUE(rig_.port.carrier);
  peer_.Close();
  EXPECT_TRUE(rig_.Until([&] { return !rig_.port.carrier; }));
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(end_->counters().out_dropped, 1u);
}

TEST_F(StreamEndTest, ASlowReaderGetsAllUpToTheBound) {
  std::size_t sent = 0;
  while (end_->counters().out_dropped == 0) {
    rig_.Send(MakeFrame(1500, static_cast<char>(sent++)));
    ASSERT_LT(sent, 100'000u);
  }
  --sent;  // the last one is the one that was dropped
  EXPECT_GT(sent * 1504, StreamEnd::kMostQueued);
  std::string got;
  EXPECT_TRUE(rig_.Until([&] {
    got += ReadAll(peer_.get());
    return got.size() == sent * 1504;
  }));
  for (std::size_t i = 0; i < sent; ++i) {
    ASSERT_EQ(got.compare(i * 1504, 1504, Framed(MakeFrame(1500, static_cast<char>(i)))), 0) << i;
  }
  rig_.Send(MakeFrame(60));  // and then goes on
  EXPECT_EQ(ReadAll(peer_.get()), Framed(MakeFrame(60)));
}

TEST_F(StreamEndTest, AReaderThatGoesWhileFramesWaitIsLost) {
  while (end_->counters().out_dropped == 0) rig_.Send(MakeFrame(1500));
  peer_.Close();
  EXPECT_TRUE(rig_.Until([&] { return !end_->connected(); }));
  rig_.Settle();
}

TEST_F(StreamEndTest, ListensForOneAfterTheOther) {
  const Folder folder;
  const SocketAddress address = UnixAddress(folder / "w");
  end_.reset();
  end_.emplace(rig_.loop, rig_.wire, Rig::kFar, Options(address, true));
  EXPECT_FALSE(rig_.port.carrier);
  for (int i = 0; i < 3; ++i) {
    const FileDescriptor client = OpenSocket(address, SOCK_STREAM);
    ASSERT_EQ(connect(client.get(), address.native(), address.name_bytes), 0);
    ASSERT_TRUE(rig_.Until([&] { return rig_.port.carrier; }));
    const std::string bytes = Framed(MakeFrame(60));
    // Half a frame is left when the client goes: the next one's begins anew.
    ASSERT_EQ(send(client.get(), bytes.data(), bytes.size(), 0), 64);
    ASSERT_EQ(send(client.get(), bytes.data(), 20, 0), 20);
    ASSERT_TRUE(
        rig_.Until([&] { return rig_.port.frames.size() == static_cast<unsigned>(i) + 1; }));
    shutdown(client.get(), SHUT_RDWR);
    ASSERT_TRUE(rig_.Until([&] { return !rig_.port.carrier; }));
  }
}

TEST_F(StreamEndTest, ASecondClientWaitsForTheFirstOnesEnd) {
  const Folder folder;
  const SocketAddress address = UnixAddress(folder / "w");
  end_.reset();
  end_.emplace(rig_.loop, rig_.wire, Rig::kFar, Options(address, true));
  FileDescriptor first = OpenSocket(address, SOCK_STREAM);
  const FileDescriptor second = OpenSocket(address, SOCK_STREAM);
  for (const int client : {first.get(), second.get()}) {
    ASSERT_EQ(connect(client, address.native(), address.name_bytes), 0);
  }
  ASSERT_TRUE(rig_.Until([&] { return rig_.port.carrier; }));
  rig_.Send(MakeFrame(60, '1'));
  first.Close();
  std::string got;
  ASSERT_TRUE(rig_.Until([&] {
    rig_.Send(MakeFrame(60, '2'));
    got = ReadAll(second.get());
    return !got.empty();
  }));
  EXPECT_EQ(got.substr(0, 64), Framed(MakeFrame(60, '2')));
}

TEST_F(StreamEndTest, ConnectsOnceSomebodyIsThereAndAgain) {
  const Folder folder;
  const SocketAddress address = UnixAddress(folder / "w");
  end_.reset();
  rig_.log.clear();
  end_.emplace(rig_.loop, rig_.wire, Rig::kFar, Options(address));
  for (int i = 0; i < 2; ++i) {
    rig_.loop.Step(50ms);  // some tries
    EXPECT_FALSE(rig_.port.carrier);
    const Listener listener(address);
    ASSERT_TRUE(rig_.Until([&] { return rig_.port.carrier; }));
    const FileDescriptor accepted(accept(listener.socket.get(), nullptr, nullptr));
    rig_.Send(MakeFrame(60));
    EXPECT_EQ(ReadAll(accepted.get()), Framed(MakeFrame(60)));
    shutdown(accepted.get(), SHUT_RDWR);
    ASSERT_TRUE(rig_.Until([&] { return !rig_.port.carrier; }));
  }
  // A line for each change, not for each try.
  EXPECT_LE(rig_.log.size(), 6u);
  EXPECT_THAT(rig_.log.front(), HasSubstr("not there yet"));
}

TEST_F(StreamEndTest, OverTheInternetProtocolBothWays) {
  // A port that was free a moment ago.
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  SocketAddress address = ParseAddress("127.0.0.1:1");
  {
    const FileDescriptor probe = OpenSocket(address, SOCK_STREAM);
    reinterpret_cast<sockaddr_in&>(address.name).sin_port = 0;
    ASSERT_EQ(bind(probe.get(), address.native(), address.name_bytes), 0);
    ASSERT_EQ(getsockname(probe.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    address.name = name;
  }
  end_.reset();
  end_.emplace(rig_.loop, rig_.wire, Rig::kFar, Options(address, true));
  Rig other;
  StreamEnd there(rig_.loop, other.wire, Rig::kFar, Options(address));
  ASSERT_TRUE(rig_.Until([&] { return rig_.port.carrier && other.port.carrier; }));
  rig_.Send(MakeFrame(60, 'a'));
  other.Send(MakeFrame(1514, 'b'));
  EXPECT_TRUE(rig_.Until([&] { return rig_.port.frames.size() + other.port.frames.size() == 2; }));
  EXPECT_THAT(other.port.frames, ElementsAre(MakeFrame(60, 'a')));
  EXPECT_THAT(rig_.port.frames, ElementsAre(MakeFrame(1514, 'b')));
}

TEST_F(StreamEndTest, SaysThatItCannotListen) {
  const Folder folder;
  EXPECT_THROW(
      StreamEnd(rig_.loop, rig_.wire, Rig::kFar, Options(UnixAddress(folder / "missing/w"), true)),
      SocketError);
}

}  // namespace
}  // namespace ixylab::emulator
