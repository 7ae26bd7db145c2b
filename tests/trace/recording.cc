#include "tests/trace/recording.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace ixylab::trace {

std::vector<Access> ReadRecording(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  std::vector<Access> recording;
  std::chrono::microseconds pause{0};
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    std::string kind;
    fields >> kind;
    if (kind == ".") {
      unsigned units = 0;
      fields >> units;
      pause += units * std::chrono::microseconds(100);
    } else if (kind == "R" || kind == "W") {
      Access access{.pause = pause, .write = kind == "W"};
      fields >> std::hex >> access.offset >> access.value;
      recording.push_back(access);
      pause = {};
    } else {
      fields.setstate(std::ios::failbit);
    }
    if (!fields) {
      throw std::runtime_error(path + ":" + std::to_string(number) + ": not an access: " + line);
    }
  }
  return recording;
}

}  // namespace ixylab::trace
