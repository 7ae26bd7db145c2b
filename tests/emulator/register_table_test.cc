#include "emulator/register_table.h"

#include <array>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ixylab::emulator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

/// A device with two hooked registers: ECHO reads 0x1000 + index, BELL notes what is written.
struct Device {
  std::uint32_t ReadEcho(std::uint32_t index) { return 0x1000 + index; }
  void WroteBell(std::uint32_t index, std::uint32_t value) { rings.emplace_back(index, value); }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> rings;
};

constexpr Field kCtlFields[] = {{"GO", 0}, {"MODE", 4, 4}, {"SIZE", 8, 8}, {"TOP", 31}};

constexpr Register<Device> kPlain[] = {
    {{.name = "RW", .offset = 0x100, .reset = 0xA5A5A5A5}},
    {{.name = "MASKED",
      .offset = 0x104,
      .reset = 0x00F00000,
      .readable = 0x00FFFF00,
      .writable = 0x0000FFFF}},
    {{.name = "RO", .offset = 0x108, .kind = Kind::kReadOnly, .reset = 7}},
    {{.name = "WO", .offset = 0x10C, .kind = Kind::kWriteOnly}},
    {{.name = "RC", .offset = 0x110, .kind = Kind::kReadClear}},
    {{.name = "LOW", .offset = 0x114, .kind = Kind::kReadOnly}},
    {{.name = "HIGH", .offset = 0x118, .kind = Kind::kReadClearPair}},
    {{.name = "W1C", .offset = 0x11C, .kind = Kind::kWrite1Clear, .reset = 0xFF, .writable = 0x0F}},
    {{.name = "W1S", .offset = 0x120, .kind = Kind::kWrite1Set, .reset = 0xF0, .writable = 0x0F}},
    {{.name = "CTL", .offset = 0x124, .self_clearing = 0x1, .fields = kCtlFields}},
};
constexpr Register<Device> kArrays[] = {
    {{.name = "TAIL", .offset = 0x1000, .count = 4, .stride = 0x40},
     {.on_write = &Device::WroteBell}},
    {{.name = "TAIL", .offset = 0xD000, .count = 4, .stride = 0x40, .first_index = 4},
     {.on_write = &Device::WroteBell}},
    {{.name = "HEAD", .offset = 0x1004, .count = 4, .stride = 0x40, .readable = 0xFFFF}},
    {{.name = "HEAD", .offset = 0x2000, .count = 2, .alias_of = 0x1044}},
    {{.name = "ECHO", .offset = 0x3000, .count = 3, .readable = 0xF00F},
     {.on_read = &Device::ReadEcho}},
    {{.name = "BELL", .offset = 0x4000, .kind = Kind::kReadOnly}, {.on_write = &Device::WroteBell}},
    {{.name = "LAST", .offset = 0x1FFFC}},
};
constexpr std::span<const Register<Device>> kGroups[] = {kArrays, kPlain};

class RegisterFileTest : public ::testing::Test {
 protected:
  std::uint32_t Read(std::uint32_t offset) {
    const auto value = file_.Read(device_, offset);
    EXPECT_TRUE(value.has_value()) << RegisterName(table_.Find(offset), offset);
    return value.value_or(0xDEADBEEF);
  }
  void Write(std::uint32_t offset, std::uint32_t value) {
    EXPECT_TRUE(file_.Write(device_, offset, value)) << RegisterName(table_.Find(offset), offset);
  }

  const RegisterTable<Device> table_{kGroups};
  RegisterFile<Device> file_{table_};
  Device device_;
};

TEST_F(RegisterFileTest, ReadWriteKeepsTheValue) {
  EXPECT_EQ(Read(0x100), 0xA5A5A5A5u);
  Write(0x100, 0x12345678);
  EXPECT_EQ(Read(0x100), 0x12345678u);
}

TEST_F(RegisterFileTest, MasksKeepUnwritableAndHideUnreadableBits) {
  EXPECT_EQ(Read(0x104), 0x00F00000u);
  Write(0x104, 0xFFFFFFFF);
  EXPECT_EQ(file_.Peek(0x104), 0x00F0FFFFu);
  EXPECT_EQ(Read(0x104), 0x00F0FF00u);
  Write(0x104, 0);
  EXPECT_EQ(file_.Peek(0x104), 0x00F00000u);
}

TEST_F(RegisterFileTest, ReadOnlyIgnoresWrites) {
  Write(0x108, 0xFFFFFFFF);
  EXPECT_EQ(Read(0x108), 7u);
}

TEST_F(RegisterFileTest, WriteOnlyReadsZeroAndStores) {
  Write(0x10C, 42);
  EXPECT_EQ(Read(0x10C), 0u);
  EXPECT_EQ(file_.Peek(0x10C), 42u);
}

