// cpio archives of the "newc" format, from which Linux fills its first file system. An archive may
// be appended to another.
#ifndef HIL_VM_CPIO_H_
#define HIL_VM_CPIO_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace ixylab::hil {

/// Linux, Documentation/driver-api/early-userspace/buffer-format.rst
class Cpio {
 public:
  /// `path` is relative to the root; its folder must be there or be added before.
  void AddFolder(std::string_view path) { Add(path, 0040755, {}); }
  void AddFile(std::string_view path, std::string_view bytes) { Add(path, 0100644, bytes); }
  void AddProgram(std::string_view path, std::string_view bytes) { Add(path, 0100755, bytes); }
  /// The archive, padded with zeros to a multiple of four bytes; ends the object's use.
  std::string Finish() &&;

 private:
  void Add(std::string_view path, std::uint32_t mode, std::string_view bytes);
  void Pad() { archive_.resize((archive_.size() + 3) / 4 * 4); }

  std::string archive_;
  std::uint32_t inode_ = 0;
};

}  // namespace ixylab::hil

#endif  // HIL_VM_CPIO_H_
