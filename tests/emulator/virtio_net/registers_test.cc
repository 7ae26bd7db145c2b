// The table, and accesses in words.
#include "emulator/virtio_net/registers.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace ixylab::emulator::virtio_net {
namespace {

TEST(Registers, RowsOfAStructureFollowEachOther) {
  std::map<Structure, unsigned> end;
  for (const RegisterRow* row : AllRegisters()) {
    const unsigned first = row->structure == Structure::kLegacyMsix ? 20u : 0u;
    unsigned& at = end.try_emplace(row->structure, first).first->second;
    EXPECT_EQ(row->offset, at) << row->name << ": a hole or an overlap";
    at = row->offset + row->bytes;
    EXPECT_FALSE(row->section.empty()) << row->name;
    unsigned free_bit = 0;
    for (const Field& field : row->fields) {
      EXPECT_GE(field.low, free_bit) << row->name << " " << field.name;
      free_bit = field.low + field.width;
    }
    EXPECT_LE(free_bit, 8u * row->bytes) << row->name;
  }
  EXPECT_EQ(end[Structure::kLegacy], 20u);
  EXPECT_EQ(end[Structure::kLegacyMsix], 24u);
  EXPECT_EQ(end[Structure::kCommon], 60u);
  EXPECT_EQ(end[Structure::kDevice], 17u);
}

TEST(Registers, NamesAreUniqueInAStructure) {
  std::set<std::pair<Structure, std::string_view>> names;
  for (const RegisterRow* row : AllRegisters()) {
    EXPECT_TRUE(names.insert({row->structure, row->name}).second) << row->name;
  }
}

TEST(Registers, AccessesInWords) {
  EXPECT_EQ(DescribeAccess(4, 0x16, 2, 3), "common.queue_select 0x0016 = 0x0003");
  EXPECT_EQ(
      DescribeAccess(4, 0x14, 1, 15),
      "common.device_status 0x0014 = 0x0F {ACKNOWLEDGE=1 DRIVER=1 DRIVER_OK=1 FEATURES_OK=1}");
  EXPECT_EQ(DescribeAccess(4, 0x3004, 2, 1), "notify.queue_notify[1] 0x3004 = 0x0001");
  EXPECT_EQ(DescribeAccess(4, 0x1000, 1, 2), "isr.isr_status 0x1000 = 0x02 {CONFIG=1}");
  EXPECT_EQ(DescribeAccess(4, 0x2003, 1, 0x12), "device.mac[3] 0x2003 = 0x12");
  EXPECT_EQ(DescribeAccess(4, 0x2006, 2, 1),
            "device.status 0x2006 = 0x0001 {VIRTIO_NET_S_LINK_UP=1}");
  EXPECT_EQ(DescribeAccess(0, 18, 1, 64),
            "legacy.device_status 0x0012 = 0x40 {DEVICE_NEEDS_RESET=1}");
  EXPECT_EQ(DescribeAccess(0, 20, 1, 0x52), "device.mac[0] 0x0014 = 0x52");
  EXPECT_EQ(DescribeAccess(0, 20, 2, 3, true), "legacy.config_msix_vector 0x0014 = 0x0003");
  EXPECT_EQ(DescribeAccess(0, 24, 1, 0x52, true), "device.mac[0] 0x0018 = 0x52");
  EXPECT_EQ(DescribeAccess(4, 0x40, 4, 1), "common? 0x0040 = 0x00000001");
  EXPECT_EQ(DescribeAccess(1, 0x0C, 4, 0), "MSI-X 0x000C = 0x00000000");
  EXPECT_EQ(DescribeAccess(2, 0x0C, 4, 0), "BAR 2 0x000C = 0x00000000");
  EXPECT_EQ(DescribeAccess(7, 0x04, 2, 6), "Command 0x004 = 0x0006");
}

}  // namespace
}  // namespace ixylab::emulator::virtio_net
