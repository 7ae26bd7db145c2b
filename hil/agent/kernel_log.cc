#include "hil/agent/kernel_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string_view>

namespace ixylab::hil {

namespace {

constexpr std::size_t kMaxLines = 1000;

/// Of a line of /dev/kmsg, "LEVEL,NUMBER,MICROSECONDS,FLAGS;MESSAGE" (Linux,
/// Documentation/ABI/testing/dev-kmsg).
std::string Readable(std::string_view line) {
  const std::size_t semicolon = line.find(';');
  const std::size_t second = line.find(',', line.find(',') + 1);
  if (semicolon == line.npos || second > semicolon) return std::string(line);
  const auto microseconds =
      std::strtoull(std::string(line.substr(second + 1)).c_str(), nullptr, 10);
  char time[40];
  std::snprintf(time, sizeof(time), "[%5llu.%06llu] ", microseconds / 1'000'000,
                microseconds % 1'000'000);
  return time + std::string(line.substr(semicolon + 1));
}

}  // namespace

KernelLog::KernelLog(const std::filesystem::path& root)
    : messages_(open((root / "dev/kmsg").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
  lseek(messages_.get(), 0, SEEK_END);
}

std::string KernelLog::Read() const {
  std::deque<std::string> last;
  Lines lines([&](std::string_view line) {
    if (line.starts_with(' ')) return;  // a property of the message before
    last.push_back(Readable(line));
    if (last.size() > kMaxLines) last.pop_front();
  });
  std::array<char, 8192> bytes;  // a message at a time; a shorter buffer is an error
  for (;;) {
    const ssize_t n = read(messages_.get(), bytes.data(), bytes.size());
    if (n < 0 && (errno == EPIPE || errno == EINTR)) continue;  // EPIPE: some were overwritten
    if (n <= 0) break;
    lines.Add({bytes.data(), static_cast<std::size_t>(n)});
  }
  std::string text;
  for (const std::string& line : last) text += line + "\n";
  return text;
}

}  // namespace ixylab::hil
