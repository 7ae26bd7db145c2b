#include "emulator/sockets/address.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>

namespace ixylab::emulator {
namespace {

using ::testing::HasSubstr;

/// What is said of a wrong address, or "" if it is taken for right.
std::string ErrorOf(const std::string& text) {
  try {
    ParseAddress(text);
    return "";
  } catch (const SocketError& error) {
    return error.what();
  }
}

TEST(Address, Unix) {
  const SocketAddress address = ParseAddress("unix:run/a.sock");
  EXPECT_EQ(address.kind, SocketAddress::Kind::kUnix);
  EXPECT_EQ(address.path, "run/a.sock");
  const auto* name = reinterpret_cast<const sockaddr_un*>(address.native());
  EXPECT_EQ(name->sun_family, AF_UNIX);
  EXPECT_STREQ(name->sun_path, "run/a.sock");
}

TEST(Address, UnixPathsAsLongAsTheKernelTakes) {
  EXPECT_EQ(ErrorOf("unix:" + std::string(107, 'x')), "");
  EXPECT_THAT(ErrorOf("unix:" + std::string(108, 'x')), HasSubstr("108 bytes"));
  EXPECT_THAT(ErrorOf("unix:"), HasSubstr("needs a path"));
}

TEST(Address, Inet) {
  for (const std::string text : {"127.0.0.1:1234", "localhost:1234"}) {
    const SocketAddress address = ParseAddress(text);
    EXPECT_EQ(address.kind, SocketAddress::Kind::kInet);
    const auto* name = reinterpret_cast<const sockaddr_in*>(address.native());
    EXPECT_EQ(name->sin_family, AF_INET);
    EXPECT_EQ(ntohs(name->sin_port), 1234);
    EXPECT_EQ(ntohl(name->sin_addr.s_addr), INADDR_LOOPBACK);
  }
}

TEST(Address, Inet6) {
  const SocketAddress address = ParseAddress("[::1]:80");
  const auto* name = reinterpret_cast<const sockaddr_in6*>(address.native());
  EXPECT_EQ(name->sin6_family, AF_INET6);
  EXPECT_EQ(ntohs(name->sin6_port), 80);
  EXPECT_TRUE(IN6_IS_ADDR_LOOPBACK(&name->sin6_addr));
}

TEST(Address, SaysWhatIsWrongWithAnInternetAddress) {
  EXPECT_THAT(ErrorOf("nonsense"), HasSubstr("is no address"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("is no address"));
  EXPECT_THAT(ErrorOf("127.0.0.1:"), HasSubstr("no port"));
  EXPECT_THAT(ErrorOf("127.0.0.1:0"), HasSubstr("no port"));
  EXPECT_THAT(ErrorOf("127.0.0.1:65536"), HasSubstr("no port"));
  EXPECT_THAT(ErrorOf("127.0.0.1:12x"), HasSubstr("no port"));
  EXPECT_THAT(ErrorOf("example.org:80"), HasSubstr("host"));
  EXPECT_THAT(ErrorOf("[::g]:80"), HasSubstr("host"));
  EXPECT_THAT(ErrorOf(":80"), HasSubstr("host"));
}

TEST(Address, InheritedSocket) {
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress address = ParseAddress("fd:" + std::to_string(socket.get()));
  EXPECT_EQ(address.kind, SocketAddress::Kind::kInherited);
  EXPECT_EQ(address.fd, socket.get());
}

TEST(Address, WhatIsNoOpenSocketIsNotInherited) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const FileDescriptor reader(pipe_ends[0]), writer(pipe_ends[1]);
  for (const std::string& text :
       {std::to_string(reader.get()), std::string("1000000"), std::string("-1"), std::string(""),
        std::string("3x"), std::string("99999999999999999999")}) {
    EXPECT_THAT(ErrorOf("fd:" + text), HasSubstr("no open socket")) << text;
  }
  EXPECT_EQ(ParseInherited("unix:a"), -1);
}

}  // namespace
}  // namespace ixylab::emulator
