#include "hil/agent/reservations.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "hil/pci/sysfs.h"
#include "hil/process.h"
#include "tests/hil/pci/fake_machine.h"

namespace ixylab::hil {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

const std::string kBootId = "proc/sys/kernel/random/boot_id";

PortPair Pair(const std::string& first, const std::string& second) {
  return {.addresses = {"0000:03:00." + first, "0000:03:00." + second}, .names = {}};
}
const std::vector<PortPair> kOne = {Pair("0", "1")};
const std::vector<PortPair> kOther = {Pair("2", "3")};
const std::vector<PortPair> kTwo = {Pair("0", "1"), Pair("2", "3")};

Claim By(const std::string& owner, std::chrono::seconds duration = 1h) {
  return {.owner = owner, .purpose = "hil run", .duration = duration};
}

class ReservationsTest : public testing::Test {
 protected:
  ReservationsTest() { machine_.Write(kBootId, "first\n"); }

  /// What `use` finds busy; nothing: it does not.
  static std::string Busy(const std::function<void()>& use) {
    try {
      use();
      return "";
    } catch (const BusyError& error) {
      return error.what();
    }
  }
  std::string BusyFor(const std::string& owner, const std::vector<PortPair>& pairs = kOne) {
    return Busy([&] { reservations_.Take(pairs, By(owner)); });
  }
  /// Of another process, which runs until the end of the test or Kill.
  void TakeElsewhere(const Claim& claim, const std::vector<PortPair>& pairs = kOne) {
    const DescriptorPair done = MakePipe();
    child_ = fork();
    if (child_ == 0) {
      reservations_.Take(pairs, claim);
      if (write(done.theirs.get(), "x", 1) != 1) _exit(1);
      for (;;) pause();
    }
    char byte;
    ASSERT_EQ(read(done.ours.get(), &byte, 1), 1);
  }
  void Kill() {
    kill(child_, SIGKILL);
    // Dead, and nobody has waited for it yet: that has to be enough.
    siginfo_t info;
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOWAIT), 0);
  }
  ~ReservationsTest() override {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }

  FakeMachine machine_;
  StateFolder folder_{machine_.root() / "state"};
  std::vector<std::string> notes_;
  Reservations reservations_{folder_, machine_.root(),
                             [this](const std::string& line) { notes_.push_back(line); }};
  pid_t child_ = -1;
};

TEST_F(ReservationsTest, TheSecondIsToldWhoHasThePortsAndUntilWhen) {
  EXPECT_EQ(reservations_.Take(kOne, By("mia@desk3", 34min)), 0u);
  EXPECT_THAT(BusyFor("ben@desk4"),
              MatchesRegex("0000:03:00.0 and 0000:03:00.1: reserved by mia@desk3 \\(hil run\\) "
                           "until 20..-..-.. ..:.. UTC \\(in 34 min\\)"));
  // Not even by himself: a run has them.
  EXPECT_THAT(BusyFor("mia@desk3"), HasSubstr("reserved by mia@desk3"));
  reservations_.GiveBack(kOne[0]);
  EXPECT_THAT(BusyFor("ben@desk4"), IsEmpty());
}

TEST_F(ReservationsTest, TheFirstFreePairIsTaken) {
  EXPECT_EQ(reservations_.Take(kTwo, By("mia@desk3", 50min)), 0u);
  EXPECT_EQ(reservations_.Take(kTwo, By("mia@desk3", 20min)), 1u);
  EXPECT_THAT(BusyFor("ben@desk4", kTwo), AllOf(HasSubstr("0000:03:00.2"), HasSubstr("20 min")));
}

TEST_F(ReservationsTest, APortOfTwoPairsIsTakenOnce) {
  reservations_.Take(kOne, By("mia@desk3"));
  EXPECT_THAT(BusyFor("ben@desk4", {Pair("1", "2")}), HasSubstr("reserved by mia@desk3"));
  EXPECT_THAT(BusyFor("ben@desk4", kOther), IsEmpty());
}

TEST_F(ReservationsTest, NoPortsAreNeverFree) {
  EXPECT_THAT(BusyFor("mia@desk3", {}), HasSubstr("no ports"));
}

TEST_F(ReservationsTest, ItLapsesWithItsTime) {
  reservations_.Take(kOne, By("mia@desk3", 0s));
  EXPECT_THAT(BusyFor("ben@desk4"), IsEmpty());
}

TEST_F(ReservationsTest, ItLapsesWithItsProcess) {
  TakeElsewhere(By("mia@desk3"));
  EXPECT_THAT(BusyFor("ben@desk4"), HasSubstr("mia@desk3"));
  Kill();
  EXPECT_THAT(BusyFor("ben@desk4"), IsEmpty());
}

