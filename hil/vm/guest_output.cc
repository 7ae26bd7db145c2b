#include "hil/vm/guest_output.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace ixylab::hil {

namespace {
constexpr char kMark = '\1';
}  // namespace

void GuestOutput::Add(std::string_view bytes) {
  while (!bytes.empty()) {
    if (code_) {  // what follows is the result file
      result_ += bytes.substr(0, size_ - result_.size());
      return;
    }
    const std::size_t end = std::min(bytes.find(in_mark_ ? '\n' : kMark), bytes.size());
    if (in_mark_) {
      mark_ += bytes.substr(0, end);
    } else {
      lines_.Add(bytes.substr(0, end));
    }
    if (end == bytes.size()) return;
    bytes.remove_prefix(end + 1);
    if (in_mark_) TakeMark(std::exchange(mark_, {}));
    in_mark_ = !in_mark_;
  }
}

void GuestOutput::TakeMark(std::string_view mark) {
  int code = 0;
  std::size_t size = 0;
  if (mark == "ready") {
    ready_ = true;
  } else if (std::sscanf(std::string(mark).c_str(), "exit %d %zu", &code, &size) == 2) {
    lines_.End();
    code_ = code;
    size_ = size;
  } else {  // the program's own
    lines_.Add(std::string(1, kMark).append(mark).append("\n"));
  }
}

}  // namespace ixylab::hil
