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

TEST(ConfigSpace, CapabilitiesAtOffsetsAreInOrder) {
  ConfigSpace config(kIdentity);
  const std::vector<std::uint8_t> body(6);
  config.AddCapability(kPciExpress, body, {}, 0xA0);
  config.AddCapability(kPowerManagement, body, {}, 0x40);
  EXPECT_EQ(config.AddCapability(kMsix, body, {}, 0x70), 0x70u);
  EXPECT_EQ(config.AddCapability(kVendorSpecific, body), 0xA8u) << "behind the last one";
  std::vector<std::uint32_t> list;
  for (std::uint32_t at = config.Read(kCapabilitiesPointer, 1); at != 0 && list.size() < 9;
       at = config.Read(at + 1, 1)) {
    list.push_back(at);
  }
  EXPECT_EQ(list, (std::vector<std::uint32_t>{0x40, 0x70, 0xA0, 0xA8}));
  EXPECT_THROW(config.AddCapability(kMsi, body, {}, 0x3C), std::length_error);
  EXPECT_THROW(config.AddCapability(kMsi, body, {}, 0x52), std::length_error);
  EXPECT_THROW(config.AddCapability(kMsi, body, {}, 0xFC), std::length_error);
}

TEST(ConfigSpace, ExtendedCapabilitiesAreAListFrom0x100) {
  ConfigSpace config(kIdentity);
  EXPECT_THROW(config.AddExtendedCapability(kAri, 1, 0x140), std::length_error);
  config.AddExtendedCapability(kAdvancedErrors, 2, 0x100);
  config.AddExtendedCapability(kSerialNumber, 1, 0x140);
  EXPECT_EQ(config.Read(0x100, 4), 0x14020001u);
  EXPECT_EQ(config.Read(0x140, 4), 0x00010003u);
  EXPECT_THROW(config.AddExtendedCapability(kAri, 1, 0x140), std::length_error);
  EXPECT_THROW(config.AddExtendedCapability(kAri, 1, 0x142), std::length_error);
  EXPECT_THROW(config.AddExtendedCapability(kAri, 1, 0x1000), std::length_error);
}

TEST(ConfigSpace, DefinedRegistersAndReset) {
  ConfigSpace config(kIdentity);
  config.AddBar(0, BarKind::kMemory32, 4096);
  config.Define(std::vector<Value>{{0x44, 2, 0x2000, 0x0103}, {0x48, 4, 0x12345678}});
  config.Write(0x44, 4, 0xFFFFFFFF);
  config.Write(0x48, 4, 0);
  config.Write(kCommand, 2, 7);
  config.Write(0x10, 4, 0xFEB00000);
  config.Set(0x60, 2, 1);
  EXPECT_EQ(config.Read(0x44, 4), 0x2103u);
  EXPECT_EQ(config.Read(0x48, 4), 0x12345678u);
  config.Reset();
  EXPECT_EQ(config.Read(0x44, 4), 0x2000u);
  EXPECT_EQ(config.Read(kCommand, 2), 0u);
  EXPECT_EQ(config.Read(0x10, 4), 0u);
  EXPECT_EQ(config.Read(0x60, 2), 0u);
  EXPECT_EQ(config.Read(kVendorId, 4), 0x10411AF4u);
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

  ConfigSpace config(kIdentity);
  const std::vector<std::uint8_t> body(10);
  config.AddCapability(kMsix, body, {}, 0x70);
  config.AddExtendedCapability(kSrIov, 1, 0x100);
  const auto name = [&](std::uint32_t offset) {
    const std::string text = DescribeConfigAccess(config, offset, 2, 0);
    return text.substr(0, text.find(" 0x"));
  };
  EXPECT_EQ(name(0x04), "Command");
  EXPECT_EQ(name(0x40), "config") << "before the first one";
  EXPECT_EQ(name(0x70), "MSI-X header");
  EXPECT_EQ(name(0x72), "MSI-X Message Control");
  EXPECT_EQ(name(0x76), "MSI-X+6");
  EXPECT_EQ(name(0x10E), "SR-IOV TotalVFs");
  EXPECT_EQ(name(0xFFFFFFFF), "SR-IOV+4294967039");
  // A list that a device has broken.
  config.Set(0x71, 1, 0x70);
  EXPECT_EQ(name(0x72), "MSI-X Message Control");
}

}  // namespace
}  // namespace ixylab::emulator::pci
