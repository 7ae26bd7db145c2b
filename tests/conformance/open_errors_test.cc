// What Open refuses, and that its message says why.
#include <gmock/gmock.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/opener.h"
#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

/// A bus of which a test replaces the id or what registers read (those of the BARs).
class ChangedBus final : public Bus {
 public:
  explicit ChangedBus(Bus& bus) : bus_(bus) {}
  std::function<PciId()> on_id;
  std::function<std::uint32_t(std::uint32_t value)> on_read;

  PciId id() const override { return on_id ? on_id() : bus_.id(); }
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override {
    const std::uint32_t value = bus_.Read(region, offset, bytes);
    if (!on_read || region == kConfigSpace) return value;
    return on_read(value) & 0xFFFFFFFFu >> (32 - 8 * bytes);
  }
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override {
    bus_.Write(region, offset, bytes, value);
  }
  void* MapRegister(unsigned region, std::uint32_t offset) override {
    return bus_.MapRegister(region, offset);
  }
  DmaSpace& dma() override { return bus_.dma(); }
  Interrupts EnableInterrupts(std::uint32_t vectors) override {
    return bus_.EnableInterrupts(vectors);
  }
  bool WaitForInterrupt(std::uint32_t vector, Nanoseconds timeout) override {
    return bus_.WaitForInterrupt(vector, timeout);
  }
  Nanoseconds Now() override { return bus_.Now(); }
  void Sleep(Nanoseconds duration) override { bus_.Sleep(duration); }

 private:
  Bus& bus_;
};

class OpenErrors : public PortsTest {
 protected:
  OpenErrors() : pool_(target().dma(), 8192) {}

  DeviceConfig Good() {
    DeviceConfig config = Config();
    config.pools = {&pool_};
    return config;
  }

  /// The message of the DeviceError that opening `bus` ends with.
  std::string Refusal(Bus& bus, const DeviceConfig& config) {
    std::string message;
    try {
      OpenDevice(bus, config);
      ADD_FAILURE() << "it opened";
    } catch (const DeviceError& error) {
      message = error.what();
    }
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_EQ(pool_.available(), pool_.size()) << "buffers are lost";
    return message;
  }
  void ExpectRefused(const DeviceConfig& config, const std::string& named) {
    const std::string message = Refusal(target().bus(0), config);
    EXPECT_NE(message.find(named), std::string::npos)
        << "\"" << message << "\" does not name " << named;
  }

  MemoryPool pool_;
};

TEST_F(OpenErrors, RingSizes) {
  for (const std::uint32_t size : {0u, 1u, 32u, 63u, 65u, 96u, 1000u, 4095u, 8192u, 0x80000000u}) {
    DeviceConfig config = Good();
    config.receive_descriptors = size;
    ExpectRefused(config, std::to_string(size));
    config = Good();
    config.transmit_descriptors = size;
    ExpectRefused(config, std::to_string(size));
  }
}

TEST_F(OpenErrors, FrameSizes) {
  for (const std::uint32_t size :
       {0u, kLongestFrame - 1, can().max_frame_size + 1, 65536u, 0xFFFFFFFFu}) {
    DeviceConfig config = Good();
    config.max_frame_size = size;
    ExpectRefused(config, std::to_string(size));
  }
}

// An option that a device does not have is an error, not without effect.
TEST_F(OpenErrors, OptionsItDoesNotHave) {
  const auto expect_refused_unless = [&](bool can, auto set, const std::string& named) {
    if (can) return;
    DeviceConfig config = Good();
    set(config);
    ExpectRefused(config, named);
  };
  expect_refused_unless(
      can().checksum_offload, [](DeviceConfig& c) { c.checksum_offload = true; },
      "checksum_offload");
  expect_refused_unless(
      can().vlan_offload, [](DeviceConfig& c) { c.vlan_offload = true; }, "vlan_offload");
  expect_refused_unless(
      can().interrupts, [](DeviceConfig& c) { c.receive_wait = 1ms; }, "receive_wait");
  // Far more than any device counts to.
  DeviceConfig config = Good();
  config.receive_wait = can().interrupts ? 1ms : 0ms;
  config.interrupt_interval = 1h;
  ExpectRefused(config, "interrupt_interval");
}

TEST_F(OpenErrors, Pools) {
  DeviceConfig config = Good();
  config.pools = {};
  ExpectRefused(config, "pool");
  config.pools = {nullptr};
  ExpectRefused(config, "pool");
  if (can().max_queues > 1) {
    config.pools = {&pool_, nullptr};
    ExpectRefused(config, "pool");
  }
  config.pools.assign(1000, &pool_);
  config.receive_descriptors = 64;
  ExpectRefused(config, "1000");
}

