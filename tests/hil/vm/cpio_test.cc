#include "hil/vm/cpio.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace ixylab::hil {
namespace {

using std::string_literals::operator""s;

TEST(CpioTest, AnArchiveByteForByte) {
  Cpio cpio;
  cpio.AddFolder("vm");
  cpio.AddProgram("vm/a", "12345");
  // magic, inode, mode, owner, group, links, time, size, device and device file (two each), length
  // of the name with its zero, check sum; name and bytes each padded to four.
  const std::string zeros(8, '0');
  const std::string expected =
      "070701"
      "00000001"
      "000041ED" +
      zeros + zeros + "00000001" + zeros + "00000000" + zeros + zeros + zeros + zeros + "00000003" +
      zeros + "vm\0\0\0\0"s.substr(0, 6) +
      "070701"
      "00000002"
      "000081ED" +
      zeros + zeros + "00000001" + zeros + "00000005" + zeros + zeros + zeros + zeros + "00000005" +
      zeros + "vm/a\0\0"s + "12345\0\0\0"s +
      "070701"
      "00000001"
      "00000000" +
      zeros + zeros + "00000001" + zeros + "00000000" + zeros + zeros + zeros + zeros + "0000000B" +
      zeros + "TRAILER!!!\0\0\0\0"s;
  EXPECT_EQ(std::move(cpio).Finish(), expected);
}

TEST(CpioTest, AFileThatIsNoProgram) {
  Cpio cpio;
  cpio.AddFile("a", "");
  EXPECT_EQ(std::move(cpio).Finish().substr(14, 8), "000081A4");
}

}  // namespace
}  // namespace ixylab::hil
