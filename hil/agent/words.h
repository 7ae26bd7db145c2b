// How the agent says whose something is, when, and how long.
#ifndef HIL_AGENT_WORDS_H_
#define HIL_AGENT_WORDS_H_

#include <array>
#include <chrono>
#include <string>

namespace ixylab::hil {

using Time = std::chrono::system_clock::time_point;

/// "45 s", "34 min", "3 h", "5 days".
std::string InWords(std::chrono::system_clock::duration duration);
/// "2026-11-23 05:40 UTC"
std::string InWords(Time time);
/// "mia@desk3 (hil run --target=lab:rack1)"
std::string InWords(const std::string& owner, const std::string& purpose);
/// "0000:03:00.0 and 0000:03:00.1"
std::string InWords(const std::array<std::string, 2>& addresses);

}  // namespace ixylab::hil

#endif  // HIL_AGENT_WORDS_H_