TEST_F(RegisterFileTest, ReadClearClearsOnceAndIgnoresWrites) {
  file_.Add(0x110, 5);
  file_.Add(0x110, 6);
  Write(0x110, 1000);
  EXPECT_EQ(Read(0x110), 11u);
  EXPECT_EQ(Read(0x110), 0u);
}

TEST_F(RegisterFileTest, TheUpperHalfOfAPairClearsBoth) {
  file_.Poke(0x114, 0xFFFFFFFF);
  file_.Poke(0x118, 3);
  EXPECT_EQ(Read(0x114), 0xFFFFFFFFu);
  EXPECT_EQ(Read(0x114), 0xFFFFFFFFu) << "the lower half alone must not clear";
  EXPECT_EQ(Read(0x118), 3u);
  EXPECT_EQ(Read(0x114), 0u);
  EXPECT_EQ(Read(0x118), 0u);
}

TEST_F(RegisterFileTest, WriteOneClearsOrSetsWritableBitsOnly) {
  Write(0x11C, 0xFFFFFFF1);
  EXPECT_EQ(Read(0x11C), 0xFEu);
  Write(0x120, 0xFFFFFFF1);
  EXPECT_EQ(Read(0x120), 0xF1u);
  Write(0x120, 0);
  EXPECT_EQ(Read(0x120), 0xF1u);
}

TEST_F(RegisterFileTest, SelfClearingBitsAreNotStored) {
  Write(0x124, 0x80000011);
  EXPECT_EQ(Read(0x124), 0x80000010u);
}

TEST_F(RegisterFileTest, HooksGetTheIndexAndTheWholeValue) {
  Write(0x1000 + 3 * 0x40, 17);
  Write(0xD000 + 2 * 0x40, 18);
  Write(0x4000, 19);
  EXPECT_THAT(device_.rings, ElementsAre(Pair(3, 17), Pair(6, 18), Pair(0, 19)));
  EXPECT_EQ(Read(0x1000 + 3 * 0x40), 17u);
  EXPECT_EQ(Read(0x4000), 0u) << "read-only stays so with a hook";
  EXPECT_EQ(Read(0x3008), 0x1002u) << "on_read, under the readable mask";
}

TEST_F(RegisterFileTest, AnAliasIsTheSameRegister) {
  Write(0x2000, 0x12345678);
  EXPECT_EQ(Read(0x1044), 0x5678u);
  Write(0x1084, 9);
  EXPECT_EQ(Read(0x2004), 9u);
  EXPECT_EQ(file_.Peek(0x2004), 0u) << "an alias stores nothing";
}

TEST_F(RegisterFileTest, UnknownAndUnalignedOffsetsDoNothing) {
  for (const std::uint32_t offset : {0x0u, 0x102u, 0x1008u, 0x20000u, 0xFFFFFFFCu}) {
    EXPECT_FALSE(file_.Read(device_, offset).has_value()) << offset;
    EXPECT_FALSE(file_.Write(device_, offset, 1)) << offset;
  }
  EXPECT_EQ(Read(0x100), 0xA5A5A5A5u);
}

TEST_F(RegisterFileTest, ResetRestoresEveryWordAndCallsNoHook) {
  for (const Register<Device>& row : table_.rows()) {
    if (row.alias_of != RegisterInfo::kNoAlias) continue;
    for (std::uint32_t i = 0; i < row.count; ++i)
      file_.Poke(row.At(row.first_index + i), ~row.reset);
  }
  file_.Reset();
  for (const Register<Device>& row : table_.rows()) {
    if (row.alias_of != RegisterInfo::kNoAlias) continue;
    for (std::uint32_t i = 0; i < row.count; ++i) {
      EXPECT_EQ(file_.Peek(row.At(row.first_index + i)), row.reset) << row.name;
    }
  }
  EXPECT_TRUE(device_.rings.empty());
}

TEST_F(RegisterFileTest, PokeWithMaskChangesOnlyTheMask) {
  file_.Poke(0x100, 0x0000FF00, 0xFFFFFFFF);
  EXPECT_EQ(file_.Peek(0x100), 0xA5A5FFA5u);
}

TEST_F(RegisterFileTest, AStoreThroughTheWordIsTheRegistersValue) {
  *file_.Word(0x1040) = 5;
  EXPECT_EQ(Read(0x1040), 5u);
  EXPECT_TRUE(device_.rings.empty());
}

