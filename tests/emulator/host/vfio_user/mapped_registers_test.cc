// Registers that a client has as memory: it stores, and no message says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include "tests/emulator/host/vfio_user/client.h"

namespace ixylab::emulator {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Access = ScriptedFunction::Access;

// <linux/vfio.h>
constexpr std::uint32_t kRead = 1, kWrite = 2, kMmap = 4, kCaps = 8;
constexpr std::uint16_t kSparseMmap = 1;

constexpr std::uint32_t kSize = 0x20;

class MappedRegisters : public testing::Test {
 protected:
  MappedRegisters() {
    rig_.functions[0]->areas = {{.region = 0, .offset = 0, .size = kSize}};
    client_.emplace(rig_.Negotiated());
  }
  ~MappedRegisters() override {
    if (memory_ != nullptr) munmap(memory_, ScriptedFunction::kBarBytes);
  }

  Client::Answer RegionInfo(std::uint32_t room) {
    return client_->Call(kGetRegionInfo, Pack(room, 0, 0, 0, std::uint64_t{0}, std::uint64_t{0}));
  }
  /// As QEMU does.
  void MapThem() {
    const Client::Answer answer = RegionInfo(64);
    ASSERT_TRUE(answer.ok());
    file_ = client_->TakeDescriptor();
    ASSERT_TRUE(file_);
    void* const start = mmap(nullptr, ScriptedFunction::kBarBytes, PROT_READ | PROT_WRITE,
                             MAP_SHARED, file_.get(), 0);
    ASSERT_NE(start, MAP_FAILED);
    memory_ = static_cast<std::uint32_t*>(start);
  }
  void Store(std::uint32_t offset, std::uint32_t value) {
    std::atomic_ref(memory_[offset / 4]).store(value, std::memory_order_release);
  }
  std::uint32_t Load(std::uint32_t offset) { return std::atomic_ref(memory_[offset / 4]).load(); }

  Rig rig_{2, true};
  std::optional<Client> client_;
  FileDescriptor file_;
  std::uint32_t* memory_ = nullptr;
};

TEST_F(MappedRegisters, AreToldWithTheirFile) {
  const Client::Answer answer = RegionInfo(64);
  EXPECT_EQ(answer.payload,
            Pack(std::uint32_t{64}, kRead | kWrite | kMmap | kCaps, 0, std::uint32_t{32},
                 std::uint64_t{ScriptedFunction::kBarBytes}, std::uint64_t{0},
                 // id, version, next; nr_areas, reserved; offset, size
                 kSparseMmap, std::uint16_t{1}, 0, 1, 0, std::uint64_t{0}, std::uint64_t{kSize}));
  EXPECT_TRUE(client_->TakeDescriptor());
}

TEST_F(MappedRegisters, WhoHasNoRoomForThatAsksAgain) {
  const Client::Answer answer = RegionInfo(32);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer.payload.size(), 32u);
  EXPECT_EQ(Unpack<std::uint32_t>(answer.payload, 0), 64u);
  EXPECT_FALSE(client_->TakeDescriptor());
}

TEST_F(MappedRegisters, AreNoMatterOfOtherRegionsAndPorts) {
  client_->Call(kGetRegionInfo, Pack(64, 0, 4, 0, std::uint64_t{0}, std::uint64_t{0}));
  EXPECT_FALSE(client_->TakeDescriptor());
  Client other = rig_.Negotiated(1);
  other.Call(kGetRegionInfo, Pack(64, 0, 0, 0, std::uint64_t{0}, std::uint64_t{0}));
  EXPECT_FALSE(other.TakeDescriptor()) << "a function without areas";
  Rig trapped;
  trapped.functions[0]->areas = rig_.functions[0]->areas;
  Client client = trapped.Negotiated();
  EXPECT_TRUE(
      client.Call(kGetRegionInfo, Pack(64, 0, 0, 0, std::uint64_t{0}, std::uint64_t{0})).ok());
  EXPECT_FALSE(client.TakeDescriptor()) << "only if the host is told to";
}

TEST_F(MappedRegisters, AreWrittenWithoutAMessage) {
  MapThem();
  Store(8, 5);
  Store(0, 6);
  client_->Settle();
  EXPECT_THAT(rig_.functions[0]->accesses,
              ElementsAre(Access{'W', 0, 0, 4, 6}, Access{'W', 0, 8, 4, 5}));
  client_->Settle();
  EXPECT_EQ(rig_.functions[0]->accesses.size(), 2u) << "once";
  ASSERT_EQ(rig_.accesses.size(), 2u) << "the trace has them, too";
  EXPECT_TRUE(rig_.accesses[1].write);
}

TEST_F(MappedRegisters, BeyondTheirAreaAreNotLookedAt) {
  MapThem();
  Store(kSize, 5);
  client_->Settle();
  EXPECT_THAT(rig_.functions[0]->accesses, IsEmpty());
}

TEST_F(MappedRegisters, ShowWhatTheFunctionMakesOfThem) {
  rig_.functions[0]->Write(0, 4, 4, 0xABCD);
  MapThem();
  EXPECT_EQ(Load(4), 0xABCDu);
  client_->WriteRegister(0, 4, 1);
  EXPECT_EQ(Load(4), 1u);
  Store(4, 7);
  client_->Call(kReset);
  EXPECT_EQ(Load(4), 0u);
}

