// Dumps of registers: read on the model, written, read back, and compared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "emulator/82599/chip.h"
#include "hil/regs/compare.h"
#include "hil/regs/dump.h"
#include "hil/regs/safe.h"
#include "hil/target/model_target.h"
#include "hil/target/target.h"

namespace ixylab::hil {
namespace {

using emulator::RegisterInfo;
using emulator::intel82599::AllRegisters;
using emulator::intel82599::FindRegister;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

RegisterDump Read(unsigned port = 0, DeviceState state = DeviceState::kOpen,
                  std::uint64_t seed = 1) {
  return ReadRegisters(*OpenTarget("model:82599", seed), port, state);
}

/// The same for all tests.
const RegisterDump& Open() {
  static const RegisterDump dump = Read();
  return dump;
}

std::uint32_t& ValueAt(RegisterDump& dump, std::uint32_t offset) {
  return std::ranges::find(dump.registers, offset, &RegisterValue::offset)->value;
}

std::string ErrorOf(const auto& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

TEST(DumpTest, HasEachSafeRegisterOnce) {
  std::set<std::uint32_t> offsets;
  for (const RegisterInfo* row : AllRegisters()) {
    if (!WhyNotRead(*row).empty()) continue;
    for (std::uint32_t n = 0; n < row->count; ++n) offsets.insert(row->offset + n * row->stride);
  }
  std::set<std::uint32_t> read;
  for (const RegisterValue& reg : Open().registers) EXPECT_TRUE(read.insert(reg.offset).second);
  EXPECT_EQ(read, offsets);
  EXPECT_EQ(Open().device, "8086:10fb");
}

TEST(DumpTest, OpenIsUpAndQuiet) {
  RegisterDump dump = Open();
  EXPECT_EQ(ValueAt(dump, 0x00008) & 0x80, 0x80u) << "STATUS.LINKUP";
  EXPECT_EQ(ValueAt(dump, 0x042A4) >> 30 & 1, 1u) << "LINKS.LINK_UP";
  EXPECT_EQ(ValueAt(dump, 0x01008), 64 * 16u) << "RDLEN[0]";
  EXPECT_EQ(ValueAt(dump, 0x06018), 0u) << "TDT[0]";
  EXPECT_EQ(ValueAt(dump, 0x03000), 1u) << "RXCTRL.RXEN";
}

TEST(DumpTest, ResetIsReset) {
  RegisterDump dump = Read(0, DeviceState::kReset);
  EXPECT_EQ(ValueAt(dump, 0x01008), 0u) << "RDLEN[0]";
  EXPECT_EQ(ValueAt(dump, 0x03000), 0u) << "RXCTRL.RXEN";
  EXPECT_EQ(ValueAt(dump, 0x02F00), 0x00108808u) << "RDRXCTL";
}

// What a read changes would differ in a second dump of the same device.
TEST(DumpTest, ReadingChangesNothing) {
  const auto target = OpenTarget("model:82599", 1);
  const RegisterDump first = ReadRegisters(*target, 1, DeviceState::kReset);
  Bus& bus = target->bus(1);
  for (const auto& [offset, value] : first.registers) {
    // LINKS.LINK_STATUS tells whether the link was down since the last read.
    const std::uint32_t latched = offset == 0x042A4 ? 0x80 : 0;
    EXPECT_EQ(bus.Read32(offset), value | latched) << RegisterName(FindRegister(offset), offset);
  }
}

TEST(DumpTest, TextHasNamesAndFields) {
  const std::string text = ToText(Open());
  EXPECT_THAT(text, StartsWith("model:82599, port 0, open ("));
  EXPECT_THAT(text, HasSubstr("\nRXCTRL 0x03000 = 0x00000001 {RXEN=1}\n"));
  EXPECT_THAT(text, HasSubstr("\nRDLEN[0] 0x01008 = 0x00000400\n"));
}

TEST(DumpTest, JsonComesBack) {
  const std::string text = ToJson(Open());
  const RegisterDump back = ParseDump(text, "a.json");
  EXPECT_EQ(back.registers, Open().registers);
  EXPECT_EQ(back.Title(), Open().Title());
  EXPECT_EQ(back.device, Open().device);
  const auto json = nlohmann::json::parse(text);
  const auto& registers = json["registers"];
  const auto rxctrl =
      std::ranges::find(registers, "RXCTRL", [](const auto& r) { return r["name"]; });
  EXPECT_EQ(rxctrl->dump(),
            R"({"fields":{"RXEN":1},"name":"RXCTRL","offset":"0x03000","value":"0x00000001"})");
  const auto rdlen = std::ranges::find(registers, "RDLEN", [](const auto& r) { return r["name"]; });
  EXPECT_EQ(rdlen->dump(), R"({"index":0,"name":"RDLEN","offset":"0x01008","value":"0x00000400"})");
}

TEST(DumpTest, BadDumps) {
  const auto error = [](const std::string& text) {
    return ErrorOf([&] { ParseDump(text, "a.json"); });
  };
  RegisterDump few = Open();
  std::erase_if(few.registers, [](const RegisterValue& reg) { return reg.offset > 0x01008; });
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = ToJson(few);
    const std::size_t at = text.find(from);
    EXPECT_NE(at, text.npos) << from;
    return text.replace(at, from.size(), to);
  };
  EXPECT_THAT(error(""), StartsWith("a.json: "));
  EXPECT_THAT(error("{"), StartsWith("a.json: "));
  EXPECT_EQ(error("[]"), "a.json: not a dump of registers");
  EXPECT_EQ(error("{\"nic\": \"x540\"}"), "a.json: a dump of another device: \"x540\"");
  EXPECT_THAT(error("{\"nic\": \"82599\"}"), HasSubstr("target"));
  EXPECT_EQ(error(with("\"open\"", "\"asleep\"")),
            "a.json: state \"asleep\": open or reset expected");
  EXPECT_EQ(error(with("\"0x00008\"", "\"0x0000A\"")), "a.json: there is no STATUS at 0x0000A");
  EXPECT_EQ(error(with("\"0x00008\"", "\"8\"")), "a.json: \"8\" is no hexadecimal number");
  EXPECT_EQ(error(with("\"0x00000\"", "\"0x00004\"")), "a.json: there is no CTRL at 0x00004");
  EXPECT_THAT(error(with("\"0x00000400\"", "\"0x100000400\"")), HasSubstr("of 32 bits"));
  EXPECT_EQ(error(ToJson(few).substr(0, 1000)).find('\n'), std::string::npos);
}

TEST(DumpTest, OfAnotherDevice) {
  const auto target = OpenTarget("model:virtio-net", 1);
  EXPECT_EQ(ErrorOf([&] { ReadRegisters(*target, 0, DeviceState::kOpen); }),
            "target \"model:virtio-net\": not an 82599, whose registers these are");
}

TEST(DumpTest, WithoutALink) {
  const auto target = OpenTarget("model:82599", 1);
  target->SetCable(false);
  EXPECT_EQ(ErrorOf([&] { ReadRegisters(*target, 0, DeviceState::kOpen); }),
            "target \"model:82599\": port 0 has no link within 10 s; is its cable in?");
}

TEST(CompareTest, TheRulesAreOfTheTable) {
  std::set<std::string_view> names;
  for (const NotCompared& rule : NotComparedRegisters()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name << " is listed twice";
    EXPECT_FALSE(rule.reason.empty()) << rule.name;
    EXPECT_NE(rule.bits, 0u) << rule.name;
    const auto rows = AllRegisters();
    const auto row = std::ranges::find_if(rows, [&](const RegisterInfo* info) {
      return info->name == rule.name && WhyNotRead(*info).empty();
    });
    ASSERT_NE(row, rows.end()) << rule.name << " is not read: take its rule out";
    EXPECT_EQ(rule.bits & (*row)->readable, rule.bits == 0xFFFFFFFF ? (*row)->readable : rule.bits)
        << rule.name;
    EXPECT_TRUE(!rule.first_only || (*row)->count > 1) << rule.name;
  }
}

TEST(CompareTest, TheModelWithItselfElsewhere) {
  const RegisterDump other = Read(0, DeviceState::kOpen, 2);
  const DumpComparison found = Compare(Open(), other);
  EXPECT_THAT(found.differences, IsEmpty()) << ToText(found, Open(), other);
  EXPECT_EQ(found.compared, Open().registers.size());
  std::set<std::string_view> excused;
  for (const NotCompared* rule : found.excused) excused.insert(rule->name);
  EXPECT_EQ(excused, (std::set<std::string_view>{"RDBAH", "RDBAL", "TDBAH", "TDBAL"}));
}

TEST(CompareTest, WhatIsNotComparedIsExcusedAndNothingElse) {
  RegisterDump other = Open();
  for (RegisterValue& reg : other.registers) reg.value ^= NotComparedBits(reg.offset);
  const DumpComparison found = Compare(Open(), other);
  EXPECT_THAT(found.differences, IsEmpty());
  EXPECT_THAT(found.excused, SizeIs(NotComparedRegisters().size()));

  for (RegisterValue& reg : other.registers) reg.value = ~reg.value;
  for (const RegisterDifference& difference : Compare(Open(), other).differences) {
    EXPECT_EQ(difference.bits, ~NotComparedBits(difference.offset));
  }
}

TEST(CompareTest, ADifferenceStandsUnderItsProvenance) {
  RegisterDump chip = Open();
  chip.target = "lab:rack1";
  ValueAt(chip, 0x10150) ^= 0x00000100;  // FACTPS.LAN1_VALID: guessed
  ValueAt(chip, 0x11074) ^= 0x80000002;  // DCA_CTRL: guessed
  ValueAt(chip, 0x00048) ^= 0x00000001;  // FRTIMER: not compared
  ValueAt(chip, 0x00200) ^= 0x00000001;  // LEDCTL: Vigor alone
  ValueAt(chip, 0x00020) ^= 0x00000100;  // ESDP: Vigor and Linux
  for (std::uint32_t n = 3; n <= 9; ++n) ValueAt(chip, 0x0D00C + 0x40 * n) ^= 0x20;  // DCA_RXCTRL
  const DumpComparison found = Compare(chip, Open());
  EXPECT_THAT(found.differences, SizeIs(11));
  const std::string text = ToText(found, chip, Open());
  EXPECT_THAT(text, StartsWith("A: lab:rack1, port 0, open ("));
  const std::size_t title = text.find('\n', text.find("\nB: model:82599, port 0") + 1);
  EXPECT_EQ(text.substr(title + 1), R"(
Guessed by the model:
  DPDK ixgbe; reset guessed
    DCA_CTRL 0x11074 (8.2.3.11): A 0x80000003, B 0x00000001: DCA_MODE 0x1, 0x0; bits 0x80000000 0x80000000, 0x0
  Vigor; LAN1_VALID guessed
    FACTPS 0x10150 (8.2.3.4): A 0x00000004, B 0x00000104: LAN1_VALID 0x0, 0x1

From one source:
  Vigor
    LEDCTL 0x00200 (8.2.3.1): A 0x05040101, B 0x05040100: LED0_MODE 0x1, 0x0

From several sources:
  Vigor; Linux ixgbe
    ESDP 0x00020 (8.2.3.1): A 0x00000904, B 0x00000804: SDP_IODIR 0x9, 0x8
  Vigor; TinyNF
    DCA_RXCTRL[67..73] 0x0D0CC (8.2.3.11.1): A 0x0000B220, B 0x0000B200: RX_DESC_DCA_EN 0x1, 0x0

Different, but not compared:
    FRTIMER: a timer that runs

11 of )" + std::to_string(Open().registers.size()) +
                                        " registers differ\n");

