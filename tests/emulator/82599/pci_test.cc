// The port as a PCI function: configuration space, what answers where, function reset.
#include <gtest/gtest.h>

#include <random>
#include <utility>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr unsigned kConfig = NicFunction::kConfigSpace;
constexpr std::uint32_t kCommand = 0x04, kPowerState = 0x44, kMsixControl = 0x72,
                        kDeviceControl = 0xA8, kLinkStatus = 0xB2, kVpdAddress = 0xE2,
                        kVpdData = 0xE4;
using List = std::vector<std::pair<std::uint32_t, std::uint32_t>>;  // offset, id

class Pci : public testing::Test {
 protected:
  std::uint32_t Config(std::uint32_t offset, unsigned bytes, unsigned port = 0) {
    return rig_.host.Read(port, kConfig, offset, bytes);
  }
  void SetConfig(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
    rig_.host.Write(0, kConfig, offset, bytes, value);
  }
  /// What a BAR reads as after all ones were written to it.
  std::uint32_t Sized(std::uint32_t offset) {
    SetConfig(offset, 4, 0xFFFFFFFF);
    return Config(offset, 4);
  }

  Rig rig_;
};

TEST_F(Pci, Identity) {
  EXPECT_EQ(Config(0x00, 4), 0x10FB8086u);
  EXPECT_EQ(Config(0x08, 4), 0x02000001u);
  EXPECT_EQ(Config(0x2C, 4), 0x000C8086u);
  EXPECT_EQ(Config(0x30, 4), 0u) << "no expansion ROM";
  EXPECT_EQ(Config(0x0E, 1), 0x80u) << "multi-function";
  EXPECT_EQ(Config(0x3D, 1), 1u) << "INTA#";
  EXPECT_EQ(Config(0x3D, 1, 1), 2u) << "INTB#";
  InProcessHost host({});
  Chip one({.ports = 1}, host);
  EXPECT_EQ(one.function(0).Read(kConfig, 0x0E, 1), 0u);
}

TEST_F(Pci, CapabilitiesAreWhereTheChipHasThem) {
  List list;
  for (std::uint32_t at = Config(0x34, 1); at != 0 && list.size() < 64; at = Config(at + 1, 1)) {
    list.emplace_back(at, Config(at, 1));
  }
  const List expected = {{0x40, 0x01}, {0x50, 0x05}, {0x70, 0x11}, {0xA0, 0x10}, {0xE0, 0x03}};
  EXPECT_EQ(list, expected);
  EXPECT_NE(Config(0x06, 2) & 0x10, 0u);

  List extended;
  for (std::uint32_t at = 0x100; at != 0 && extended.size() < 64; at = Config(at, 4) >> 20) {
    extended.emplace_back(at, Config(at, 4) & 0xFFFFF);
  }
  const List expected_extended = {
      {0x100, 0x10001}, {0x140, 0x10003}, {0x150, 0x1000E}, {0x160, 0x10010}};
  EXPECT_EQ(extended, expected_extended);
}

TEST_F(Pci, BarsTellTheirSize) {
  EXPECT_EQ(Sized(0x10), 0xFFFE0004u);
  EXPECT_EQ(Sized(0x14), 0xFFFFFFFFu);
  EXPECT_EQ(Sized(0x18), 0xFFFFFFE1u);
  EXPECT_EQ(Sized(0x1C), 0u);
  EXPECT_EQ(Sized(0x20), 0xFFFFC004u);
  EXPECT_EQ(Sized(0x24), 0xFFFFFFFFu);
  EXPECT_EQ(Sized(0x30), 0u);
  constexpr std::uint32_t kBytes[] = {0x20000, 0, 32, 0, 0x4000, 0, 0, 4096, 0};
  for (unsigned region = 0; region < std::size(kBytes); ++region) {
    EXPECT_EQ(rig_.chip.function(0).RegionBytes(region), kBytes[region]) << region;
  }
}