TEST_F(MappedRegisters, ThatWereStoredBeforeAMessageComeBeforeIt) {
  MapThem();
  for (std::uint32_t i = 1; i < 100; ++i) {
    Store(4, i);
    EXPECT_EQ(client_->ReadRegister(0, 4), i);
  }
}

TEST_F(MappedRegisters, AreSeenWhileTheHostSleeps) {
  MapThem();
  std::jthread driver([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    Store(4, 1);
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(rig_.host.Step(std::chrono::seconds(30)));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
  EXPECT_EQ(rig_.functions[0]->accesses.size(), 1u);
}

TEST_F(MappedRegisters, AreNeverSeenWithoutTheStoresBefore) {
  MapThem();
  constexpr std::uint32_t kStores = 200'000;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::jthread driver([&] {
    for (std::uint32_t i = 1; i <= kStores; ++i) {
      Store(0, i);
      Store(kSize - 4, i);
    }
  });
  std::uint32_t address = 0;
  std::uint32_t tail = 0;
  unsigned torn = 0;
  while (tail < kStores) {
    rig_.host.Step(Nanoseconds{0});
    for (const Access& access : rig_.functions[0]->accesses) {
      (access.offset == 0 ? address : tail) = access.value;
      if (access.offset != 0 && address < tail) ++torn;
    }
    rig_.functions[0]->accesses.clear();
    rig_.accesses.clear();
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
  EXPECT_EQ(torn, 0u);
}

TEST_F(MappedRegisters, OfOnePortThatWereStoredBeforeTheOthersComeBeforeThem) {
  rig_.functions[1]->areas = rig_.functions[0]->areas;
  client_.emplace(rig_.Negotiated(1));
  MapThem();
  Client other = rig_.Negotiated(0);
  other.Call(kGetRegionInfo, Pack(64, 0, 0, 0, std::uint64_t{0}, std::uint64_t{0}));
  const FileDescriptor file = other.TakeDescriptor();
  // A driver that is quick: port 0 has been looked at, port 1 not yet.
  const auto store = [&](int fd, std::uint32_t value) {
    EXPECT_EQ(pwrite(fd, &value, sizeof value, 0), ssize_t{sizeof value});
  };
  rig_.functions[0]->at_next_write = [&] {
    store(file.get(), 2);
    store(file_.get(), 2);
  };
  store(file.get(), 1);
  rig_.functions[1]->work = 1;
  std::uint32_t transmitted = 0, received = 0;
  rig_.functions[1]->at_work = [&] {
    transmitted = rig_.functions[1]->Peek(0, 0);
    received = rig_.functions[0]->Peek(0, 0);
  };
  rig_.host.Step(std::chrono::seconds(10));
  EXPECT_EQ(transmitted, 2u);
  EXPECT_EQ(received, 2u);
}

TEST_F(MappedRegisters, AreSafeFromTheClient) {
  MapThem();
  EXPECT_NE(ftruncate(file_.get(), 0), 0);
  EXPECT_EQ(errno, EPERM);
  Store(4, 3);
  // Memory that is given back reads 0, as if that had been stored.
  ASSERT_EQ(madvise(memory_, 4096, MADV_REMOVE), 0);
  client_->Settle();
  EXPECT_EQ(client_->ReadRegister(0, 4), 0u);
}

TEST_F(MappedRegisters, OfAClientThatHasGoneAreNobodys) {
  MapThem();
  client_->HangUp();
  client_->Settle();
  Client next = rig_.Negotiated();
  rig_.functions[0]->accesses.clear();
  Store(4, 3);
  EXPECT_EQ(next.ReadRegister(0, 4), 0u);
}

TEST_F(MappedRegisters, ComeToAClientThatReadsLate) {
  // Wherever the socket is full, each file goes with its own answer.
  int requests = 0;
  while (requests < 10'000 &&
         client_->Send(requests % 2 == 0 ? kRegionRead : kGetRegionInfo,
                       requests % 2 == 0 ? Pack(std::uint64_t{0}, kConfig, std::uint32_t{7})
                                         : Pack(64, 0, 0, 0, std::uint64_t{0}, std::uint64_t{0}))) {
    ++requests;
  }
  ASSERT_GT(requests, 100);
  for (int i = 0; i < requests; ++i) {
    const auto answer = client_->Receive();
    ASSERT_TRUE(answer && answer->ok()) << i;
    ASSERT_EQ(static_cast<bool>(client_->TakeDescriptor()), i % 2 == 1) << i;
  }
}

TEST_F(MappedRegisters, LeaveNoDescriptorBehind) {
  const std::size_t before = OpenDescriptors();
  for (int i = 0; i < 5; ++i) {
    Client client = rig_.Negotiated();
    client.Call(kGetRegionInfo, Pack(64, 0, 0, 0, std::uint64_t{0}, std::uint64_t{0}));
    EXPECT_TRUE(client.TakeDescriptor());
    client.HangUp();
    client.Settle();
  }
  // The first client was hung up on for the second one, and its end of the socket is still open.
  EXPECT_EQ(OpenDescriptors(), before - 2);
}

}  // namespace
}  // namespace ixylab::emulator
