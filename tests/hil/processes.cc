#include "tests/hil/processes.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace ixylab::hil {
namespace {

std::string ReadProc(pid_t process, const std::string& file) {
  std::ifstream stream("/proc/" + std::to_string(process) + "/" + file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

std::vector<pid_t> Children(pid_t process, std::string_view word) {
  std::istringstream ids(ReadProc(process, "task/" + std::to_string(process) + "/children"));
  std::vector<pid_t> children;
  for (pid_t child; ids >> child;) {
    if (ReadProc(child, "cmdline").find(word) != std::string::npos) children.push_back(child);
  }
  return children;
}

bool IsGone(pid_t process) {
  const std::string stat = ReadProc(process, "stat");
  const std::size_t name_end = stat.rfind(") ");
  return name_end == stat.npos || stat[name_end + 2] == 'Z' || stat[name_end + 2] == 'X';
}

}  // namespace ixylab::hil
