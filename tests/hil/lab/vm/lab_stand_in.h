// The stand-in for a lab machine, and users of it: programs that tests start, look at and kill.
#ifndef TESTS_HIL_LAB_VM_LAB_STAND_IN_H_
#define TESTS_HIL_LAB_VM_LAB_STAND_IN_H_

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hil/process.h"

namespace ixylab::hil {

/// `hil ARGUMENT...` in the background, with what it prints in files. Killed with this object.
class HilProcess {
 public:
  /// `name`: of those files.
  HilProcess(const std::string& name, const std::vector<std::string>& arguments);

  pid_t pid() const { return child_.pid(); }
  /// To hil alone, not to what it has started.
  void Signal(int signal) const;
  /// Whether hil prints a line with `text` within `patience`, and before it ends.
  bool Prints(std::string_view text, std::chrono::seconds patience) const;
  /// The exit code, or minus the signal. It is killed if it does not end within `patience`.
  int Wait(std::chrono::seconds patience);
  std::vector<std::string> Output() const;
  std::vector<std::string> Errors() const;

 private:
  const std::string files_;
  Child child_;
};

/// `hil lab vm`, by sysfs, from one boot to the next on one disk.
class LabStandIn {
 public:
  /// Keeps what it needs in `folder`.
  explicit LabStandIn(std::string folder) : folder_(std::move(folder)) {}

  /// Until it answers. Throws std::runtime_error if it does not.
  void Boot();
  /// From one moment to the next.
  void CutPower();
  /// As Ctrl-C does; gives the exit code of `hil lab vm`.
  int Stop();

  std::string file(const std::string& name) const { return folder_ + "/" + name; }
  std::string lab_file() const { return file("lab.toml"); }
  /// What the shell's `script`, with the functions of on_machine.sh, prints there: by ssh without
  /// hil. Throws if the script fails.
  std::string Do(const std::string& script) const;
  /// What `hil lab vm` said: why it failed.
  std::vector<std::string> Errors() const { return vm_->Errors(); }

 private:
  const std::string folder_;
  std::unique_ptr<HilProcess> vm_;
};

}  // namespace ixylab::hil

#endif  // TESTS_HIL_LAB_VM_LAB_STAND_IN_H_
