// A recording of a driver's register accesses: README.md says where it comes from.
#ifndef TESTS_TRACE_RECORDING_H_
#define TESTS_TRACE_RECORDING_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace ixylab::trace {

/// One 32-bit access to BAR0, in the order of the recording.
struct Access {
  std::chrono::microseconds pause{0};  // that the driver let pass before it
  bool write = false;
  std::uint32_t offset = 0;
  std::uint32_t value = 0;  // written, or what the recorded stub answered
};

/// Linux 6.1's ixgbe from probe to link up. Throws std::runtime_error with the line in question
/// where the file cannot be read or is malformed.
std::vector<Access> ReadRecording(
    const std::string& path = "tests/trace/linux-6.1-ixgbe-probe-up.trace");

}  // namespace ixylab::trace

#endif  // TESTS_TRACE_RECORDING_H_
