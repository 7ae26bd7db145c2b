#include "hil/agent/words.h"

#include <algorithm>
#include <ctime>

namespace ixylab::hil {

std::string InWords(std::chrono::system_clock::duration duration) {
  const auto s = std::max<long>(0, std::chrono::round<std::chrono::seconds>(duration).count());
  if (s < 120) return std::to_string(s) + " s";
  if (s < 120 * 60) return std::to_string((s + 30) / 60) + " min";
  if (s < 48 * 3600) return std::to_string((s + 1800) / 3600) + " h";
  return std::to_string((s + 43'200) / 86'400) + " days";
}

std::string InWords(Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &parts)};
}

std::string InWords(const std::string& owner, const std::string& purpose) {
  return purpose.empty() ? owner : owner + " (" + purpose + ")";
}

std::string InWords(const std::array<std::string, 2>& addresses) {
  return addresses[0] + " and " + addresses[1];
}

}  // namespace ixylab::hil
