#include "driver/bus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "tests/driver/mock_bus.h"
#include "tests/driver/scripted_dma.h"

namespace ixylab {
namespace {

TEST(DoorbellTest, IsWrittenThroughTheBusWhereItIsNotMapped) {
  ScriptedDma dma;
  testing::StrictMock<MockBus> bus(dma);
  const Doorbell doorbell(bus, 0x06018);
  bus.ExpectWrite32(0x06018, 17);
  EXPECT_EQ(doorbell.Ring(17, 5), 5u);
}

TEST(DoorbellTest, IsStoredToWhereItIsMapped) {
  ScriptedDma dma;
  testing::StrictMock<MockBus> bus(dma);  // expects no write
  std::uint32_t tail = 0;
  bus.Map(0x06018, &tail);
  const Doorbell doorbell(bus, 0x06018);
  EXPECT_EQ(doorbell.Ring(17, 5), 5u);
  EXPECT_EQ(tail, 17u);
}

TEST(DmaMemoryTest, DeviceAddressesArePerPage) {
  ScriptedDma dma(4096);
  dma.Script({0x9'0000'1000, 0x5'0000'0000});
  const DmaMemory memory = dma.Allocate(5000);
  EXPECT_EQ(memory.bytes().size(), 5000u);
  EXPECT_EQ(memory.page_size(), 4096u);
  EXPECT_EQ(memory.iova(0), 0x9'0000'1000u);
  EXPECT_EQ(memory.iova(4095), 0x9'0000'1FFFu);
  EXPECT_EQ(memory.iova(4096), 0x5'0000'0000u);
}

TEST(DmaMemoryTest, GivesItsMemoryBackOnce) {
  ScriptedDma dma;
  {
    DmaMemory memory = dma.Allocate(1);
    const DmaMemory moved = std::move(memory);
    EXPECT_EQ(dma.live(), 1u);
    EXPECT_EQ(moved.bytes().data(), dma.last().data());
  }
  EXPECT_EQ(dma.live(), 0u);
}

TEST(WaitUntilTest, LooksOnceMoreWhenTheTimeIsUp) {
  ScriptedDma dma;
  testing::NiceMock<MockBus> bus(dma);
  int looks = 0;
  EXPECT_TRUE(WaitUntil(bus, Nanoseconds(0), [&] { return ++looks == 2; }));
  EXPECT_FALSE(WaitUntil(bus, Nanoseconds(0), [] { return false; }));
}

}  // namespace
}  // namespace ixylab
