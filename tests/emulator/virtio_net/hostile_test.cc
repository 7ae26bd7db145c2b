// Whatever a driver writes to registers and rings: no crash, no endless loop, no access outside; a
// line that says what was wrong, and DEVICE_NEEDS_RESET.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <random>

#include "emulator/virtio_net/registers.h"
#include "tests/emulator/virtio_net/rig.h"

namespace ixylab::emulator::virtio_net {
namespace {

constexpr std::uint16_t kAvail = 1 << 7;

class Hostile : public testing::TestWithParam<Mode> {
 protected:
  void SetUp() override { Start(); }
  void Start(std::uint64_t features = VIRTIO_F_INDIRECT_DESC | VIRTIO_NET_F_CTRL_VQ |
                                      VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_STATUS) {
    ASSERT_TRUE(rig_.Negotiate(features));
    rx_ = rig_.Enable(0, 16);
    tx_ = rig_.Enable(1, 16);
    control_ = rig_.Enable(2, 16);
    rig_.DriverOk();
    rig_.Isr();
  }
  bool packed() const { return GetParam() == Mode::kPacked; }

  /// The device has stopped: its last log line has `what` in it; a reset brings it back.
  void ExpectBroken(std::string_view what, std::uint64_t faults = 0) {
    const auto log = rig_.host.log();
    ASSERT_EQ(log.size(), 1u);
    EXPECT_NE(log[0].find(what), std::string::npos) << log[0];
    EXPECT_EQ(rig_.host.fault_count(), faults);
    if (!rig_.legacy()) {
      EXPECT_NE(rig_.Status() & kNeedsReset, 0);
      EXPECT_EQ(rig_.Isr() & 2, 2) << "2.1.2: a configuration change notification";
    }
    rig_.partner.frames.clear();
    rig_.PutFrame(*tx_, 9, MakeFrame(60));
    rig_.Kick(1);
    EXPECT_TRUE(rig_.partner.frames.empty()) << "stopped";
    Start(0);
    EXPECT_EQ(rig_.Status() & kNeedsReset, 0);
    rig_.PutFrame(*tx_, 0, MakeFrame(60));
    rig_.Kick(1);
    EXPECT_EQ(rig_.partner.frames.size(), 1u) << "after a reset it works again";
  }
  /// A descriptor at `index` that is available by its flags (packed).
  void Set(TestQueue& queue, std::uint16_t index, std::uint64_t address, std::uint32_t length,
           std::uint16_t flags, std::uint16_t next = 0) {
    queue.SetDescriptor(index, address, length, packed() ? flags | kAvail : flags, next);
  }
  void Offer(TestQueue& queue, std::uint16_t head) {
    if (!packed()) queue.MakeAvailable(head);
  }

