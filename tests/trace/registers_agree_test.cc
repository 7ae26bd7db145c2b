// Who knows which register: this driver, the model's table, and Linux's driver as recorded.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "emulator/82599/chip.h"
#include "emulator/register_table.h"
#include "gtest/gtest.h"
#include "tests/trace/recording.h"

namespace ixylab::trace {
namespace {

using emulator::RegisterInfo;
using emulator::intel82599::AllRegisters;
using emulator::intel82599::FindRegister;

constexpr char kGolden[] = "tests/trace/one_side_only.txt";
constexpr const char* kDriverHeaders[] = {"driver/ixgbe/registers.h",
                                          "driver/ixgbe/option_registers.h"};

struct DriverRegister {
  std::string name;
  std::uint32_t offset;
};

/// Adds each register that `header` defines, read from its text: a list in the program would only
/// hold what somebody remembered to add.
void AddRegisters(const std::string& header, std::vector<DriverRegister>& registers) {
  constexpr char kBegin[] = "inline constexpr Register ";
  const std::regex definition(R"re((\w+)\{"(\w+)", (\w+)(?:, (\w+), (\w+))?\}(?:, |;$))re");
  const auto number = [](const std::string& text) {
    return static_cast<std::uint32_t>(std::stoul(text, nullptr, 0));
  };
  const std::size_t before = registers.size();
  std::ifstream file(header);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kBegin)) continue;
    std::string rest = line.substr(sizeof(kBegin) - 1);
    for (std::smatch match; !rest.empty(); rest = match.suffix()) {
      if (!std::regex_search(rest, match, definition, std::regex_constants::match_continuous)) {
        ADD_FAILURE() << "not understood: " << line;
        break;
      }
      EXPECT_EQ(match[1], match[2]) << "named otherwise in messages";
      const std::uint32_t count = match[4].matched ? number(match[4]) : 1;
      const std::uint32_t stride = match[5].matched ? number(match[5]) : 0;
      for (std::uint32_t n = 0; n < count; ++n) {
        registers.push_back({match[1], number(match[3]) + n * stride});
      }
    }
  }
  EXPECT_GT(registers.size(), before) << header;
}

std::vector<DriverRegister> DriverRegisters() {
  std::vector<DriverRegister> registers;
  for (const char* header : kDriverHeaders) AddRegisters(header, registers);
  return registers;
}

TEST(RegistersAgreeTest, TheDriverAndTheModelNameTheSameOffsetsAlike) {
  for (const DriverRegister& known : DriverRegisters()) {
    const RegisterInfo* row = FindRegister(known.offset);
    ASSERT_NE(row, nullptr) << known.name << " at 0x" << std::hex << known.offset;
    EXPECT_EQ(row->name, known.name) << "at 0x" << std::hex << known.offset;
  }
}

/// The names that the model has for `offsets`.
std::set<std::string> NamesAt(const std::set<std::uint32_t>& offsets) {
  std::set<std::string> names;
  for (const std::uint32_t offset : offsets) {
    const RegisterInfo* row = FindRegister(offset);
    names.insert(row != nullptr ? std::string(row->name) : emulator::RegisterName(nullptr, offset));
  }
  return names;
}

/// "NAME: model linux": who knows a register that not all three know.
std::vector<std::string> OneSideOnly() {
  std::set<std::uint32_t> recorded;
  for (const Access& access : ReadRecording()) recorded.insert(access.offset);
  std::set<std::uint32_t> driver;
  for (const DriverRegister& known : DriverRegisters()) driver.insert(known.offset);
  std::set<std::uint32_t> model;
  for (const RegisterInfo* row : AllRegisters()) {
    for (std::uint32_t n = 0; n < row->count; ++n) model.insert(row->offset + n * row->stride);
  }
  const std::set<std::string> in_linux = NamesAt(recorded);
  const std::set<std::string> in_driver = NamesAt(driver);
  const std::set<std::string> in_model = NamesAt(model);

  std::set<std::string> all = in_model;
  all.insert(in_linux.begin(), in_linux.end());
  all.insert(in_driver.begin(), in_driver.end());
  std::vector<std::string> lines;
  for (const std::string& name : all) {
    std::string who;
    if (in_driver.contains(name)) who += " driver";
    if (in_model.contains(name)) who += " model";
    if (in_linux.contains(name)) who += " linux";
    if (who != " driver model linux") lines.push_back(name + ":" + who);
  }
  std::ranges::sort(lines);
  return lines;
}

TEST(RegistersAgreeTest, WhatNotAllKnowIsListed) {
  std::ifstream file(kGolden);
  ASSERT_TRUE(file) << kGolden << " is not there";
  std::vector<std::string> golden;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with('#')) golden.push_back(line);
  }
  const std::vector<std::string> lines = OneSideOnly();
  EXPECT_TRUE(std::ranges::is_sorted(golden)) << kGolden << " must be sorted";
  std::vector<std::string> missing;
  std::ranges::set_difference(lines, golden, std::back_inserter(missing));
  for (const std::string& line : missing) ADD_FAILURE() << "not in " << kGolden << ": " << line;
  std::vector<std::string> stale;
  std::ranges::set_difference(golden, lines, std::back_inserter(stale));
  for (const std::string& line : stale) ADD_FAILURE() << "take out of " << kGolden << ": " << line;
}

TEST(RegistersAgreeTest, NobodyButTheModelKnowsMoreThanTheModel) {
  for (const std::string& line : OneSideOnly()) {
    EXPECT_NE(line.find(" model"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace ixylab::trace
