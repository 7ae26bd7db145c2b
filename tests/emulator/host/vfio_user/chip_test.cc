// The model of the 82599 behind the protocol: what a driver in a guest does, in messages.
#include "emulator/82599/chip.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>

#include "emulator/wire/wire.h"
#include "tests/emulator/host/vfio_user/client.h"

namespace ixylab::emulator {
namespace {

using std::chrono::milliseconds;

// Datasheet, 8.2.3
constexpr std::uint32_t kStatus = 0x00008, kEics = 0x00808, kEims = 0x00880, kGpie = 0x00898,
                        kIvar = 0x00900, kTdbal = 0x06000, kTdbah = 0x06004, kTdlen = 0x06008,
                        kTdt = 0x06018, kTxdctl = 0x06028, kDmatxctl = 0x04A80, kLinks = 0x042A4;
constexpr std::uint64_t kIova = std::uint64_t{1} << 33;

class Partner final : public Endpoint {
 public:
  void OnFrame(const Frame& frame) override {
    frames.emplace_back(frame.bytes.begin(), frame.bytes.end());
  }
  std::vector<Bytes> frames;
};

class ChipInAProcess : public testing::Test {
 protected:
  ChipInAProcess() {
    wire_.Attach(1, &partner_);
    wire_.SetSignal(1, true);
    chip_.Connect(0, wire_, 0);
    host_.Plug(chip_.function(0));
    int ends[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    host_.Attach(0, FileDescriptor(ends[0]));
    client_.emplace(host_, FileDescriptor(ends[1]));
    EXPECT_TRUE(client_->Negotiate());
    // Memory space, bus mastership.
    client_->WriteRegister(kConfig, 4, 6, 2);
  }

  std::uint32_t Read(std::uint32_t offset) { return client_->ReadRegister(0, offset); }
  void Write(std::uint32_t offset, std::uint32_t value) {
    client_->WriteRegister(0, offset, value);
  }
  bool Until(auto condition) {
    for (const Nanoseconds end = loop_.Now() + milliseconds(30'000); loop_.Now() < end;) {
      if (condition()) return true;
      host_.Step(milliseconds(1));
    }
    return false;
  }
  std::uint32_t FindCapability(std::uint32_t id) {
    std::uint32_t at = client_->ReadRegister(kConfig, 0x34, 1);
    while (at != 0 && client_->ReadRegister(kConfig, at, 1) != id) {
      at = client_->ReadRegister(kConfig, at + 1, 1);
    }
    return at;
  }

  EventLoop loop_;
  std::vector<DmaFault> faults_;
  VfioUserHost host_{
      loop_, {.hooks = {.fault = [this](const DmaFault& fault) { faults_.push_back(fault); }}}};
  Partner partner_;
  Wire wire_;
  intel82599::Chip chip_{{.ports = 1}, host_};
  std::optional<Client> client_;
};

TEST_F(ChipInAProcess, IsThere) {
  EXPECT_EQ(client_->ReadRegister(kConfig, 0), 0x10FB8086u);
  EXPECT_EQ(Read(kStatus) & 0xC, 0u) << "LAN ID";
  EXPECT_TRUE(Until([&] { return (Read(kLinks) & 1u << 30) != 0; })) << "link up";
}

TEST_F(ChipInAProcess, SendsFromTheClientsMemoryUntilItIsUnmapped) {
  const Memory memory(8192);
  ASSERT_EQ(client_->Map(kIova, 8192, memory.fd()), 0);
  ASSERT_TRUE(Until([&] { return (Read(kLinks) & 1u << 30) != 0; }));
  const auto put = [&](std::size_t descriptor) {
    const Bytes words = Pack(kIova + 4096, std::uint64_t{60} << 46 | 0x2B300000 | 60);
    std::ranges::copy(words, memory.bytes().begin() + 16 * descriptor);
  };
  std::ranges::fill(memory.bytes().subspan(4096, 60), std::byte{0xFF});
  put(0);
  put(1);
  Write(kTdbal, static_cast<std::uint32_t>(kIova));
  Write(kTdbah, static_cast<std::uint32_t>(kIova >> 32));
  Write(kTdlen, 128);
  Write(kDmatxctl, 1);
  Write(kTxdctl, 1u << 25);
  ASSERT_TRUE(Until([&] { return (Read(kTxdctl) & 1u << 25) != 0; }));
  Write(kTdt, 1);
  ASSERT_TRUE(Until([&] { return !partner_.frames.empty(); }));
  EXPECT_EQ(partner_.frames[0], Bytes(60, std::byte{0xFF}));
  EXPECT_EQ(Unpack<std::uint64_t>(memory.bytes(), 8) >> 32 & 1, 1u) << "DD";
  EXPECT_TRUE(faults_.empty());

  ASSERT_EQ(client_->Unmap(kIova, 8192), 0);
  Write(kTdt, 2);
  ASSERT_TRUE(Until([&] { return !faults_.empty(); }));
  EXPECT_EQ(faults_[0].iova, kIova + 16);
  EXPECT_NE(faults_[0].what.find("TX queue 0"), std::string::npos) << faults_[0].what;
  EXPECT_EQ(partner_.frames.size(), 1u);
}

TEST_F(ChipInAProcess, InterruptsByMsix) {
  const FileDescriptor event = MakeEventfd(EFD_NONBLOCK);
  const int fd = event.get();
  const std::uint32_t msix = FindCapability(0x11);
  ASSERT_NE(msix, 0u);
  client_->WriteRegister(kConfig, msix + 2, 0x8000, 2);
  ASSERT_EQ(client_->SetIrqs(kMsix, kEventfd | kTrigger, 3, 1, std::span(&fd, 1)), 0);
  Write(kGpie, 1u << 4);  // Multiple_MSIX
  Write(kIvar, 0x83);     // queue 0's receive interrupt: vector 3
  Write(kEims, 1u << 3);
  Write(kEics, 1u << 3);
  EXPECT_TRUE(Until([&] { return TakeEvents(event) != 0; }));

  ASSERT_EQ(client_->SetIrqs(kMsix, kEventfd | kTrigger, 3, 1), 0);
  Write(kEics, 1u << 3);
  client_->Settle();
  EXPECT_EQ(TakeEvents(event), 0u);
}

TEST_F(ChipInAProcess, InterruptsByIntx) {
  const FileDescriptor event = MakeEventfd(EFD_NONBLOCK);
  const int fd = event.get();
  ASSERT_EQ(client_->SetIrqs(kIntx, kEventfd | kTrigger, 0, 1, std::span(&fd, 1)), 0);
  Write(kIvar, 0x80);
  Write(kEims, 1u << 0);
  Write(kEics, 1u << 0);
  EXPECT_TRUE(Until([&] { return TakeEvents(event) != 0; }));
  // Its cause is read away, its line goes down.
  EXPECT_EQ(Read(0x00800) & 1, 1u);
  ASSERT_EQ(client_->SetIrqs(kIntx, kNone | kUnmask, 0, 1), 0);
  client_->Settle();
  EXPECT_EQ(TakeEvents(event), 0u);
}

TEST_F(ChipInAProcess, IsResetWhenItsClientHasGone) {
  Write(kTdlen, 128);
  EXPECT_EQ(Read(kTdlen), 128u);
  client_->HangUp();
  client_->Settle();
  NicFunction& function = chip_.function(0);
  EXPECT_EQ(function.Read(kConfig, 4, 2), 0u) << "bus mastership is off, and so are the BARs";
  function.Write(kConfig, 4, 2, 2);
  EXPECT_EQ(function.Read(0, kTdlen, 4), 0u);
}

}  // namespace
}  // namespace ixylab::emulator
