// A folder of small files that survive a power cut whole, and that processes change one at a time.
#ifndef HIL_PCI_STATE_FOLDER_H_
#define HIL_PCI_STATE_FOLDER_H_

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hil/process.h"

namespace ixylab::hil {

/// Its functions throw PciError in one line if the folder does not let them.
class StateFolder {
 public:
  /// Makes it, unless it is there.
  explicit StateFolder(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }

  /// Keeps other processes out until the result is closed. Waits for them at most a minute. To be
  /// closed before this process forks one that stays.
  Descriptor Lock(std::string_view name) const;

  /// Nothing if there is no such file.
  std::optional<std::string> Read(const std::string& name) const;
  /// Whatever happens, the file is as it was or has all of `text`.
  void Write(const std::string& name, std::string_view text) const;
  void Remove(const std::string& name) const;
  /// Files that begin so, in order; none that was being written or is set aside.
  std::vector<std::string> Names(std::string_view prefix) const;
  /// Renames a file that makes no sense; gives the path that it has then.
  std::string SetAside(const std::string& name) const;

 private:
  std::filesystem::path path_;
};

}  // namespace ixylab::hil

#endif  // HIL_PCI_STATE_FOLDER_H_
