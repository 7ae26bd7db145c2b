#include "hil/command_line.h"

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

namespace ixylab::hil {

std::string ForShell(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+:,./@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == word.npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string CommandLine() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string words(std::istreambuf_iterator<char>(file), {});
  // `bazel run` says where the user stood, and runs a path that nobody would type.
  const char* place = std::getenv("BUILD_WORKING_DIRECTORY");
  const bool bazel = place != nullptr && *place != '\0';
  std::string line = bazel ? "bazel run //hil --" : "";
  for (std::size_t begin = 0, end = 0; begin < words.size(); begin = end + 1) {
    end = words.find('\0', begin);
    if (begin == 0 && bazel) continue;
    line += (line.empty() ? "" : " ") + ForShell(words.substr(begin, end - begin));
  }
  return line;
}

}  // namespace ixylab::hil
