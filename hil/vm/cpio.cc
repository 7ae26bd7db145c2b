#include "hil/vm/cpio.h"

#include <cinttypes>
#include <cstdio>
#include <utility>

namespace ixylab::hil {

void Cpio::Add(std::string_view path, std::uint32_t mode, std::string_view bytes) {
  const std::uint32_t header[] = {
      ++inode_,
      mode,
      0,  // owner and
      0,  // group: root
      1,  // links
      0,  // time
      static_cast<std::uint32_t>(bytes.size()),
      0,  // device and
      0,  // its minor number
      0,  // of a device file: both numbers
      0,  //
      static_cast<std::uint32_t>(path.size() + 1),
      0,  // check sum: none in this format
  };
  archive_ += "070701";
  for (const std::uint32_t field : header) {
    char digits[9];
    std::snprintf(digits, sizeof(digits), "%08" PRIX32, field);
    archive_ += digits;
  }
  archive_.append(path).push_back('\0');
  Pad();
  archive_ += bytes;
  Pad();
}

std::string Cpio::Finish() && {
  inode_ = 0;
  Add("TRAILER!!!", 0, {});
  return std::move(archive_);
}

}  // namespace ixylab::hil