TEST_F(Pci, WhatDriversReadOfCapabilities) {
  EXPECT_EQ(Config(kMsixControl, 2), 63u);
  EXPECT_EQ(Config(0x74, 4), 4u) << "table: BAR 4, offset 0";
  EXPECT_EQ(Config(0x78, 4), 0x2004u) << "pending bits: BAR 4, offset 0x2000";
  EXPECT_EQ(Config(0x52, 2), 0x0180u) << "MSI: one, 64 bit, maskable";
  EXPECT_EQ(Config(0xA2, 2), 0x0002u) << "an endpoint";
  EXPECT_EQ(Config(0xA4, 4) & 0x10000007, 0x10000002u) << "FLR, payload of 512";
  EXPECT_EQ(Config(kLinkStatus, 2) & 0x3FF, 0x082u) << "5 GT/s x 8";
  EXPECT_EQ(Config(0xAA, 2), 0u) << "nothing pending";
  EXPECT_EQ(Config(0x16E, 2), 64u) << "TotalVFs";
  // Of 02:1b:21:00:00:00, as lspci prints it: 02-1b-21-ff-ff-00-00-00.
  EXPECT_EQ(Config(0x148, 4), 0x021B21FFu);
  EXPECT_EQ(Config(0x144, 4), 0xFF000000u);
  EXPECT_EQ(Config(0x144, 4, 1), Config(0x144, 4)) << "of the card";
  EXPECT_EQ(Config(0x154, 2), 0x0100u) << "ARI: next function 1";
  EXPECT_EQ(Config(0x154, 2, 1), 0u);
}

// Linux sizes the BARs of virtual functions, and with a system page size of 4 KiB they stay as they
// are.
TEST_F(Pci, VirtualFunctionBars) {
  EXPECT_EQ(Sized(0x184), 0xFFFFC004u);
  EXPECT_EQ(Sized(0x188), 0xFFFFFFFFu);
  EXPECT_EQ(Sized(0x18C), 0u);
  EXPECT_EQ(Sized(0x190), 0xFFFFC004u);
  EXPECT_EQ(Sized(0x194), 0xFFFFFFFFu);
  SetConfig(0x168, 2, 0xFFFF);
  EXPECT_EQ(Config(0x168, 2), 0x19u) << "control: enabling is storage";
  EXPECT_EQ(Config(0x16E, 2), 64u);
}

TEST_F(Pci, PayloadAndReadRequestSizesAreWritable) {
  EXPECT_EQ(Config(kDeviceControl, 2), 0x2810u);
  SetConfig(kDeviceControl, 2, 0x5037);
  EXPECT_EQ(Config(kDeviceControl, 2), 0x5037u);
}

TEST_F(Pci, WhatIsOffDoesNotAnswer) {
  SetConfig(kCommand, 2, 0);
  EXPECT_EQ(rig_.Read(kStatus), 0xFFFFFFFFu);
  EXPECT_EQ(rig_.host.Read(0, 0, kStatus, 1), 0xFFu);
  EXPECT_EQ(rig_.host.Read(0, 4, 0x0C, 4), 0xFFFFFFFFu);
  EXPECT_EQ(rig_.host.Read(0, 2, 0, 4), 0xFFFFFFFFu);
  rig_.Write(kEims, 1);
  rig_.host.Write(0, 4, 0x0C, 4, 0);
  SetConfig(kCommand, 2, 2);
  EXPECT_EQ(rig_.Read(kEims), 0u);
  EXPECT_EQ(rig_.host.Read(0, 4, 0x0C, 4), 1u);
  EXPECT_EQ(rig_.host.Read(0, 2, 0, 4), 0xFFFFFFFFu) << "I/O space is still off";
  EXPECT_EQ(rig_.chip.unknown_accesses(), 0u);
  EXPECT_EQ(rig_.host.log().size(), 2u) << "one line for each BAR but that of MSI-X";
  EXPECT_EQ(rig_.host.Read32(1, kStatus) >> 2 & 3, 1u) << "the other port";
}

