// The program and the file system: sockets, files, and what it says of wrong ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/emulator/nic/client.h"
#include "tests/emulator/nic/program.h"

namespace ixylab::emulator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

mode_t ModeOf(const std::string& path) {
  struct stat status {};
  lstat(path.c_str(), &status);
  return status.st_mode & 07777;
}

/// The program's last word, if it is the one line that it may say.
std::string ErrorOf(const std::vector<std::string>& arguments) {
  Program program(arguments);
  const int code = program.Wait();
  EXPECT_TRUE(code == 1 || code == 2) << code;
  EXPECT_EQ(program.Output(), "");
  const std::string error = program.Errors();
  EXPECT_EQ(std::ranges::count(error, '\n'), 1) << error;
  EXPECT_THAT(error, StartsWith("nic: "));
  return error;
}

TEST(Places, SocketsAreForTheirOwnerAloneAndRemovedAtTheEnd) {
  const Folder folder;
  Program program({"--socket=" + (folder / "a"), "--socket=" + (folder / "b"),
                   "--control=" + (folder / "c"), "--wire=stream:listen:unix:" + (folder / "w")});
  ASSERT_TRUE(program.Ready()) << program.Errors();
  EXPECT_EQ(program.Output(),
            "nic: 82599, 2 ports: " + (folder / "a") + " " + (folder / "b") + "\n");
  for (const std::string name : {"a", "b", "c", "w"}) EXPECT_EQ(ModeOf(folder / name), 0600u);
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_THAT(folder.Files(), IsEmpty());
}

class EndSignalTest : public ::testing::TestWithParam<int> {};

TEST_P(EndSignalTest, SaysWhyAndEndsWell) {
  const Folder folder;
  Program program({"--nic=virtio-net", "--socket=" + (folder / "a")});
  ASSERT_TRUE(program.Ready());
  program.Signal(GetParam());
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_EQ(program.Output(), "nic: virtio-net, 1 port: " + (folder / "a") + "\nnic: ends: SIG" +
                                  sigabbrev_np(GetParam()) +
                                  "; 0 accesses to unknown registers, 0 DMA faults\n");
  EXPECT_THAT(folder.Files(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(, EndSignalTest, ::testing::Values(SIGTERM, SIGINT, SIGHUP));

TEST(Places, ASocketInUseIsLeftAlone) {
  const Folder folder;
  Program first({"--socket=" + (folder / "a"), "--once"});
  ASSERT_TRUE(first.Ready());
  EXPECT_THAT(ErrorOf({"--socket=" + (folder / "a")}), HasSubstr("in use by a running process"));
  // The first one did not even notice.
  VfioUserClient client(ConnectTo(folder / "a"));
  EXPECT_EQ(client.Read(VfioUserClient::kConfigSpace, 0), 0x10FB8086u);
}

TEST(Places, KilledAndStartedAgain) {
  const Folder folder;
  const std::vector<std::string> arguments = {"--socket=" + (folder / "a"),
                                              "--socket=" + (folder / "b")};
  for (int i = 0; i < 3; ++i) {
    Program program(arguments);
    ASSERT_TRUE(program.Ready()) << program.Errors();
    program.Signal(SIGKILL);
    EXPECT_EQ(program.Wait(), -SIGKILL);
    EXPECT_THAT(folder.Files(), ElementsAre("a", "b"));  // stale
  }
  Program program(arguments);
  ASSERT_TRUE(program.Ready()) << program.Errors();
  EXPECT_TRUE(VfioUserClient(ConnectTo(folder / "b")).Read(VfioUserClient::kConfigSpace, 0));
}

TEST(Places, WrongOnes) {
  const Folder folder;
  std::ofstream(folder / "file") << "precious";
  const std::string socket = "--socket=" + (folder / "a");
  EXPECT_THAT(ErrorOf({"--socket=" + (folder / "file")}), HasSubstr("is no socket"));
  EXPECT_THAT(ErrorOf({"--socket=" + (folder / "no/a")}), HasSubstr("does not exist"));
  EXPECT_THAT(ErrorOf({socket, "--control=" + (folder / "no/c")}), HasSubstr("does not exist"));
  EXPECT_THAT(ErrorOf({socket, "--trace=" + (folder / "no/t")}), HasSubstr("No such file"));
  EXPECT_THAT(ErrorOf({socket, "--report=" + (folder / "no/r")}), HasSubstr("No such file"));
  EXPECT_THAT(ErrorOf({socket, "--wire=pcap:" + (folder / "no/p")}), HasSubstr("No such file"));
  EXPECT_THAT(ErrorOf({socket, "--wire=pcap:/dev/full"}), HasSubstr("regular file"));
  EXPECT_THAT(ErrorOf({socket, "--wire=stream:listen:unix:" + (folder / "file")}),
              HasSubstr("is no socket"));
  EXPECT_THAT(ErrorOf({socket, "--wire=tap:lo"}), HasSubstr("lo"));
  EXPECT_THAT(ErrorOf({socket, "--nic=ne2000"}), HasSubstr("there are 82599"));
  EXPECT_THAT(ErrorOf({}), HasSubstr("--socket is required"));
  EXPECT_EQ(ReadFile(folder / "file"), "precious");
  EXPECT_THAT(folder.Files(), ElementsAre("file"));
}

TEST(Places, Help) {
  Program program({"--help"});
  EXPECT_EQ(program.Wait(), 0);
  for (const char* option :
       {"--nic", "--socket", "--wire", "--mac", "--trace", "--report", "--control", "--once"}) {
    EXPECT_THAT(program.Output(), HasSubstr(option));
  }
}

TEST(Places, InheritedSocketsThatListen) {
  const Folder folder;
  FileDescriptor listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage name{};
  name.ss_family = AF_UNIX;
  // A name that the kernel makes up (unix(7), autobind).
  ASSERT_EQ(bind(listening.get(), reinterpret_cast<const sockaddr*>(&name), 2), 0);
  ASSERT_EQ(listen(listening.get(), 1), 0);
  socklen_t size = sizeof(name);
  ASSERT_EQ(getsockname(listening.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
  Program program({"--socket=fd:" + std::to_string(listening.get())}, {listening.get()});
  ASSERT_TRUE(program.Ready()) << program.Errors();
  for (int i = 0; i < 2; ++i) {
    FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), size), 0);
    VfioUserClient client(std::move(socket));
    EXPECT_EQ(client.Read(VfioUserClient::kConfigSpace, 0), 0x10FB8086u);
  }
}

}  // namespace
}  // namespace ixylab::emulator
