#include "emulator/82599/register_doc.h"

#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr char kGolden[] = "emulator/82599/REGISTERS.md";

TEST(RegisterDocTest, TheCheckedInDocumentIsWhatTheTableSays) {
  std::ifstream file(kGolden);
  ASSERT_TRUE(file) << kGolden << " is not there";
  std::ostringstream golden;
  golden << file.rdbuf();
  const std::string document = RegisterDocument();
  if (golden.str() == document) return;

  std::istringstream expected(golden.str());
  std::istringstream actual(document);
  std::string expected_line;
  std::string actual_line;
  int line = 0;
  do {
    ++line;
    if (!std::getline(expected, expected_line)) expected_line = "(end)";
    if (!std::getline(actual, actual_line)) actual_line = "(end)";
  } while (expected_line == actual_line && (expected || actual));
  FAIL() << kGolden << ":" << line << " says\n  " << expected_line << "\nthe table says\n  "
         << actual_line << "\nIf the table is right: bazel run //hil -- regs --doc > " << kGolden;
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