  const auto json = nlohmann::json::parse(ToJson(found, chip, Open()));
  ASSERT_THAT(json["differences"], SizeIs(11));
  const auto& first = json["differences"][0];
  EXPECT_EQ(first["name"], "DCA_CTRL");
  EXPECT_EQ(first["provenance"], "DPDK ixgbe; reset guessed");
  EXPECT_EQ(first["guessed"], true);
  EXPECT_EQ(first["fields"][0].dump(), R"({"a":1,"b":0,"name":"DCA_MODE"})");
  EXPECT_EQ(json["differences"][2]["guessed"], false);
  EXPECT_EQ(json["not_compared"][0]["reason"], "a timer that runs");
}

TEST(CompareTest, RegistersThatOneHasNot) {
  RegisterDump older = Open();
  older.registers.erase(older.registers.begin() + 1);
  const DumpComparison found = Compare(older, Open());
  EXPECT_THAT(found.differences, IsEmpty());
  EXPECT_THAT(ToText(found, older, Open()), HasSubstr("\nOnly in B: STATUS\n"));
  EXPECT_THAT(ToText(Compare(Open(), older), Open(), older), HasSubstr("\nOnly in A: STATUS\n"));
}

TEST(CompareTest, OtherPortOrState) {
  RegisterDump other = Open();
  other.port = 1;
  EXPECT_THAT(ErrorOf([&] { Compare(Open(), other); }), HasSubstr("of different ports: model:"));
  other.port = 0;
  other.state = DeviceState::kReset;
  EXPECT_THAT(ErrorOf([&] { Compare(Open(), other); }), HasSubstr("in different states"));
}

}  // namespace
}  // namespace ixylab::hil
