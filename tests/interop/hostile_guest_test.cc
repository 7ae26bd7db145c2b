// One NIC process and the guests that misuse it, one after the other at the same sockets: killed in
// the middle of traffic, left without a card, making trouble of every kind. Whatever they do, the
// next one is served.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hil/files.h"
#include "hil/process.h"
#include "hil/vm/guest_output.h"
#include "hil/vm/qemu.h"
#include "hil/vm/vm.h"
#include "tests/emulator/nic/client.h"
#include "tests/emulator/nic/program.h"
#include "tests/interop/linux_vm.h"

namespace ixylab::hil {
namespace {

using emulator::ConnectTo;
using emulator::ControlClient;
using emulator::Program;
using std::chrono_literals::operator""s;
using testing::Contains;
using testing::HasSubstr;

constexpr std::chrono::seconds kPatience{100};

/// QEMU with the ports of a NIC process that runs already.
class Guest {
 public:
  /// Runs hostile.sh with `what`.
  Guest(const emulator::Folder& sockets, const std::string& what)
      : options_(LinuxVm("82599", "guest")) {
    const Descriptor image =
        MakeImage(options_, {{"storm", FindRunfile("tests/interop/storm")}},
                  GuestScript("hostile.sh", {DriverOf(options_.nic), what}), false);
    const Descriptor a(open((sockets / "a").c_str(), O_PATH | O_CLOEXEC));
    const Descriptor b(open((sockets / "b").c_str(), O_PATH | O_CLOEXEC));
    const QemuDescriptors theirs = {.initramfs = image.get(),
                                    .cards = {a.get(), b.get()},
                                    .output = output_.theirs.get(),
                                    .control = control_.theirs.get(),
                                    .qmp = qmp_.theirs.get()};
    qemu_.emplace(QemuCommand(options_, "tcg", theirs), console_.theirs.get(),
                  Kept(options_, theirs), signals_);
    for (DescriptorPair* pair : {&output_, &control_, &qmp_, &console_}) pair->theirs.Close();
  }

  /// Until the guest has said `line`, or (empty) has ended. False if it does not come.
  bool Says(const std::string& line) {
    wanted_ = line;
    seen_ = false;
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!seen_ && !out_.complete() && std::chrono::steady_clock::now() < end) {
      pollfd ready{.fd = output_.ours.get(), .events = POLLIN, .revents = 0};
      if (poll(&ready, 1, 1000) <= 0) continue;
      std::array<char, 4096> bytes;
      const ssize_t n = read(output_.ours.get(), bytes.data(), bytes.size());
      if (n <= 0) break;
      out_.Add({bytes.data(), static_cast<std::size_t>(n)});
    }
    return seen_ || (line.empty() && out_.complete());
  }
  /// Lines by section.
  std::map<std::string, std::vector<std::string>> sections;

  void Kill() {
    qemu_->Kill();
    qemu_->Wait();
  }
  /// How it ends by itself, and what it says of that; nothing if it does not within `patience`.
  std::optional<int> End(std::chrono::seconds patience, std::string& last_words) {
    siginfo_t info{};
    const auto end = std::chrono::steady_clock::now() + patience;
    while (info.si_pid == 0 && std::chrono::steady_clock::now() < end) {
      waitid(P_PID, static_cast<id_t>(qemu_->pid()), &info, WEXITED | WNOWAIT | WNOHANG);
      usleep(10'000);
    }
    if (info.si_pid == 0) return std::nullopt;
    std::array<char, 65536> bytes;
    const ssize_t n = read(console_.ours.get(), bytes.data(), bytes.size());
    last_words.assign(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    return qemu_->Wait();
  }

 private:
  void OnLine(std::string_view line) {
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    if (line.starts_with("=== ")) section_ = line.substr(4);
    sections[section_].emplace_back(line);
    if (!wanted_.empty() && line == wanted_) seen_ = true;
  }

  const SignalsAsEvents signals_;
  VmOptions options_;
  DescriptorPair output_ = MakeSocketPair(), control_ = MakeSocketPair(), qmp_ = MakeSocketPair(),
                 console_ = MakePipe();
  std::string wanted_, section_;
  bool seen_ = false;
  GuestOutput out_{[this](std::string_view line) { OnLine(line); }};
  std::optional<Child> qemu_;
};

class HostileGuest : public testing::Test {
 protected:
  std::vector<std::string> Arguments() const {
    return {"--socket=" + (folder_ / "a"), "--socket=" + (folder_ / "b"),
            "--control=" + (folder_ / "c"), "--mac=" + std::string(kMac)};
  }
  std::vector<std::string> Ask(const std::string& request) {
    return ControlClient(ConnectTo(folder_ / "c")).Ask(request);
  }

  emulator::Folder folder_;
};

TEST_F(HostileGuest, TheNextOneIsServed) {
  {
    Program nic(Arguments());
    ASSERT_TRUE(nic.Ready()) << nic.Errors();
    {
      Guest guest(folder_, "traffic");
      ASSERT_TRUE(guest.Says("traffic"));
      // A second client at a socket is hung up on.
      char byte = 0;
      const emulator::FileDescriptor second = ConnectTo(folder_ / "a");
      EXPECT_EQ(read(second.get(), &byte, 1), 0);
      EXPECT_THAT(Ask("clients"), Contains("clients 2"));
      guest.Kill();
    }
    EXPECT_TRUE(emulator::Until([&] { return Ask("clients").at(0) == "clients 0"; }));
    EXPECT_THAT(nic.Errors(), HasSubstr("another client came and was refused"));
    {
      Guest guest(folder_, "traffic");
      ASSERT_TRUE(guest.Says("traffic"));
      EXPECT_THAT(Ask("clients"), Contains("port 0 connected, clients so far 2"));
      nic.Signal(SIGKILL);
      EXPECT_EQ(nic.Wait(), -SIGKILL);
      // Whatever QEMU makes of it, it is said, and nobody waits for it.
      std::string last_words;
      const std::optional<int> status = guest.End(5s, last_words);
      std::printf("QEMU without its cards: %s\n%s\n",
                  !status                ? "goes on"
                  : WIFSIGNALED(*status) ? strsignal(WTERMSIG(*status))
                                         : "ends",
                  last_words.c_str());
      if (!status) guest.Kill();
    }
  }
  // At the same paths, which the killed one left behind.
  Program nic(Arguments());
  ASSERT_TRUE(nic.Ready()) << nic.Errors();
  Guest guest(folder_, "trouble");
  ASSERT_TRUE(guest.Says(""));
  EXPECT_THAT(guest.sections["down and up under traffic"], Contains(HasSubstr(" 0% packet loss")));
  EXPECT_THAT(guest.sections["storm"], Contains("exit: 0"));
  EXPECT_THAT(guest.sections["storm"], Contains("reset: 0"));
  EXPECT_THAT(guest.sections["bound again"], Contains(HasSubstr(" 0% packet loss")));
  const std::vector<std::string> faults = Ask("faults");
  ASSERT_GE(faults.size(), 3u);
  EXPECT_THAT(faults, Contains(HasSubstr("0xf0000000: TX queue 0")));
  EXPECT_THAT(nic.Errors(), HasSubstr("DMA fault: port 0"));
  EXPECT_NE(Ask("unknown").at(0), "unknown 0");
  guest.Kill();
  nic.Signal(SIGTERM);
  EXPECT_EQ(nic.Wait(), 0) << nic.Errors();
  EXPECT_THAT(folder_.Files(), testing::IsEmpty());
}

}  // namespace
}  // namespace ixylab::hil
