// The program //emulator:nic as a child of a test.
#ifndef TESTS_EMULATOR_NIC_PROGRAM_H_
#define TESTS_EMULATOR_NIC_PROGRAM_H_

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "emulator/host/file_descriptor.h"

namespace ixylab::emulator {

/// With a name that is short enough for sockets; removed at the end.
class Folder {
 public:
  Folder();
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::vector<std::string> Files() const;

 private:
  std::filesystem::path path_;
};

std::string ReadFile(const std::string& path);
/// False if it is not so within ten seconds.
bool Until(const std::function<bool()>& condition);

/// Killed at the end, and with this process.
class Program {
 public:
  /// Runs it; the child keeps the descriptors `kept`.
  explicit Program(const std::vector<std::string>& arguments, std::initializer_list<int> kept = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Until it has said the line that its sockets accept. False if it ends before, or after ten
  /// seconds.
  bool Ready();
  /// Everything so far.
  const std::string& Output();  // stdout
  const std::string& Errors();  // stderr
  void Signal(int signal);
  /// Waits for its end, ten seconds at most: the exit code, or minus the signal. -1000: it did not
  /// end.
  int Wait();

 private:
  void Drain();

  pid_t pid_ = -1;
  FileDescriptor output_, errors_;
  std::string output_text_, errors_text_;
};

}  // namespace ixylab::emulator

#endif  // TESTS_EMULATOR_NIC_PROGRAM_H_
