// What the tests of fwd, pktgen and capture share: a folder of their own, captures, and the
// programs as their user starts them.
#ifndef TESTS_TOOLS_PROGRAM_FIXTURE_H_
#define TESTS_TOOLS_PROGRAM_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/tools/process.h"

namespace ixylab::testing {

using Arguments = std::vector<std::string>;

// The sample capture, relative to where Bazel starts a test.
inline constexpr std::string_view kSample = "tests/testdata/capture/sample.pcap";
inline constexpr std::size_t kSampleFrames = 337;

inline constexpr std::size_t kFileHeaderSize = 24;
inline constexpr std::size_t kRecordHeaderSize = 16;

/// A frame in a capture.
struct Captured {
  std::uint64_t nanoseconds = 0;  // its time
  std::uint32_t length = 0;       // of the frame, of which `bytes` is what was kept
  std::string bytes;
};

/// What is in a pcap file with nanoseconds in this machine's byte order. Throws std::runtime_error
/// where it is not whole. Not by libpcap, which wrote it.
std::vector<Captured> ReadCapture(const std::string& file);
/// The same of a file whose frames are whole; any unit of time.
std::vector<std::string> Frames(const std::string& file);
/// The same frames as a port sends them: at least 60 bytes.
std::vector<std::string> Padded(std::vector<std::string> frames);
/// One record of a capture.
std::string Record(std::uint32_t captured, std::uint32_t length);

/// Waits for `condition`, at most a minute.
bool Until(const std::function<bool()>& condition);

/// The models that all programs work on.
std::vector<std::string> Models();

class ProgramTest : public ::testing::Test {
 protected:
  /// The program's path, relative to where Bazel starts a test.
  explicit ProgramTest(std::string_view program);
  ~ProgramTest() override;

  std::string Path(std::string_view name) const { return folder_ + "/" + std::string(name); }
  std::string Create(std::string_view name, std::string_view content) const;

  Arguments Command(const Arguments& arguments) const;
  Result Run(const Arguments& arguments) const { return Process(Command(arguments)).Wait(); }
  /// The same in a shell, in which $0 is the program: for pipes.
  Result Shell(const std::string& script) const;

  /// Arguments that are wrong, the exit status, and the one line that says so.
  struct Wrong {
    Arguments arguments;
    int status;
    std::string message;
  };
  void ExpectOneLine(const Wrong& wrong) const;

  const std::string program_;
  const std::string sample_ = ReadFile(std::string(kSample));
  const std::string in_ = "--in=" + std::string(kSample);
  std::string folder_;
};

}  // namespace ixylab::testing

#endif  // TESTS_TOOLS_PROGRAM_FIXTURE_H_
