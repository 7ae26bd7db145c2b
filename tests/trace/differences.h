// Where the model answers a read of the Linux recording otherwise than the recorded stub did, and
// why. The model is right or has yet to learn it; it is never changed to match the stub.
#ifndef TESTS_TRACE_DIFFERENCES_H_
#define TESTS_TRACE_DIFFERENCES_H_

#include <cstdint>
#include <string_view>

namespace ixylab::trace {

struct Difference {
  std::string_view name;   // of the register, for all of an array
  std::uint32_t bits = 0;  // that may differ: no others
  std::string_view reason;
};

inline constexpr Difference kReadDifferences[] = {};

/// Bits that Linux writes and the model does not store.
inline constexpr Difference kIgnoredWrites[] = {};

}  // namespace ixylab::trace

#endif  // TESTS_TRACE_DIFFERENCES_H_