TEST(RegisterTableTest, EveryByteOfEveryRowIsFoundAndTheRowsAreSorted) {
  const RegisterTable<Device> table(kGroups);
  std::uint32_t previous = 0;
  for (const Register<Device>& row : table.rows()) {
    EXPECT_GE(row.offset, previous);
    previous = row.offset;
    for (std::uint32_t i = 0; i < row.count; ++i) {
      for (std::uint32_t byte = 0; byte < 4; ++byte) {
        EXPECT_EQ(table.Find(row.offset + i * row.stride + byte), &row) << row.name << i;
      }
    }
  }
  EXPECT_EQ(table.Find(0x1008), nullptr);
  EXPECT_EQ(table.Find(0x20000), nullptr);
}

TEST(RegisterTableTest, NamesAndDescriptions) {
  const RegisterTable<Device> table(kGroups);
  EXPECT_EQ(RegisterName(table.Find(0x100), 0x100), "RW");
  EXPECT_EQ(RegisterName(table.Find(0x1083), 0x1083), "TAIL[2]");
  EXPECT_EQ(RegisterName(table.Find(0xD040), 0xD040), "TAIL[5]");
  EXPECT_EQ(RegisterName(table.Find(0x2004), 0x2004), "HEAD[1]");
  EXPECT_EQ(RegisterName(nullptr, 0x1234), "0x01234?");
  EXPECT_EQ(DescribeAccess(table.Find(0x124), 0x124, 0x8000FF31),
            "CTL 0x00124 = 0x8000FF31 {GO=1 MODE=3 SIZE=0xFF TOP=1}");
  EXPECT_EQ(DescribeAccess(table.Find(0x124), 0x124, 0), "CTL 0x00124 = 0x00000000");
  EXPECT_EQ(DescribeAccess(nullptr, 0x1234, 1), "0x01234? 0x01234 = 0x00000001");
}

/// The message of the exception that a table of these rows throws, or "".
std::string Complaint(std::vector<Register<Device>> rows) {
  const std::span<const Register<Device>> group[] = {rows};
  try {
    RegisterTable<Device> table(group);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(RegisterTableTest, BadRowsAreRefusedByName) {
  EXPECT_EQ(Complaint({{{.name = "A", .offset = 0x10}}}), "");
  EXPECT_THAT(
      Complaint({{{.name = "A", .offset = 0x10, .count = 3}}, {{.name = "B", .offset = 0x18}}}),
      HasSubstr("register B at 0x00018: overlaps A[2]"));
  EXPECT_THAT(Complaint({{{.name = "A", .offset = 0x12}}}), HasSubstr("A at 0x00012"));
  EXPECT_THAT(Complaint({{{.name = "A", .offset = 0x10, .count = 2, .stride = 6}}}),
              HasSubstr("multiples of 4"));
  EXPECT_THAT(Complaint({{{.name = "A", .offset = 0x10, .stride = 0}}}),
              HasSubstr("multiples of 4"));
  EXPECT_THAT(Complaint({{{.name = "A", .offset = 0x10, .count = 0}}}), HasSubstr("count"));
  EXPECT_THAT(Complaint({{{.name = "A", .offset = 0x1FFF8, .count = 3}}}),
              HasSubstr("leaves the BAR"));
  EXPECT_THAT(Complaint({{{.name = "A", .offset = 0x20000}}}), HasSubstr("leaves the BAR"));
  EXPECT_THAT(Complaint({{{.name = "A", .offset = 0x10, .reset = 3, .readable = 1}}}),
              HasSubstr("reset value"));
  EXPECT_THAT(Complaint({{{.name = "A", .offset = 0, .kind = Kind::kReadClearPair}}}),
              HasSubstr("no lower half"));
  static constexpr Field kOverlapping[] = {{"X", 0, 4}, {"Y", 3}};
  EXPECT_THAT(Complaint({{{.name = "A", .offset = 0x10, .fields = kOverlapping}}}),
              HasSubstr("field Y"));
  static constexpr Field kTooWide[] = {{"X", 31, 2}};
  EXPECT_THAT(Complaint({{{.name = "A", .offset = 0x10, .fields = kTooWide}}}),
              HasSubstr("field X"));
  EXPECT_THAT(Complaint({{{.name = "A", .offset = 0x10, .alias_of = 0x20}}}),
              HasSubstr("alias of nothing"));
  EXPECT_THAT(Complaint({{{.name = "A", .offset = 0x10}},
                         {{.name = "A", .offset = 0x20, .count = 2, .alias_of = 0x10}}}),
              HasSubstr("longer than A"));
  EXPECT_THAT(Complaint({{{.name = "A", .offset = 0x10}},
                         {{.name = "A", .offset = 0x20, .alias_of = 0x10}},
                         {{.name = "A", .offset = 0x30, .alias_of = 0x20}}}),
              HasSubstr("alias of nothing"));
}

}  // namespace
}  // namespace ixylab::emulator
