// The model of the 82599 behind the protocol: what a driver in a guest does, in messages.
#include "emulator/82599/chip.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "emulator/wire/wire.h"
#include "tests/emulator/host/vfio_user/client.h"

namespace ixylab::emulator {
namespace {

using std::chrono::milliseconds;

// Datasheet, 8.2.3
constexpr std::uint32_t kStatus = 0x00008, kEics = 0x00808, kEims = 0x00880, kGpie = 0x00898,
                        kIvar = 0x00900, kTdbal = 0x06000, kTdbah = 0x06004, kTdlen = 0x06008,
                        kTdh = 0x06010, kTdt = 0x06018, kTxdctl = 0x06028, kDmatxctl = 0x04A80,
                        kLinks = 0x042A4;
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
    Connect();
  }

  void Connect() {
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
  /// A ring of 64 transmit descriptors at kIova, and the link.
  void StartTransmitting() {
    ASSERT_TRUE(Until([&] { return (Read(kLinks) & 1u << 30) != 0; }));
    Write(kTdbal, static_cast<std::uint32_t>(kIova));
    Write(kTdbah, static_cast<std::uint32_t>(kIova >> 32));
    Write(kTdlen, 1024);
    Write(kDmatxctl, 1);
    Write(kTxdctl, 1u << 25);
    ASSERT_TRUE(Until([&] { return (Read(kTxdctl) & 1u << 25) != 0; }));
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

// Each reset, at the worst moment of each: between a doorbell and the work that it asks for, within
// a packet that is to be segmented, and while a queue is being enabled.
TEST_F(ChipInAProcess, IsResetInTheMiddleOfEverything) {
  const Memory memory(8192);
  const auto put = [&](std::size_t descriptor, std::uint64_t first, std::uint64_t second) {
    std::ranges::copy(Pack(first, second), memory.bytes().begin() + 16 * descriptor);
  };
  constexpr std::uint64_t kPlain = std::uint64_t{60} << 46 | 0x2B300000 | 60;
  // 7.2.3.2.3: lengths of headers, TCP over IPv4, MSS 100; 7.2.3.2.4: TSE, and no EOP.
  constexpr std::uint64_t kContextLengths = 14 << 9 | 20, kContext = std::uint64_t{100} << 48 |
                                                                     std::uint64_t{20} << 40 |
                                                                     0x20200000 | 1 << 11 | 1 << 10;
  constexpr std::uint64_t kSegmented =
      std::uint64_t{4000} << 46 | std::uint64_t{3} << 40 | 0xA0300000 | 2000;
  const std::uint32_t express = FindCapability(0x10);
  const auto reset = [&](int how) {
    switch (how) {
      case 0:
        Write(0x00000, 1u << 26);  // CTRL.RST
        break;
      case 1:
        client_->WriteRegister(kConfig, express + 8, 0x8000, 2);  // Initiate FLR
        break;
      case 2:
        ASSERT_TRUE(client_->Call(kReset).ok());
        break;
      default:
        client_->HangUp();
        client_->Settle();
        Connect();
        ASSERT_EQ(client_->Map(kIova, 8192, memory.fd()), 0);
    }
    client_->WriteRegister(kConfig, 4, 6, 2);
    client_->Settle();
  };

  ASSERT_EQ(client_->Map(kIova, 8192, memory.fd()), 0);
  // So that the reset is there before it has had an effect.
  const auto post = [&](std::uint64_t offset, std::uint32_t value) {
    client_->Send(kRegionWrite, Pack(offset, 0, 4, value), {}, kNoReply);
  };
  for (int how = 0; how < 4; ++how) {
    for (int moment = 0; moment < 3; ++moment) {
      SCOPED_TRACE("reset " + std::to_string(how) + " at moment " + std::to_string(moment));
      StartTransmitting();
      partner_.frames.clear();
      if (moment == 0) {
        for (std::size_t i = 0; i < 63; ++i) put(i, kIova + 4096, kPlain);
        post(kTdt, 63);
      } else if (moment == 1) {
        put(0, kContextLengths, kContext);
        put(1, kIova + 4096, kSegmented);
        Write(kTdt, 2);
        client_->Settle();
        EXPECT_EQ(Read(kTdh), 2u) << "it has begun";
      } else {
        Write(kTxdctl, 0);
        post(kTxdctl, 1u << 25);
      }
      reset(how);
      EXPECT_TRUE(moment != 0 || how == 3 || partner_.frames.empty());
      partner_.frames.clear();
      EXPECT_EQ(Read(kTxdctl) & 1u << 25, 0u);
      EXPECT_EQ(Read(kTdlen), 0u);
      put(0, kIova + 4096, kPlain);
      StartTransmitting();
      EXPECT_TRUE(partner_.frames.empty()) << "nothing is left from before";
      Write(kTdt, 1);
      EXPECT_TRUE(Until([&] { return partner_.frames.size() == 1; }));
      EXPECT_TRUE(faults_.empty());
      reset(how);
    }
  }
}

TEST_F(ChipInAProcess, DoorbellsInMemoryDoWhatMessagesDo) {
  VfioUserHost host(loop_, {.map_doorbells = true});
  Wire wire;
  Partner partner;
  wire.Attach(1, &partner);
  wire.SetSignal(1, true);
  intel82599::Chip chip({.ports = 1}, host);
  chip.Connect(0, wire, 0);
  host.Plug(chip.function(0));
  int ends[2] = {-1, -1};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  host.Attach(0, FileDescriptor(ends[0]));
  Client client(host, FileDescriptor(ends[1]));
  ASSERT_TRUE(client.Negotiate());
  client.WriteRegister(kConfig, 4, 6, 2);

  // Queue 0 of each direction, up to the first counter that a read clears.
  const auto info = client.Call(
      kGetRegionInfo, Pack(std::uint32_t{256}, 0, 0, 0, std::uint64_t{0}, std::uint64_t{0}));
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(Bytes(info.payload.begin() + 40, info.payload.end()),
            Pack(2, 0, std::uint64_t{0x1000}, std::uint64_t{0x30}, std::uint64_t{0x6000},
                 std::uint64_t{0x30}));
  const FileDescriptor file = client.TakeDescriptor();
  ASSERT_TRUE(file);
  constexpr std::size_t kBar = 128 << 10;
  void* const start = mmap(nullptr, kBar, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  ASSERT_NE(start, MAP_FAILED);
  const auto word = [&](std::uint32_t offset) {
    return std::atomic_ref(static_cast<std::uint32_t*>(start)[offset / 4]);
  };
  const auto until = [&](auto condition) {
    for (const Nanoseconds end = loop_.Now() + milliseconds(30'000); loop_.Now() < end;) {
      if (condition()) return true;
      host.Step(milliseconds(1));
    }
    return false;
  };
  ASSERT_TRUE(until([&] { return (client.ReadRegister(0, kLinks) & 1u << 30) != 0; }));

  const Memory memory(8192);
  ASSERT_EQ(client.Map(kIova, 8192, memory.fd()), 0);
  std::ranges::copy(Pack(kIova + 4096, std::uint64_t{60} << 46 | 0x2B300000 | 60),
                    memory.bytes().begin());
  client.WriteRegister(0, kDmatxctl, 1);
  word(kTdbal) = static_cast<std::uint32_t>(kIova) | 0x7F;
  word(kTdbah) = static_cast<std::uint32_t>(kIova >> 32);
  word(kTdlen) = 128;
  word(kTxdctl) = 1u << 25 | 1u << 26;
  EXPECT_TRUE(until([&] { return word(kTxdctl) == 1u << 25; })) << "SWFLSH clears itself";
  EXPECT_EQ(word(kTdbal), static_cast<std::uint32_t>(kIova)) << "what cannot be written is 0";
  word(kTdt) = 1;
  EXPECT_TRUE(until([&] { return partner.frames.size() == 1 && word(kTdh) == 1; }));
  client.WriteRegister(0, 0x00000, 1u << 26);  // CTRL.RST
  EXPECT_EQ(word(kTxdctl), 0u);
  EXPECT_EQ(word(kTdt), 0u);
  munmap(start, kBar);
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
