#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "tests/emulator/host/vfio_user/client.h"

namespace ixylab::emulator {
namespace {

/// A socket in the file system.
class Clients : public testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/vfio_user_test.XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
    const std::string path = folder_ + "/socket";
    address_.sun_family = AF_UNIX;
    ASSERT_LT(path.size(), sizeof address_.sun_path);
    path.copy(address_.sun_path, path.size());
    FileDescriptor listening(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(listening.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_),
              0);
    ASSERT_EQ(listen(listening.get(), 4), 0);
    rig_.host.Listen(0, std::move(listening));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Client Connect() {
    FileDescriptor client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_),
              0);
    return {rig_.host, std::move(client)};
  }

  std::string folder_;
  sockaddr_un address_{};
  Rig rig_{2};
};

TEST_F(Clients, ComeAndGo) {
  for (int i = 0; i < 3; ++i) {
    Client client = Connect();
    ASSERT_TRUE(client.Negotiate());
    EXPECT_TRUE(rig_.host.connected(0));
    EXPECT_FALSE(rig_.host.connected(1));
    client.WriteRegister(0, 0, 5);
    client.HangUp();
    client.Settle();
    EXPECT_FALSE(rig_.host.connected(0));
  }
  EXPECT_EQ(rig_.functions[0]->resets, 3u);
  EXPECT_EQ(rig_.functions[1]->resets, 0u);
  ASSERT_EQ(rig_.comings.size(), 6u);
  EXPECT_EQ(rig_.comings[4], "port 0 connected");
  EXPECT_EQ(rig_.comings[5], "port 0 gone: closed the connection");
}

TEST_F(Clients, OneAtATime) {
  Client first = Connect();
  ASSERT_TRUE(first.Negotiate());
  Client second = Connect();
  EXPECT_TRUE(second.HungUp());
  ASSERT_EQ(rig_.log.size(), 1u);
  EXPECT_EQ(rig_.log[0], "another client came and was refused: there is one already");
  EXPECT_EQ(first.ReadRegister(kConfig, 0), 0x10FB8086u) << "the first one is still served";
  EXPECT_EQ(rig_.functions[0]->resets, 0u);
}

TEST_F(Clients, ASuccessorMayBeQuick) {
  for (int i = 0; i < 10; ++i) {
    Client first = Connect();
    ASSERT_TRUE(first.Negotiate());
    first.Send(kReset);
    first.HangUp();
    Client second = Connect();
    EXPECT_TRUE(second.Negotiate()) << "both are known at the same moment";
    second.HangUp();
    second.Settle();
  }
  EXPECT_TRUE(rig_.log.empty());
}

TEST_F(Clients, OneThatDoesNotReadHoldsUpNobodyElse) {
  Client deaf = Connect();
  Client other = rig_.Negotiated(1);
  ASSERT_TRUE(deaf.Negotiate());
  const Bytes read = Pack(std::uint64_t{0}, kConfig, std::uint32_t{4096});
  int requests = 0;
  while (requests < 10'000 && deaf.Send(kRegionRead, read)) {
    ++requests;
    other.ReadRegister(0, 0);
  }
  EXPECT_GT(requests, 100);
  EXPECT_LT(requests, 10'000) << "it is not answered, and its requests wait";
  other.ReadRegister(0, 0);
  // Nothing is lost, and the host may sleep meanwhile.
  EXPECT_TRUE(rig_.host.connected(0));
  int busy = 0;
  for (int i = 0; i < 20; ++i) busy += rig_.host.Step(std::chrono::milliseconds(1)) ? 1 : 0;
  EXPECT_LT(busy, 20);
  for (int i = 0; i < requests; ++i) {
    const auto answer = deaf.Receive();
    ASSERT_TRUE(answer && answer->ok()) << i;
    ASSERT_EQ(answer->id, 101 + i);
  }
  EXPECT_EQ(deaf.ReadRegister(kConfig, 0), 0x10FB8086u);
}

TEST_F(Clients, OneThatGoesWithoutReadingIsMissedByNobody) {
  Client deaf = Connect();
  ASSERT_TRUE(deaf.Negotiate());
  const Bytes read = Pack(std::uint64_t{0}, kConfig, std::uint32_t{4096});
  for (int i = 0; i < 10'000 && deaf.Send(kRegionRead, read); ++i) {
  }
  deaf.HangUp();
  for (int i = 0; i < 100 && rig_.host.connected(0); ++i) {
    rig_.host.Step(std::chrono::milliseconds(1));
  }
  EXPECT_FALSE(rig_.host.connected(0));
  EXPECT_TRUE(Connect().Negotiate());
}

TEST_F(Clients, WhatIsWrittenToOnePortBeforeTheOtherCountsBefore) {
  Client transmitting = rig_.Negotiated(0);
  Client receiving = rig_.Negotiated(1);
  const auto post = [](Client& client, std::uint32_t value) {
    client.Send(kRegionWrite, Pack(std::uint64_t{0}, 0, std::uint32_t{4}, value), {}, kNoReply);
  };
  // A driver that is quick: port 1 has been read, port 0 not yet.
  rig_.functions[1]->at_next_write = [&] {
    post(receiving, 2);
    post(transmitting, 2);
  };
  post(receiving, 1);
  post(transmitting, 1);
  rig_.functions[0]->work = 1;
  std::uint32_t transmitted = 0, received = 0;
  rig_.functions[0]->at_work = [&] {
    transmitted = rig_.functions[0]->Peek(0, 0);
    received = rig_.functions[1]->Peek(0, 0);
  };
  rig_.host.Step(std::chrono::seconds(10));
  EXPECT_EQ(transmitted, 2u);
  EXPECT_EQ(received, 2u);
}

TEST_F(Clients, TheHostHangsUpAtItsEnd) {
  const std::size_t before = OpenDescriptors();
  {
    Rig rig;
    Client client = rig.Negotiated();
    const FileDescriptor event = MakeEventfd(0);
    const int fd = event.get();
    EXPECT_EQ(client.SetIrqs(kMsix, kEventfd | kTrigger, 0, 1, std::span(&fd, 1)), 0u);
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(Host, HasOnlyThePortsThatArePluggedIn) {
  Rig rig;
  EXPECT_THROW(rig.host.Listen(1, FileDescriptor()), std::out_of_range);
  EXPECT_THROW(rig.host.Attach(1, FileDescriptor()), std::out_of_range);
  EXPECT_THROW(rig.host.connected(1), std::out_of_range);
}

}  // namespace
}  // namespace ixylab::emulator