TEST_F(OpenErrors, PoolTooSmallForTheRing) {
  MemoryPool small(target().dma(), 100);
  DeviceConfig config = Good();
  config.pools = {&small};
  ExpectRefused(config, "pool");
  EXPECT_EQ(small.available(), small.size());
}

TEST_F(OpenErrors, PoolOfAnotherDmaSpace) {
  // Memory that the device has no addresses for.
  struct Elsewhere final : DmaSpace {
    struct Heap final : DmaMemory::Owner {
      explicit Heap(std::size_t size) : bytes(size) {}
      std::vector<std::byte> bytes;
    };
    std::size_t page_size() const override { return std::size_t{2} << 20; }
    DmaMemory Allocate(std::size_t size) override {
      const std::size_t page = page_size();
      const std::size_t pages = (size + page - 1) / page;
      auto heap = std::make_unique<Heap>((pages + 1) * page);
      void* start = heap->bytes.data();
      std::size_t room = heap->bytes.size();
      std::align(page, pages * page, start, room);
      return DmaMemory({static_cast<std::byte*>(start), pages * page}, page,
                       std::vector<std::uint64_t>(pages, std::uint64_t{1} << 40), std::move(heap));
    }
  } elsewhere;
  MemoryPool foreign(elsewhere, 1024);
  DeviceConfig config = Good();
  config.pools = {&foreign};
  ExpectRefused(config, "pool");
}

TEST_F(OpenErrors, DeviceThatNoDriverIsFor) {
  ChangedBus bus(target().bus(0));
  for (const PciId id : {PciId{0x8086, 0x100E}, PciId{0x1234, 0x10FB}, PciId{0, 0}}) {
    bus.on_id = [id] { return id; };
    char text[16];
    std::snprintf(text, sizeof(text), "%04x:%04x", id.vendor, id.device);
    const std::string message = Refusal(bus, Good());
    EXPECT_NE(message.find(text), std::string::npos) << message;
  }
}

// A register that never answers ends in an error with its name, its offset and the deadline.
TEST_F(OpenErrors, RegistersThatNeverAnswer) {
  ChangedBus bus(target().bus(0));
  const auto expect_named = [&](const char* what) {
    const std::string message = Refusal(bus, Good());
    // Name, offset and deadline as in "EEC (0x10010): ... within 500 ms".
    EXPECT_THAT(message, testing::MatchesRegex("[A-Z][A-Z0-9_]+.*0x[0-9A-Fa-f]+.*[0-9]+ ?m?s.*"))
        << what;
  };
  bus.on_read = [](std::uint32_t) { return 0u; };
  expect_named("all registers read 0");
  bus.on_read = [](std::uint32_t) { return 0xFFFFFFFFu; };
  expect_named("all registers read all-ones, as those of a removed device do");
}

// The suite's own deadline: a driver that waits for ever must fail, not hang.
TEST_F(OpenErrors, EveryWaitEnds) {
  for (const std::uint32_t value : {0u, 0xFFFFFFFFu}) {
    ChangedBus bus(target().bus(0));
    const Nanoseconds end = bus.Now() + 10s;
    bus.on_read = [&](std::uint32_t) {
      if (bus.Now() > end) throw std::runtime_error("the driver still waits after 10 s");
      return value;
    };
    EXPECT_THROW(OpenDevice(bus, Good()), DeviceError) << "all registers read " << value;
  }
}

TEST_F(OpenErrors, RegistersThatCeaseToAnswer) {
  // Dies after 1, 2, 3, ... reads: whatever the driver waits for then, it ends, and nothing leaks.
  // Where time is real, each of these waits takes it.
  const int step = can().virtual_time ? 8 : 1;
  for (int good = 1; good < 4000; good += 1 + good / step) {
    ChangedBus bus(target().bus(0));
    int reads = 0;
    bus.on_read = [&](std::uint32_t value) { return ++reads > good ? 0u : value; };
    try {
      OpenDevice(bus, Good());
    } catch (const DeviceError& error) {
      EXPECT_NE(std::string(error.what()), "");
    }
    ASSERT_EQ(pool_.available(), pool_.size()) << "after " << good << " reads";
  }
}

TEST_F(OpenErrors, GoodConfigurationOpensAfterBadOnes) {
  DeviceConfig bad = Good();
  bad.receive_descriptors = 63;
  ExpectRefused(bad, "63");
  ChangedBus dead(target().bus(0));
  dead.on_read = [](std::uint32_t) { return 0u; };
  Refusal(dead, Good());
  OpenBoth();
  ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
}

}  // namespace
}  // namespace ixylab::conformance