TEST_F(Pci, RegistersThroughTheIoWindow) {
  const auto write = [&](std::uint32_t offset, std::uint32_t value) {
    rig_.host.Write(0, 2, offset, 4, value);
  };
  write(0, kRal);
  EXPECT_EQ(rig_.host.Read(0, 2, 0, 4), kRal);
  EXPECT_EQ(rig_.host.Read(0, 2, 4, 4), rig_.Read(kRal));
  write(0, kEims);
  write(4, 1u << 20);
  EXPECT_EQ(rig_.Read(kEims), 1u << 20);
  EXPECT_EQ(rig_.chip.unknown_accesses(), 0u);
  write(0, 0xFFFFFFFF);
  EXPECT_EQ(rig_.host.Read(0, 2, 4, 4), 0u);
  rig_.host.Read(0, 2, 8, 4);
  rig_.host.Read(0, 2, 0, 2);
  write(8, 1);
  EXPECT_EQ(rig_.chip.unknown_accesses(), 4u);
}

TEST_F(Pci, WithoutBusMasteringThereIsNoDma) {
  TestRing rx(rig_.host, 8), tx(rig_.host, 8);
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.StartReceiver();
  rig_.StartRx(rx, 7);
  rig_.StartTx(tx);
  rig_.PutTx(tx, 0, MakeFrame(60));
  SetConfig(kCommand, 2, 3);
  rig_.Write(kTdt, 1);
  rig_.Send(MakeFrame(60));
  EXPECT_TRUE(rig_.partner.frames.empty());
  EXPECT_EQ(rig_.Read(kRdh), 0u);
  EXPECT_NE(rig_.Read(kStatus) & 1u << 19, 0u) << "GIO is CTRL.GIO_DIS's";
  SetConfig(kCommand, 2, 7);
  EXPECT_EQ(rig_.partner.frames.size(), 1u);
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.Read(kRdh), 1u);
}

TEST_F(Pci, FunctionLevelReset) {
  rig_.EnableMsix();
  SetConfig(0x10, 4, 0xFEB00000);
  SetConfig(0x3C, 1, 11);
  rig_.Write(kEims, 1);
  rig_.host.Write32(1, kEims, 1);
  rig_.host.Write(0, 4, 0, 4, 0xFEE00000);
  SetConfig(kDeviceControl, 2, 0x8000 | Config(kDeviceControl, 2));
  EXPECT_EQ(Config(kDeviceControl, 2), 0x2810u);
  EXPECT_EQ(Config(kCommand, 2), 0u);
  EXPECT_EQ(Config(0x10, 4), 4u);
  EXPECT_EQ(Config(0x3C, 1), 0u);
  EXPECT_EQ(Config(kMsixControl, 2), 63u);
  SetConfig(kCommand, 2, 7);
  EXPECT_EQ(rig_.Read(kEims), 0u);
  EXPECT_EQ(rig_.host.Read(0, 4, 0, 4), 0u);
  EXPECT_EQ(rig_.host.Read(0, 4, 0x0C, 4), 1u);
  EXPECT_EQ(rig_.host.Read32(1, kEims), 1u) << "the other port goes on";
  EXPECT_TRUE(rig_.WaitForLink());
}

TEST_F(Pci, PowerStates) {
  rig_.Write(kEims, 1);
  SetConfig(kPowerState, 2, 1);
  EXPECT_EQ(Config(kPowerState, 2), 0x2000u) << "no D1";
  EXPECT_EQ(rig_.Read(kEims), 1u);
  SetConfig(kPowerState, 2, 3);
  EXPECT_EQ(Config(kPowerState, 2), 0x2003u);
  EXPECT_EQ(rig_.Read(kEims), 0xFFFFFFFFu) << "D3hot";
  SetConfig(kPowerState, 2, 0);
  EXPECT_EQ(Config(kCommand, 2), 0u) << "the way back is a reset";
  SetConfig(kCommand, 2, 7);
  EXPECT_EQ(rig_.Read(kEims), 0u);
}

