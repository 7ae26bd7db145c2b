#include "hil/target/cable_control.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "hil/target/target_spec.h"

namespace ixylab::hil {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::HasSubstr;

constexpr std::chrono::milliseconds kPatience = 10s;  // with an answer that is under way

/// A terminal: the control channel is its one end, the test the other.
class CableControlTest : public testing::Test {
 protected:
  void SetUp() override {
    far_ = posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_GE(far_, 0);
    ASSERT_EQ(grantpt(far_), 0);
    ASSERT_EQ(unlockpt(far_), 0);
    path_ = ptsname(far_);
    near_ = open(path_.c_str(), O_RDWR | O_NOCTTY);  // stays raw while the other opens and closes
    ASSERT_GE(near_, 0);
    termios raw;
    ASSERT_EQ(tcgetattr(near_, &raw), 0);
    cfmakeraw(&raw);
    ASSERT_EQ(tcsetattr(near_, TCSANOW, &raw), 0);
  }
  void TearDown() override {
    close(near_);
    close(far_);
  }
  void Answer(const std::string& line) {
    ASSERT_EQ(write(far_, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  }
  std::string Asked() {
    char text[64];
    const ssize_t n = read(far_, text, sizeof(text));
    return {text, n > 0 ? static_cast<std::size_t>(n) : 0};
  }
  std::string Refusal(CableControl& control, std::chrono::milliseconds patience) {
    try {
      control.SetCable(false, patience);
      return "none";
    } catch (const TargetError& error) {
      return error.what();
    }
  }

  int far_ = -1;
  int near_ = -1;
  std::string path_;
};

TEST_F(CableControlTest, AsksAndWaitsForTheAnswer) {
  CableControl control(path_);
  Answer("ok\n");
  control.SetCable(false);
  EXPECT_EQ(Asked(), "link down\n");
  Answer("ok\n");
  control.SetCable(true);
  EXPECT_EQ(Asked(), "link up\n");
}

TEST_F(CableControlTest, ErrorsAreToldInOneLine) {
  CableControl control(path_);
  Answer("error no such card\n");
  EXPECT_THAT(Refusal(control, kPatience), HasSubstr("cannot be pulled: " + path_));
  EXPECT_THAT(Refusal(control, 50ms), HasSubstr("does not answer within 50 ms"));
  Answer("ok");  // without an end it is not an answer
  EXPECT_THAT(Refusal(control, 50ms), HasSubstr("does not answer within 50 ms"));
}

TEST_F(CableControlTest, MissingChannelIsNamed) {
  try {
    CableControl control("/nonexistent/control");
    ADD_FAILURE();
  } catch (const TargetError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--control=/nonexistent/control: No such file"));
  }
}

TEST_F(CableControlTest, FaultsAreAskedFor) {
  CableControl control(path_);
  Answer("faults 3\nport 0 write of 16 bytes\nport 1 read of 8 bytes\nok\n");
  const std::optional<DmaFaults> faults = control.Faults(kPatience);
  EXPECT_EQ(Asked(), "faults\n");
  ASSERT_TRUE(faults.has_value());
  EXPECT_EQ(faults->count, 3u);
  EXPECT_THAT(faults->first,
              testing::ElementsAre("port 0 write of 16 bytes", "port 1 read of 8 bytes"));
  // Who pulls cables alone.
  Answer("error unknown request \"faults\"\n");
  EXPECT_FALSE(control.Faults(kPatience).has_value());
  EXPECT_THROW(control.Faults(50ms), TargetError) << "no answer";
}

}  // namespace
}  // namespace ixylab::hil
