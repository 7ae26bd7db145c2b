// What the guest sends through its port ixylab.output: the lines of the program it runs, and
// between them marks of hil/vm/init, each a line that begins with the byte 1:
//
//   \1ready            the guest is up, the program begins
//   \1exit CODE SIZE   the program ended with CODE; SIZE bytes of its result file follow
#ifndef HIL_VM_GUEST_OUTPUT_H_
#define HIL_VM_GUEST_OUTPUT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "hil/process.h"

namespace ixylab::hil {

class GuestOutput {
 public:
  explicit GuestOutput(Lines::OnLine on_line) : lines_(std::move(on_line)) {}

  void Add(std::string_view bytes);
  /// Nothing more will come: hands on a last line without an end.
  void End() { lines_.End(); }

  bool ready() const { return ready_; }
  /// The program has ended and its result file is here.
  bool complete() const { return code_ && result_.size() == size_; }
  /// The program's exit code, once it ended.
  std::optional<int> code() const { return code_; }
  const std::string& result() const { return result_; }

 private:
  void TakeMark(std::string_view mark);

  Lines lines_;
  bool in_mark_ = false;
  std::string mark_;
  bool ready_ = false;
  std::optional<int> code_;
  std::size_t size_ = 0;
  std::string result_;
};

}  // namespace ixylab::hil

#endif  // HIL_VM_GUEST_OUTPUT_H_
