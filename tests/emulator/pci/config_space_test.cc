#include "emulator/pci/config_space.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace ixylab::emulator::pci {
namespace {

constexpr Identity kIdentity = {.vendor = 0x1AF4,
                                .device = 0x1041,
                                .revision = 1,
                                .class_code = 0x020000,
                                .subsystem_vendor = 0x1234,
                                .subsystem = 0x5678};

TEST(ConfigSpace, SaysWhatItIs) {
  const ConfigSpace config(kIdentity);
  EXPECT_EQ(config.Read(0x00, 4), 0x10411AF4u);
  EXPECT_EQ(config.Read(0x00, 2), 0x1AF4u);
  EXPECT_EQ(config.Read(0x03, 1), 0x10u);
  EXPECT_EQ(config.Read(0x08, 4), 0x02000001u);
  EXPECT_EQ(config.Read(0x2C, 4), 0x56781234u);
  EXPECT_EQ(config.Read(0x3D, 1), 1u) << "INTA#";
  EXPECT_EQ(config.Read(0x04, 2), 0u) << "off until somebody switches it on";
}

TEST(ConfigSpace, WhatIsReadOnlyStaysAsItIs) {
  ConfigSpace config(kIdentity);
  for (std::uint32_t offset = 0; offset < 64; offset += 4) config.Write(offset, 4, 0xFFFFFFFF);
  EXPECT_EQ(config.Read(0x00, 4), 0x10411AF4u);
  EXPECT_EQ(config.Read(0x08, 4), 0x02000001u);
  EXPECT_EQ(config.Read(0x04, 4), 0x00000407u) << "command: I/O, memory, bus master, INTx off";
  EXPECT_EQ(config.Read(0x10, 4), 0u) << "no BAR there";
  EXPECT_EQ(config.Read(0x3C, 1), 0xFFu) << "the interrupt line is a note of the BIOS";
}

TEST(ConfigSpace, Command) {
  ConfigSpace config(kIdentity);
  EXPECT_FALSE(config.Command(kBusMaster));
  config.Write(kCommand, 2, kMemorySpace | kBusMaster);
  EXPECT_TRUE(config.Command(kBusMaster));
  EXPECT_FALSE(config.Command(kIoSpace));
  config.SetInterruptStatus(true);
  EXPECT_EQ(config.Read(kStatus, 2), 0x0008u);
  config.SetInterruptStatus(false);
  EXPECT_EQ(config.Read(kStatus, 2), 0x0000u);
}

// 6.2.5.1: write all ones, read back the size and the kind.
TEST(ConfigSpace, BarsTellTheirSize) {
  ConfigSpace config(kIdentity);
  config.AddBar(0, BarKind::kIo, 64);
  config.AddBar(1, BarKind::kMemory32, 4096);
  config.AddBar(4, BarKind::kMemory64, 0x4000);
  for (std::uint32_t bar = 0; bar < 6; ++bar) config.Write(0x10 + 4 * bar, 4, 0xFFFFFFFF);
  EXPECT_EQ(config.Read(0x10, 4), 0xFFFFFFC1u);
  EXPECT_EQ(config.Read(0x14, 4), 0xFFFFF000u);
  EXPECT_EQ(config.Read(0x18, 4), 0u);
  EXPECT_EQ(config.Read(0x20, 4), 0xFFFFC004u);
  EXPECT_EQ(config.Read(0x24, 4), 0xFFFFFFFFu);
  config.Write(0x20, 4, 0xFEBF1234);
  EXPECT_EQ(config.Read(0x20, 4), 0xFEBF0004u);
}

TEST(ConfigSpace, RefusesImpossibleBars) {
  ConfigSpace config(kIdentity);
  EXPECT_THROW(config.AddBar(6, BarKind::kMemory32, 4096), std::invalid_argument);
  EXPECT_THROW(config.AddBar(5, BarKind::kMemory64, 4096), std::invalid_argument);
  EXPECT_THROW(config.AddBar(0, BarKind::kMemory32, 100), std::invalid_argument);
  EXPECT_THROW(config.AddBar(0, BarKind::kMemory32, 8), std::invalid_argument);
}

TEST(ConfigSpace, CapabilitiesAreAList) {
  ConfigSpace config(kIdentity);
  EXPECT_EQ(config.Read(kCapabilitiesPointer, 1), 0u);
  EXPECT_EQ(config.Read(kStatus, 2) & kCapabilitiesList, 0u);
  const std::vector<std::uint8_t> body = {1, 2, 3, 4, 5};
  const std::uint32_t first = config.AddCapability(kVendorSpecific, body);
  const std::uint32_t second =
      config.AddCapability(kPowerManagement, body, std::vector<std::uint8_t>{0, 0xF0});
  EXPECT_NE(config.Read(kStatus, 2) & kCapabilitiesList, 0u);
  EXPECT_EQ(config.Read(kCapabilitiesPointer, 1), first);
  EXPECT_EQ(config.Read(first, 1), kVendorSpecific);
  EXPECT_EQ(config.Read(first + 1, 1), second);
  EXPECT_EQ(config.Read(second + 1, 1), 0u);
  EXPECT_EQ(config.Read(second + 2, 4), 0x04030201u);
  EXPECT_EQ(first % 4, 0u);
  EXPECT_EQ(second % 4, 0u);
  config.Write(second, 4, 0xFFFFFFFF);
  EXPECT_EQ(config.Read(second, 4), 0xF2010001u) << "what the mask allows";
}

TEST(ConfigSpace, RefusesWhatDoesNotFit) {
  ConfigSpace config(kIdentity);
  const std::vector<std::uint8_t> body(100);
  config.AddCapability(kVendorSpecific, body);
  EXPECT_THROW(config.AddCapability(kVendorSpecific, body), std::length_error);
}

TEST(ConfigSpace, AnyOffset) {
  ConfigSpace config(kIdentity);
  for (const std::uint32_t offset : {255u, 256u, 4093u, 4095u, 4096u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
    config.Write(offset, 4, 0xFFFFFFFF);
    EXPECT_EQ(config.Read(offset, 4), 0u) << offset;
  }
}

TEST(ConfigSpace, AccessesInWords) {
  EXPECT_EQ(DescribeConfigAccess(0x04, 2, 6), "Command 0x004 = 0x0006");
  EXPECT_EQ(DescribeConfigAccess(0x20, 4, 0xFEBF0004), "BAR 4 0x020 = 0xFEBF0004");
  EXPECT_EQ(DescribeConfigAccess(0x98, 1, 0x11), "config 0x098 = 0x11");
}

}  // namespace
}  // namespace ixylab::emulator::pci