  Rig rig_{GetParam(), {.queue_size = 16}};
  std::unique_ptr<TestQueue> rx_, tx_, control_;
};

TEST_P(Hostile, AnAddressThatIsNotMapped) {
  tx_->Put({{0x1234, 100, false}});
  rig_.Kick(1);
  ASSERT_EQ(rig_.host.faults().size(), 1u);
  EXPECT_EQ(rig_.host.faults()[0].what, "transmitq1 descriptor 0: buffer");
  EXPECT_EQ(rig_.host.faults()[0].iova, 0x1234u);
  EXPECT_FALSE(rig_.host.faults()[0].write);
  ExpectBroken("transmitq1 descriptor 0: buffer: not mapped", 1);
}

TEST_P(Hostile, AReceiveBufferThatIsNotMapped) {
  rx_->Put({{0xFFFFFFFFFFFFFFF0, 2048, true}});
  rig_.Send(MakeFrame(60));
  EXPECT_TRUE(rig_.host.faults().at(0).write);
  ExpectBroken("receiveq1 descriptor 0: buffer: not mapped", 1);
}

TEST_P(Hostile, ABufferThatRunsOverTheEndOfAPage) {
  auto memory = rig_.host.Allocate(1);
  const std::uint64_t end = memory.pages[0] + InProcessHost::kPageSize;
  tx_->Put({{end - 100, 100, false}});
  tx_->Put({{end - 100, 101, false}});
  rig_.Kick(1);
  EXPECT_EQ(rig_.partner.frames.size(), 1u);
  ExpectBroken("transmitq1 descriptor 1: buffer: not mapped", 1);
}

TEST_P(Hostile, ABufferOfNoBytes) {
  tx_->Put({{tx_->iova(0), 0, false}});
  rig_.Kick(1);
  ExpectBroken("transmitq1 descriptor 0: a buffer of 0 bytes");
}

TEST_P(Hostile, NoRoomForHeaderAndFrame) {
  tx_->Put({{tx_->iova(0), rig_.header_bytes, false}});
  rig_.Kick(1);
  ExpectBroken("transmitq1 descriptor 0");
}

TEST_P(Hostile, BuffersOfTheWrongDirection) {
  tx_->Put({{tx_->iova(0), 100, true}});
  rig_.Kick(1);
  ExpectBroken("transmitq1 descriptor 0: a device-writable buffer");
}

TEST_P(Hostile, ReceiveBuffersOfTheWrongDirection) {
  rx_->Put({{rx_->iova(0), 2048, false}});
  rx_->Put({{rx_->iova(0), 2048, false}});
  rig_.Send(MakeFrame(60));
  ExpectBroken("receiveq1 descriptor 0");
}

TEST_P(Hostile, ReadableBehindWritable) {
  control_->Put(
      {{control_->iova(0), 2, false}, {control_->iova(1), 1, true}, {control_->iova(0), 1, false}});
  rig_.Kick(2);
  ExpectBroken("a device-readable buffer behind a device-writable one");
}

TEST_P(Hostile, ACommandWithoutRoom) {
  control_->Put({{control_->iova(0), 1, false}, {control_->iova(1), 1, true}});
  rig_.Kick(2);
  ExpectBroken("controlq descriptor 0: no room");
}

TEST_P(Hostile, ACommandWithoutAck) {
  control_->Put({{control_->iova(0), 3, false}});
  rig_.Kick(2);
  ExpectBroken("controlq descriptor 0: no room");
}

TEST_P(Hostile, AnAckThatIsNotMapped) {
  control_->Put({{control_->iova(0), 3, false}, {0x5000, 1, true}});
  rig_.Kick(2);
  ExpectBroken("controlq descriptor 0: ack: not mapped", 1);
}

TEST_P(Hostile, ALoopOrAnEndlessChain) {
  for (std::uint16_t i = 0; i < 16; ++i) {
    Set(*tx_, i, tx_->iova(0), 10, kNext, static_cast<std::uint16_t>((i + 1) % 16));
  }
  Offer(*tx_, 3);
  rig_.Kick(1);
  ExpectBroken(packed() ? "transmitq1 descriptor 0: a chain longer than the ring"
                        : "transmitq1 descriptor 3: a loop in the chain");
}

TEST_P(Hostile, IndirectTables) {
  struct Case {
    std::string_view what;
    std::function<void()> put;
  };
  TestQueue table(rig_.host, GetParam(), 16);
  const auto entry = [&](std::uint32_t index, std::uint16_t flags, std::uint16_t next) {
    table.SetDescriptor(index, tx_->iova(0), 20, flags, next);
  };
  const auto offer = [&](std::uint64_t address, std::uint32_t length, std::uint16_t flags) {
    Set(*tx_, 0, address, length, kIndirect | flags);
    Offer(*tx_, 0);
  };
  std::vector<Case> cases = {
      {"an indirect table of 0 bytes", [&] { offer(table.descriptors(), 0, 0); }},
      {"an indirect table of 24 bytes", [&] { offer(table.descriptors(), 24, 0); }},
      {"an indirect descriptor with NEXT", [&] { offer(table.descriptors(), 16, kNext); }},
  };
  if (!packed()) {
    cases.push_back({"an indirect descriptor in an indirect table", [&] {
                       entry(0, kIndirect, 0);
                       offer(table.descriptors(), 16, 0);
                     }});
    cases.push_back({"an indirect descriptor beyond its table", [&] {
                       entry(0, kNext, 1);
                       offer(table.descriptors(), 16, 0);
                     }});
    cases.push_back({"a loop in the indirect table", [&] {
                       entry(0, kNext, 1);
                       entry(1, kNext, 0);
                       offer(table.descriptors(), 32, 0);
                     }});
  }
  for (const Case& bad : cases) {
    SCOPED_TRACE(bad.what);
    Start();
    const std::size_t before = rig_.host.log().size();
    bad.put();
    rig_.Kick(1);
    ASSERT_EQ(rig_.host.log().size(), before + 1);
    EXPECT_NE(rig_.host.log().back().find(bad.what), std::string::npos) << rig_.host.log().back();
  }
  Start();
  offer(0x7000, 16, 0);
  rig_.Kick(1);
  EXPECT_EQ(rig_.host.faults().at(0).what, "transmitq1 descriptor 0: indirect table");
  EXPECT_TRUE(rig_.partner.frames.empty());
}

TEST_P(Hostile, IndirectWithoutTheFeature) {
  Start(VIRTIO_NET_F_CTRL_VQ);
  Set(*tx_, 0, tx_->iova(0), 32, kIndirect);
  Offer(*tx_, 0);
  rig_.Kick(1);
  ASSERT_EQ(rig_.host.log().size(), 1u);
  EXPECT_NE(rig_.host.log()[0].find("VIRTIO_F_INDIRECT_DESC"), std::string::npos);
}

TEST_P(Hostile, AHugeIndirectTable) {
  TestQueue table(rig_.host, GetParam(), 512);
  const std::uint32_t descriptors = InProcessHost::kPageSize / 16;
  auto memory = rig_.host.Allocate(InProcessHost::kPageSize);
  for (std::uint32_t i = 0; i < descriptors; ++i) {
    const std::uint64_t address = tx_->iova(0);
    const std::uint32_t length = 1;
    std::memcpy(memory.bytes.data() + 16 * i, &address, 8);
    std::memcpy(memory.bytes.data() + 16 * i + 8, &length, 4);
    const std::uint16_t next = static_cast<std::uint16_t>(i + 1);
    if (!packed()) {
      std::memcpy(memory.bytes.data() + 16 * i + 12, &kNext, 2);
      std::memcpy(memory.bytes.data() + 16 * i + 14, &next, 2);
    }
  }
  Set(*tx_, 0, memory.pages[0], InProcessHost::kPageSize, kIndirect);
  Offer(*tx_, 0);
  rig_.Kick(1);
  ExpectBroken("a chain of too many descriptors");
}

TEST_P(Hostile, ARingThatIsUnmappedInUse) {
  rig_.PutFrame(*tx_, 0, MakeFrame(60));
  rig_.Kick(1);
  ASSERT_EQ(rig_.partner.frames.size(), 1u);
  tx_->Free();
  rig_.Kick(1);
  EXPECT_EQ(rig_.host.fault_count(), 1u);
  EXPECT_EQ(rig_.host.log().size(), 1u);
  rx_->Free();
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.host.fault_count(), 1u) << "it has stopped, and touches nothing";
}

TEST_P(Hostile, RingsThatWereNeverMapped) {
  ASSERT_TRUE(rig_.Negotiate());
  for (const std::uint16_t index : {0, 1}) {
    auto queue = rig_.Enable(index);
    queue->Free();
  }
  rig_.DriverOk();
  rig_.Kick(1);
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.host.fault_count(), 1u);
}

