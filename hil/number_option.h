// Numbers on a command line.
#ifndef HIL_NUMBER_OPTION_H_
#define HIL_NUMBER_OPTION_H_

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

namespace ixylab::hil {

/// Takes a decimal number from `low` to `high`. CLI11 by itself takes -1 for 2^64 - 1.
inline CLI::Validator Number(std::uint64_t low = 0,
                             std::uint64_t high = std::numeric_limits<std::uint64_t>::max()) {
  const std::string range = "a number from " + std::to_string(low) + " to " + std::to_string(high);
  const auto check = [=](const std::string& text) {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, value);
    const bool good = error == std::errc() && last == end && value >= low && value <= high;
    return good ? std::string() : "\"" + text + "\" is not " + range;
  };
  return CLI::Validator(check, range, "Number");
}

}  // namespace ixylab::hil

#endif  // HIL_NUMBER_OPTION_H_
