#include "emulator/sockets/bound_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace ixylab::emulator {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

/// In a folder of its own, whose name is short enough for sockets.
class BoundPathTest : public ::testing::Test {
 protected:
  BoundPathTest() {
    std::string folder = "/tmp/ixylab.XXXXXX";
    folder_ = mkdtemp(folder.data());
  }
  ~BoundPathTest() override { fs::remove_all(folder_); }

  SocketAddress Address(const std::string& name) { return UnixAddress((folder_ / name).string()); }
  bool Exists(const std::string& name) { return fs::exists(fs::symlink_status(folder_ / name)); }
  /// What is said where a listener is made, or "" if it can be.
  std::string ErrorAt(const std::string& name) {
    try {
      Listener listener(Address(name));
      return "";
    } catch (const SocketError& error) {
      return error.what();
    }
  }
  /// Binds as a process does that is killed later.
  FileDescriptor BindAlone(const std::string& name, int type = SOCK_STREAM) {
    const SocketAddress address = Address(name);
    FileDescriptor socket = OpenSocket(address, type);
    EXPECT_EQ(bind(socket.get(), address.native(), address.name_bytes), 0);
    EXPECT_TRUE(type != SOCK_STREAM || listen(socket.get(), 1) == 0);
    return socket;
  }

  fs::path folder_;
};

TEST_F(BoundPathTest, IsForItsOwnerAloneWhateverTheUmask) {
  for (const mode_t mask : {0, 022, 0777}) {
    const mode_t before = umask(mask);
    const Listener listener(Address("a"));
    struct stat status;
    EXPECT_EQ(lstat((folder_ / "a").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
    EXPECT_EQ(umask(before), mask);  // and the process's is as before
  }
}

TEST_F(BoundPathTest, TakesConnections) {
  const Listener listener(Address("a"));
  const FileDescriptor client = OpenSocket(Address("a"), SOCK_STREAM);
  const SocketAddress address = Address("a");
  EXPECT_EQ(connect(client.get(), address.native(), address.name_bytes), 0);
  EXPECT_TRUE(FileDescriptor(accept(listener.socket.get(), nullptr, nullptr)));
}

TEST_F(BoundPathTest, IsRemovedAtTheEnd) {
  { const Listener listener(Address("a")); }
  EXPECT_FALSE(Exists("a"));
}

TEST_F(BoundPathTest, LeavesASocketThatIsNotItsOwn) {
  std::optional<Listener> listener(std::in_place, Address("a"));
  fs::remove(folder_ / "a");
  const FileDescriptor other = BindAlone("a");
  listener.reset();
  EXPECT_TRUE(Exists("a"));
}

TEST_F(BoundPathTest, TakesThePlaceOfAStaleSocket) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    BindAlone("a", type).Close();
    ASSERT_TRUE(Exists("a"));
    EXPECT_EQ(ErrorAt("a"), "");
  }
}

TEST_F(BoundPathTest, LeavesASocketThatIsInUse) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    const FileDescriptor other = BindAlone("a", type);
    EXPECT_THAT(ErrorAt("a"), HasSubstr("in use by a running process"));
    EXPECT_TRUE(Exists("a"));
    fs::remove(folder_ / "a");
  }
}

TEST_F(BoundPathTest, WhoeverLooksIsNotNoticed) {
  const FileDescriptor other = BindAlone("a");
  EXPECT_NE(ErrorAt("a"), "");
  EXPECT_LT(accept(other.get(), nullptr, nullptr), 0);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(BoundPathTest, LeavesWhatIsNoSocket) {
  std::ofstream(folder_ / "file") << "precious";
  fs::create_symlink(folder_ / "nowhere", folder_ / "link");
  fs::create_directory(folder_ / "folder");
  for (const std::string name : {"file", "link", "folder"}) {
    EXPECT_THAT(ErrorAt(name), HasSubstr("exists and is no socket")) << name;
    EXPECT_TRUE(Exists(name));
  }
}

TEST_F(BoundPathTest, SaysThatTheFolderIsMissing) {
  EXPECT_THAT(ErrorAt("missing/a"), HasSubstr("does not exist"));
}

TEST_F(BoundPathTest, DatagramSocketsToo) {
  const SocketAddress address = Address("a");
  const FileDescriptor socket = OpenSocket(address, SOCK_DGRAM);
  const BoundPath path(socket, address);
  const FileDescriptor other = OpenSocket(address, SOCK_DGRAM);
  EXPECT_EQ(sendto(other.get(), "x", 1, 0, address.native(), address.name_bytes), 1);
  char byte;
  EXPECT_EQ(recv(socket.get(), &byte, 1, 0), 1);
}

}  // namespace
}  // namespace ixylab::emulator