TEST_P(Hostile, NotificationsOfQueuesThatAreNotThere) {
  rig_.Kick(3);
  rig_.Kick(999);
  EXPECT_EQ(rig_.host.log().size(), 2u);
  rig_.PutFrame(*tx_, 0, MakeFrame(60));
  rig_.Kick(1);
  EXPECT_EQ(rig_.partner.frames.size(), 1u) << "nothing has happened";
}

TEST_P(Hostile, AResetInTheMiddle) {
  for (std::uint32_t i = 0; i < 8; ++i) rx_->PutEmpty(i);
  rig_.host.Inject([&] {
    const Bytes frame = MakeFrame(60);
    rig_.wire.Send(1, {.bytes = frame});  // taken, not yet published
    const unsigned status_bytes = 1;
    if (rig_.legacy()) {
      rig_.card.function(0).Write(0, kLegacyStatus, status_bytes, 0);
    } else {
      rig_.card.function(0).Write(4, kDeviceStatus, status_bytes, 0);
    }
    rig_.wire.Send(1, {.bytes = frame});
  });
  EXPECT_EQ(rx_->Take(), std::nullopt) << "2.4: nothing is written after a reset";
}

INSTANTIATE_TEST_SUITE_P(Modes, Hostile,
                         testing::Values(Mode::kLegacy, Mode::kModern, Mode::kPacked),
                         [](const auto& info) { return ModeName(info.param); });

