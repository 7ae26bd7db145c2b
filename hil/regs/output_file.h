// A result's file, of which is known before the work begins that it can be written.
#ifndef HIL_REGS_OUTPUT_FILE_H_
#define HIL_REGS_OUTPUT_FILE_H_

#include <fstream>
#include <string>
#include <string_view>

namespace ixylab::hil {

class OutputFile {
 public:
  /// What is in `path` stays there until Write. Throws RegsError (dump.h) if it cannot be written.
  explicit OutputFile(std::string path);
  /// Takes the file away again if nothing was written and it was not there before.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// In place of what was in it. Once. Throws RegsError.
  void Write(std::string_view text);

 private:
  const std::string path_;
  const bool was_there_;
  bool written_ = false;
};

}  // namespace ixylab::hil

#endif  // HIL_REGS_OUTPUT_FILE_H_