TEST_F(ReservationsTest, ItLastsWhileItsGuardLives) {
  TakeElsewhere(By("mia@desk3"));
  const pid_t guard = child_;
  reservations_.Take(kOther, By("ben@desk4"));
  reservations_.Keep(kOther[0], IdentityOf(guard, machine_.root()));
  // As if this process, which has taken them, were dead: its start is another's.
  std::string text = *folder_.Read("reservations.json");
  const std::string start = std::to_string(IdentityOf(getpid(), machine_.root()).start);
  text.replace(text.find("\"start\": " + start), 9 + start.size(), "\"start\": 1");
  folder_.Write("reservations.json", text);
  EXPECT_THAT(BusyFor("eva@desk5", kOther),
              AllOf(HasSubstr("the run of ben@desk4 (hil run) has ended"), HasSubstr("try again")));
  Kill();
  EXPECT_THAT(BusyFor("eva@desk5", kOther), IsEmpty());
}

TEST_F(ReservationsTest, ItLapsesWhenTheMachineRestarts) {
  reservations_.Take(kOne, By("mia@desk3"));
  machine_.Write(kBootId, "second\n");
  EXPECT_THAT(BusyFor("ben@desk4"), IsEmpty());
}

TEST_F(ReservationsTest, ByHandItOutlivesItsProcessAndTheMachine) {
  reservations_.Reserve(kOne, By("mia@desk3"));
  machine_.Write(kBootId, "second\n");
  EXPECT_THAT(BusyFor("ben@desk4"), HasSubstr("reserved by mia@desk3"));
  EXPECT_EQ(reservations_.Release(kOne, "ben@desk4"), 0u);
  EXPECT_EQ(reservations_.Release(kOne, "mia@desk3"), 1u);
  EXPECT_THAT(BusyFor("ben@desk4"), IsEmpty());
}

TEST_F(ReservationsTest, ByHandItLapsesWithItsTime) {
  reservations_.Reserve(kOne, By("mia@desk3", 0s));
  EXPECT_THAT(BusyFor("ben@desk4"), IsEmpty());
}

TEST_F(ReservationsTest, ByHandItLetsItsOwnersRunsThroughOneAtATime) {
  reservations_.Reserve(kOther, By("mia@desk3"));
  EXPECT_EQ(reservations_.Take(kTwo, By("mia@desk3")), 1u) << "his own come before free ones";
  EXPECT_THAT(BusyFor("mia@desk3", kOther), HasSubstr("reserved by mia@desk3"));
}

TEST_F(ReservationsTest, ByHandItCanBeProlonged) {
  reservations_.Reserve(kOne, By("mia@desk3", 10min));
  reservations_.Reserve(kOne, By("mia@desk3", 3h));
  EXPECT_THAT(BusyFor("ben@desk4"), HasSubstr("(in 3 h)"));
  EXPECT_THAT(Busy([&] { reservations_.Reserve(kOne, By("ben@desk4")); }),
              HasSubstr("reserved by mia@desk3"));
}

TEST_F(ReservationsTest, ABrokenFileIsSetAside) {
  for (const char* text : {"", "[{\"ports\":[\"0000:0", "{}", "[1]", "\xff\xfe"}) {
    folder_.Write("reservations.json", text);
    EXPECT_THAT(BusyFor("mia@desk3"), IsEmpty()) << text;
    ASSERT_EQ(notes_.size(), 1u) << text;
    EXPECT_THAT(notes_[0], HasSubstr("reservations.json.broken"));
    EXPECT_EQ(folder_.Read("reservations.json.broken"), text);
    notes_.clear();
  }
  EXPECT_THAT(BusyFor("ben@desk4"), HasSubstr("mia@desk3"));
}

TEST_F(ReservationsTest, OfAFullDiskTheOldFileSurvives) {
  reservations_.Reserve(kOne, By("mia@desk3"));
  const std::string before = *folder_.Read("reservations.json");
  std::filesystem::create_symlink("/dev/full", folder_.path() / "reservations.json.new");
  try {
    reservations_.Take(kOther, By("ben@desk4"));
    ADD_FAILURE() << "it is reserved";
  } catch (const PciError& error) {
    EXPECT_THAT(error.what(), HasSubstr("reservations.json: No space left on device"));
  }
  EXPECT_EQ(folder_.Read("reservations.json"), before);
}

/// Takes pairs again and again; the exit code tells whether nobody else had one of its ports.
int TakeManyTimes(Reservations& reservations, const std::filesystem::path& folder) {
  const std::vector<PortPair> pairs = {Pair("0", "1"), Pair("1", "2"), Pair("2", "3")};
  for (int taken = 0; taken < 10;) {
    std::size_t index = 0;
    try {
      index = reservations.Take(pairs, By("somebody"));
    } catch (const BusyError&) {
      continue;
    }
    ++taken;
    for (const std::string& port : pairs[index].addresses) {
      const int fd = open((folder / port).c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      if (fd < 0) return 1;
      close(fd);
    }
    for (const std::string& port : pairs[index].addresses) unlink((folder / port).c_str());
    reservations.GiveBack(pairs[index]);
  }
  return 0;
}

TEST_F(ReservationsTest, OfManyProcessesNoTwoShareAPort) {
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    children.push_back(fork());
    if (children.back() == 0) _exit(TakeManyTimes(reservations_, machine_.root()));
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(folder_.Read("reservations.json"), "[]");
}

}  // namespace
}  // namespace ixylab::hil
