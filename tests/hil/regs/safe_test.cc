// Which registers are read: every row of the model's table has its place.
#include "hil/regs/safe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "emulator/82599/chip.h"

namespace ixylab::hil {
namespace {

using emulator::Kind;
using emulator::RegisterInfo;
using emulator::intel82599::AllRegisters;
using emulator::intel82599::FindRegister;

TEST(SafeTest, EveryExceptionIsOfTheTableAndNeeded) {
  std::set<std::string_view> names;
  for (const UnsafeRegister& unsafe : UnsafeRegisters()) {
    EXPECT_TRUE(names.insert(unsafe.name).second) << unsafe.name << " is listed twice";
    EXPECT_FALSE(unsafe.reason.empty()) << unsafe.name;
    bool needed = false;
    for (const RegisterInfo* row : AllRegisters()) {
      if (row->name != unsafe.name) continue;
      needed = needed || UnsafeByKind(*row).empty();
      EXPECT_FALSE(WhyNotRead(*row).empty()) << unsafe.name;
    }
    EXPECT_TRUE(needed) << unsafe.name << ": no row, or unsafe by its kind: take it out";
  }
}

TEST(SafeTest, NothingThatClearsIsRead) {
  std::size_t safe = 0;
  for (const RegisterInfo* row : AllRegisters()) {
    if (!WhyNotRead(*row).empty()) continue;
    safe += row->count;
    EXPECT_NE(row->kind, Kind::kReadClear) << row->name;
    EXPECT_NE(row->kind, Kind::kReadClearPair) << row->name;
    EXPECT_NE(row->kind, Kind::kWriteOnly) << row->name;
    EXPECT_EQ(row->alias_of, RegisterInfo::kNoAlias) << row->name;
  }
  EXPECT_GT(safe, 3000u);
}

TEST(SafeTest, Examples) {
  const auto why = [](std::uint32_t offset) { return WhyNotRead(*FindRegister(offset)); };
  EXPECT_EQ(why(0x00008), "") << "STATUS";
  EXPECT_EQ(why(0x00808), "") << "EICS";
  EXPECT_EQ(why(0x042A4), "") << "LINKS";
  EXPECT_EQ(why(0x00004), "a second address of another row") << "CTRL";
  EXPECT_EQ(why(0x00888), "write-only") << "EIMC";
  EXPECT_EQ(why(0x04074), "a read clears it") << "GPRC";
  EXPECT_EQ(why(0x0408C), "a read clears it") << "GORCH";
  EXPECT_EQ(why(0x04088), "the lower half of a counter that is read as a whole") << "GORCL";
  EXPECT_EQ(why(0x10140), "a read takes the semaphore SMBI") << "SWSM";
  EXPECT_NE(why(0x00800), "") << "EICR";
}

}  // namespace
}  // namespace ixylab::hil
