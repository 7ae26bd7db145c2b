// The seam costs next to nothing where it counts: instructions of forwarding, by callgrind, against
// the same code with a direct pointer in the seam's place.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace ixylab {
namespace {

constexpr char kValgrind[] = "/usr/bin/valgrind";
constexpr char kProgram[] = "tests/driver/seam_cost";
constexpr int kPackets = 512 * 16;  // 16 times round both rings

/// What `command` prints, errors included.
std::string Output(const std::string& command) {
  std::string output;
  FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << command;
    return output;
  }
  for (int c; (c = std::fgetc(pipe)) != EOF;) output.push_back(static_cast<char>(c));
  EXPECT_EQ(pclose(pipe), 0) << command << "\n" << output;
  return output;
}

std::string Program(const std::string& what, int batch) {
  return std::string(kProgram) + " " + what + " " + std::to_string(batch) + " ";
}

/// Instructions of Forward, for a packet, with `tail` in the queues.
double Instructions(const std::string& tail, int batch) {
  const std::string output =
      Output(std::string(kValgrind) +
             " --tool=callgrind --callgrind-out-file=/dev/null '--toggle-collect=*Forward*' " +
             Program(tail, batch) + std::to_string(kPackets));
  constexpr char kLabel[] = "Collected :";
  const std::size_t at = output.find(kLabel);
  const double collected =
      at == std::string::npos ? 0 : std::strtod(output.c_str() + at + sizeof(kLabel) - 1, nullptr);
  EXPECT_GT(collected, 10.0 * kPackets) << "this is not all of forwarding:\n" << output;
  return collected / kPackets;
}

class SeamCost : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(access(kValgrind, X_OK), 0)
        << kValgrind << " is missing, and without it nothing counts: apt-get install valgrind";
  }

  // Cycles are noisy where others share the machine: reported, not asserted.
  void Report(int batch, double doorbell, double pointer) {
    std::printf("batch %d: %.2f instructions a packet, %.2f with a direct pointer; time x %s",
                batch, doorbell, pointer, Output(Program("cycles", batch) + "200000").c_str());
  }
};

TEST_F(SeamCost, AtBatch32AtMostTwoPercentMoreInstructions) {
  const double doorbell = Instructions("doorbell", 32);
  const double pointer = Instructions("pointer", 32);
  EXPECT_LE(doorbell, 1.02 * pointer);
  Report(32, doorbell, pointer);
}

TEST_F(SeamCost, AtBatch1AtMostEightMoreInstructionsACall) {
  const double doorbell = Instructions("doorbell", 1);
  const double pointer = Instructions("pointer", 1);
  constexpr int kCalls = 2;  // Receive and Transmit
  EXPECT_LE((doorbell - pointer) / kCalls, 8);
  Report(1, doorbell, pointer);
}

}  // namespace
}  // namespace ixylab