TEST_F(Pci, VitalProductDataIsEmpty) {
  SetConfig(kVpdAddress, 2, 0);
  EXPECT_EQ(Config(kVpdAddress, 2), 0x8000u) << "data is there";
  EXPECT_EQ(Config(kVpdData, 4), 0x78u) << "an end tag";
  SetConfig(kVpdAddress, 2, 4);
  EXPECT_EQ(Config(kVpdAddress, 2), 0x8004u);
  EXPECT_EQ(Config(kVpdData, 4), 0u);
  SetConfig(kVpdAddress, 2, 0x8000);
  EXPECT_EQ(Config(kVpdAddress, 2), 0u) << "a write is done, to nowhere";
}

TEST_F(Pci, InWords) {
  const Chip& chip = rig_.chip;
  EXPECT_EQ(chip.Describe(kConfig, 0x04, 2, 6), "Command 0x004 = 0x0006");
  EXPECT_EQ(chip.Describe(kConfig, 0x72, 2, 0x803F), "MSI-X Message Control 0x072 = 0x803F");
  EXPECT_EQ(chip.Describe(kConfig, 0xB2, 2, 0x1082), "PCIe Link Status 0x0B2 = 0x1082");
  EXPECT_EQ(chip.Describe(kConfig, 0x16E, 2, 64), "SR-IOV TotalVFs 0x16E = 0x0040");
  EXPECT_EQ(chip.Describe(4, 0x38, 4, 0x4041), "MSI-X vector 3 data 0x0038 = 0x00004041");
  EXPECT_EQ(chip.Describe(2, 4, 4, 1), "IODATA 0x04 = 0x00000001");
  EXPECT_EQ(chip.Describe(0, 0x8, 4, 0), "STATUS 0x00008 = 0x00000000");
  EXPECT_EQ(chip.Describe(5, 0x8, 1, 0), "BAR 5 0x08 = 0x00");
  EXPECT_EQ(chip.Provenance(0, 0x8), "Vigor; Linux ixgbe");
  EXPECT_EQ(chip.Provenance(4, 0x10), "PCI Local Bus 3.0, 6.8.2");
  for (const auto& [region, offset] : List{{0, 0x1FFFC}, {1, 0}, {2, 8}, {4, 0x4000}, {7, 4096}}) {
    EXPECT_EQ(chip.Provenance(region, offset), "") << region;
  }
}

// Any region, offset, size and value.
TEST_F(Pci, HostileAccesses) {
  std::mt19937_64 random(1);
  constexpr unsigned kBytes[] = {1, 2, 4};
  for (int step = 0; step < 20'000; ++step) {
    const unsigned region = random() % 9;
    const unsigned bytes = kBytes[random() % 3];
    std::uint32_t offset = static_cast<std::uint32_t>(random()) >> random() % 32;
    if (const std::uint32_t size = rig_.chip.function(0).RegionBytes(region);
        size != 0 && random() % 8 != 0) {
      offset %= size;
    }
    const auto value = static_cast<std::uint32_t>(random());
    rig_.host.Write(0, region, offset, bytes, value);
    rig_.host.Read(0, region, offset, bytes);
    rig_.chip.Describe(region, offset, bytes, value);
    rig_.chip.Provenance(region, offset);
    if (step % 16 == 0) SetConfig(kCommand, 2, 7);
    if (step % 64 == 0) rig_.Send(MakeFrame(60));
  }
  rig_.chip.function(0).ResetFunction();
  EXPECT_EQ(Config(0x00, 4), 0x10FB8086u);
  SetConfig(kCommand, 2, 7);
  EXPECT_TRUE(rig_.WaitForLink());
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
