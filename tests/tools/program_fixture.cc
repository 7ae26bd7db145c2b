#include "tests/tools/program_fixture.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "hil/target/target_spec.h"

namespace ixylab::testing {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

std::vector<Captured> ReadCapture(const std::string& file) {
  if (file.size() < kFileHeaderSize) throw std::runtime_error("no pcap header");
  std::vector<Captured> frames;
  for (std::size_t at = kFileHeaderSize; at < file.size();) {
    std::uint32_t header[4];  // seconds, nanoseconds, captured length, length
    static_assert(sizeof(header) == kRecordHeaderSize);
    if (file.size() - at < sizeof(header)) throw std::runtime_error("cut off in a record header");
    std::memcpy(header, file.data() + at, sizeof(header));
    at += sizeof(header);
    if (file.size() - at < header[2]) throw std::runtime_error("cut off in a frame");
    frames.push_back({.nanoseconds = header[0] * std::uint64_t{1'000'000'000} + header[1],
                      .length = header[3],
                      .bytes = file.substr(at, header[2])});
    at += header[2];
  }
  return frames;
}

std::vector<std::string> Frames(const std::string& file) {
  std::vector<std::string> frames;
  for (Captured& captured : ReadCapture(file)) {
    if (captured.length != captured.bytes.size()) {
      throw std::runtime_error("a frame that is not whole");
    }
    frames.push_back(std::move(captured.bytes));
  }
  return frames;
}

std::vector<std::string> Padded(std::vector<std::string> frames) {
  for (std::string& frame : frames) {
    if (frame.size() < 60) frame.resize(60, '\0');
  }
  return frames;
}

std::string Record(std::uint32_t captured, std::uint32_t length) {
  const std::uint32_t header[4] = {0, 0, captured, length};
  return std::string(reinterpret_cast<const char*>(header), sizeof(header)) +
         std::string(captured, '\x42');
}

bool Until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

std::vector<std::string> Models() {
  std::vector<std::string> names;
  for (const hil::TargetInfo& target : hil::Targets()) {
    if (target.name.starts_with("model:")) names.emplace_back(target.name);
  }
  return names;
}

ProgramTest::ProgramTest(std::string_view program) : program_(program) {
  ::unsetenv("BUILD_WORKING_DIRECTORY");
  std::string folder = ::testing::TempDir() + "/program.XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  folder_ = folder;
  // tcpdump reads as nobody.
  std::filesystem::permissions(folder_, std::filesystem::perms::all);
}

ProgramTest::~ProgramTest() { std::filesystem::remove_all(folder_); }

std::string ProgramTest::Create(std::string_view name, std::string_view content) const {
  std::ofstream(Path(name), std::ios::binary) << content;
  return Path(name);
}

Arguments ProgramTest::Command(const Arguments& arguments) const {
  Arguments command = {program_};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

Result ProgramTest::Shell(const std::string& script) const {
  return Process({"/bin/sh", "-c", script, program_}).Wait();
}

void ProgramTest::ExpectOneLine(const Wrong& wrong) const {
  SCOPED_TRACE(wrong.message);
  const std::string name = std::filesystem::path(program_).filename();
  const Result result = Run(wrong.arguments);
  EXPECT_EQ(result.status, wrong.status);
  EXPECT_THAT(result.err, AllOf(MatchesRegex(name + ": [^\n]*\n"), HasSubstr(wrong.message)));
  EXPECT_THAT(result.out, IsEmpty());
}

}  // namespace ixylab::testing