class HostileSplit : public Hostile {};

TEST_P(HostileSplit, ADescriptorThatIsNotThere) {
  tx_->MakeAvailable(16);
  rig_.Kick(1);
  ExpectBroken("transmitq1 descriptor 16: is beyond the table of 16");
}

TEST_P(HostileSplit, ANextThatIsNotThere) {
  tx_->SetDescriptor(0, tx_->iova(0), 20, kNext, 0xFFFF);
  tx_->MakeAvailable(0);
  rig_.Kick(1);
  ExpectBroken("transmitq1 descriptor 65535: is beyond the table of 16");
}

TEST_P(HostileSplit, AnAvailableIndexThatJumps) {
  tx_->MakeAvailable(0, 17);
  rig_.Kick(1);
  ExpectBroken("the available index 17 is 17 ahead in a ring of 16");
}

TEST_P(HostileSplit, AnAvailableIndexThatGoesBack) {
  rig_.PutFrame(*tx_, 0, MakeFrame(60));
  rig_.Kick(1);
  tx_->MakeAvailable(0, 0xFFFF);
  rig_.Kick(1);
  ExpectBroken("is 65535 ahead");
}

INSTANTIATE_TEST_SUITE_P(Modes, HostileSplit, testing::Values(Mode::kLegacy, Mode::kModern),
                         [](const auto& info) { return ModeName(info.param); });

TEST(HostilePacked, AChainThatEndsInTheOpen) {
  Rig rig(Mode::kPacked);
  ASSERT_TRUE(rig.Negotiate());
  const auto tx = rig.Enable(1, 16);
  rig.DriverOk();
  tx->SetDescriptor(0, tx->iova(0), 20, kNext | kAvail, 0);
  rig.Kick(1);
  ASSERT_EQ(rig.host.log().size(), 1u);
  EXPECT_NE(rig.host.log()[0].find("transmitq1 descriptor 1: is not available"), std::string::npos);
}

TEST(HostileModern, QueueRegistersChangedWhileEnabled) {
  for (const std::uint32_t offset : {0x20u, 0x24u, 0x28u, 0x2Cu, 0x30u, 0x34u, 0x18u}) {
    Rig rig;
    ASSERT_TRUE(rig.Negotiate());
    const auto tx = rig.Enable(1, 64);
    rig.DriverOk();
    rig.SetCommon(offset, offset == kQueueSize ? 2 : 4, 32);
    EXPECT_NE(rig.Status() & kNeedsReset, 0) << offset;
    ASSERT_EQ(rig.host.log().size(), 1u);
    EXPECT_NE(rig.host.log()[0].find("transmitq1"), std::string::npos) << rig.host.log()[0];
  }
}

TEST(HostileModern, ImpossibleQueueSizes) {
  for (const std::uint32_t size : {0u, 3u, 100u, 512u, 0xFFFFu}) {
    Rig rig;
    ASSERT_TRUE(rig.Negotiate());
    rig.SetCommon(kQueueSize, 2, size);
    EXPECT_NE(rig.Status() & kNeedsReset, 0) << size;
    EXPECT_EQ(rig.Common(kQueueSize, 2), 256u);
  }
  Rig packed(Mode::kPacked);
  ASSERT_TRUE(packed.Negotiate());
  packed.SetCommon(kQueueSize, 2, 100);
  EXPECT_EQ(packed.Status() & kNeedsReset, 0) << "2.8.10.1: need not be a power of two";
}

