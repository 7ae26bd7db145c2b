#include "emulator/pci/msix.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace ixylab::emulator::pci {
namespace {

class MsixTest : public testing::Test {
 protected:
  void SetControl(std::uint32_t value) {
    config_.Write(capability_ + 2, 2, value);
    msix_.SendPending();
  }
  void Mask(unsigned vector, bool on) { msix_.Write(16 * vector + 12, 4, on); }

  std::vector<unsigned> sent_;
  ConfigSpace config_{{.vendor = 1, .device = 2}};
  Msix msix_{
      config_, {.vectors = 34, .bar = 1}, [this](unsigned vector) { sent_.push_back(vector); }};
  const std::uint32_t capability_ = config_.Read(0x34, 1);
};

TEST_F(MsixTest, Capability) {
  EXPECT_EQ(config_.Read(capability_, 1), 0x11u);
  EXPECT_EQ(config_.Read(capability_ + 2, 2), 33u) << "table size - 1, off";
  EXPECT_EQ(config_.Read(capability_ + 4, 4), 0x00000001u) << "table: BAR 1, offset 0";
  EXPECT_EQ(config_.Read(capability_ + 8, 4), 0x00000801u) << "pending bits: BAR 1, offset 0x800";
  config_.Write(capability_ + 2, 2, 0xFFFF);
  EXPECT_EQ(config_.Read(capability_ + 2, 2), 0xC021u) << "only enable and mask are writable";
}

TEST_F(MsixTest, NothingIsSentWhileItIsOff) {
  Mask(3, false);
  msix_.Signal(3);
  SetControl(0x8000);
  EXPECT_TRUE(sent_.empty());
  msix_.Signal(3);
  EXPECT_EQ(sent_, (std::vector<unsigned>{3}));
}

TEST_F(MsixTest, MaskedVectorsWait) {
  SetControl(0x8000);
  EXPECT_EQ(msix_.Read(16 * 5 + 12, 4), 1u) << "masked after power-on";
  msix_.Signal(5);
  msix_.Signal(5);
  msix_.Signal(33);
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(msix_.Read(0x800, 4), 1u << 5);
  EXPECT_EQ(msix_.Read(0x804, 4), 1u << 1);
  Mask(5, false);
  EXPECT_EQ(sent_, (std::vector<unsigned>{5})) << "once";
  EXPECT_EQ(msix_.Read(0x800, 4), 0u);
}

TEST_F(MsixTest, FunctionMask) {
  Mask(0, false);
  Mask(1, false);
  SetControl(0xC000);
  msix_.Signal(1);
  EXPECT_TRUE(sent_.empty());
  SetControl(0x8000);
  EXPECT_EQ(sent_, (std::vector<unsigned>{1}));
}

TEST_F(MsixTest, TheTableIsStorage) {
  msix_.Write(0x20, 4, 0xFEE00000);
  msix_.Write(0x28, 4, 0x4041);
  msix_.Write(0x2C, 4, 0xFFFFFFFE);
  EXPECT_EQ(msix_.Read(0x20, 4), 0xFEE00000u);
  EXPECT_EQ(msix_.Read(0x28, 4), 0x4041u);
  EXPECT_EQ(msix_.Read(0x2C, 4), 0u) << "only the mask bit is there";
  msix_.Reset();
  EXPECT_EQ(msix_.Read(0x20, 4), 0u);
  EXPECT_EQ(msix_.Read(0x2C, 4), 1u);
}

TEST_F(MsixTest, APendingBitCanBeTakenBack) {
  SetControl(0x8000);
  msix_.Signal(5);
  msix_.ClearPending(5);
  msix_.ClearPending(34);
  Mask(5, false);
  EXPECT_TRUE(sent_.empty());
}

TEST(MsixLayouts, TableAndPendingBitsWhereTheDeviceHasThem) {
  ConfigSpace config({.vendor = 1, .device = 2});
  const MsixLayout layout = {.vectors = 64,
                             .bar = 4,
                             .kind = BarKind::kMemory64,
                             .bar_bytes = 0x4000,
                             .pending_bits = 0x2000,
                             .capability = 0x70};
  Msix msix(config, layout, [](unsigned) {});
  EXPECT_EQ(config.Read(0x34, 1), 0x70u);
  EXPECT_EQ(config.Read(0x78, 4), 0x2004u);
  config.Write(0x20, 4, 0xFFFFFFFF);
  EXPECT_EQ(config.Read(0x20, 4), 0xFFFFC004u);
  config.Write(0x72, 2, 0x8000);
  msix.Signal(63);
  EXPECT_EQ(msix.Read(0x2004, 4), 1u << 31);
  EXPECT_EQ(msix.Read(0x2008, 4), 0u);
  EXPECT_EQ(msix.Read(0x800, 4), 0u) << "not the default layout";
  EXPECT_EQ(Msix::Describe(layout, 0x10, 4, 1), "MSI-X vector 1 address 0x0010 = 0x00000001");
  EXPECT_EQ(Msix::Describe(layout, 0x2004, 4, 1), "MSI-X pending bits 32 0x2004 = 0x00000001");
  EXPECT_EQ(Msix::Describe(layout, 0xFFFFFFFF, 1, 1), "MSI-X 0xFFFFFFFF = 0x01");
}

TEST(MsixLayouts, ImpossibleOnes) {
  ConfigSpace config({.vendor = 1, .device = 2});
  const auto make = [&](const MsixLayout& layout) { Msix(config, layout, [](unsigned) {}); };
  EXPECT_THROW(make({.vectors = 0}), std::invalid_argument);
  EXPECT_THROW(make({.vectors = 129}), std::invalid_argument);
  EXPECT_THROW(make({.vectors = 64, .pending_bits = 0x3F8}), std::invalid_argument);
  EXPECT_THROW(make({.vectors = 1, .pending_bits = 0x1000}), std::invalid_argument);
}

TEST_F(MsixTest, AnyAccess) {
  SetControl(0x8000);
  for (const std::uint32_t offset : {1u, 0x220u, 0x7FCu, 0x808u, 0xFFCu, 0x1000u, 0x20000800u}) {
    for (const unsigned bytes : {1u, 2u, 4u}) {
      msix_.Write(offset, bytes, 0xFFFFFFFF);
      EXPECT_EQ(msix_.Read(offset, bytes), 0u) << offset;
    }
  }
  msix_.Signal(34);
  msix_.Signal(0xFFFF);
  EXPECT_TRUE(sent_.empty());
}

}  // namespace
}  // namespace ixylab::emulator::pci