TEST(HostileModern, AreasThatAreNotAligned) {
  for (const std::uint32_t offset : {kQueueDesc, kQueueDriver, kQueueDevice}) {
    Rig rig;
    ASSERT_TRUE(rig.Negotiate());
    rig.SetCommon(kQueueSelect, 2, 1);
    rig.SetCommon(offset, 4, 1);
    rig.SetCommon(kQueueEnable, 2, 1);
    rig.DriverOk();
    EXPECT_NE(rig.Status() & kNeedsReset, 0) << offset;
  }
}

// Not a fuzzer, which has a harness of its own, but a steady eye on the same promise.
TEST(HostileRegisters, AnyValueAnywhere) {
  const auto rows = AllRegisters();
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const Mode mode = seed % 3 == 0 ? Mode::kPacked : seed % 3 == 1 ? Mode::kModern : Mode::kLegacy;
    Rig rig(mode, {.queue_size = 16}, {.seed = seed});
    std::vector<std::unique_ptr<TestQueue>> queues;
    const auto start = [&] {
      const std::uint64_t features = random() & rig.OfferedFeatures();
      rig.Negotiate(random() % 2 == 0 ? features : VIRTIO_F_INDIRECT_DESC | VIRTIO_NET_F_CTRL_VQ);
      queues.clear();
      for (std::uint16_t index = 0; index < 3; ++index) queues.push_back(rig.Enable(index, 16));
      rig.DriverOk();
    };
    start();
    for (int step = 0; step < 20'000; ++step) {
      if (step % 64 == 0) start();
      TestQueue& queue = *queues[random() % queues.size()];
      // Descriptors that are sometimes right, and rings that are sometimes moved on rightly.
      const std::uint64_t address = random() % 8 == 0   ? random()
                                    : random() % 8 == 0 ? queue.descriptors()
                                                        : queue.iova(random() % 16);
      const auto length =
          static_cast<std::uint32_t>(random() % 8 == 0 ? random() : random() % 4096);
      queue.SetDescriptor(random() % 16, address, length, static_cast<std::uint16_t>(random()),
                          random() % 18);
      if (mode != Mode::kPacked) {
        queue.MakeAvailable(random() % 17, random() % 32 == 0 ? random() : 1);
      }
      if (random() % 4 == 0) rig.Kick(random() % 4);
      if (random() % 4 == 0) rig.Send(MakeFrame(1 + random() % 1600));
      if (random() % 16 == 0) {
        const RegisterRow& row = *rows[random() % rows.size()];
        const bool legacy = row.structure <= Structure::kLegacyMsix;
        const std::uint32_t base = row.structure == Structure::kIsr      ? kIsr
                                   : row.structure == Structure::kNotify ? kNotify
                                   : row.structure == Structure::kDevice ? kDevice
                                                                         : 0;
        const auto value = static_cast<std::uint32_t>(random());
        const unsigned bytes = row.bytes <= 4 ? row.bytes : 1u << random() % 3;
        rig.Write(legacy ? 0 : 4, base + row.offset, bytes, value);
        rig.Read(legacy ? 0 : 4, base + row.offset, bytes);
      }
      if (random() % 64 == 0) {
        rig.Write(random() % 9, static_cast<std::uint32_t>(random() % 0x5000 & ~3u), 4,
                  static_cast<std::uint32_t>(random()));
        rig.Write(kConfigSpace, 4, 2, 7);
      }
      if (random() % 256 == 0) {
        queue.Free();
        rig.Kick(random() % 3);
        rig.Send(MakeFrame(60));
        start();
      }
    }
    // Whatever was: a reset brings it back.
    ASSERT_TRUE(rig.Negotiate());
    const auto tx = rig.Enable(1);
    rig.DriverOk();
    rig.partner.frames.clear();
    rig.PutFrame(*tx, 0, MakeFrame(60));
    rig.Kick(1);
    EXPECT_EQ(rig.partner.frames.size(), 1u);
    EXPECT_LE(rig.host.log().size(), 1000u);
  }
}

}  // namespace
}  // namespace ixylab::emulator::virtio_net
