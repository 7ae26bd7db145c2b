#include "hil/vm/qmp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace ixylab::hil {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::string_view kGreeting = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";

/// A QEMU whose answers are there before the questions.
class QmpTest : public testing::Test {
 protected:
  void Answer(std::string_view text) {
    ASSERT_EQ(write(qemu_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string Commands() {
    std::array<char, 4096> bytes;
    const ssize_t n = recv(qemu_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    return {bytes.data(), static_cast<std::size_t>(n < 0 ? 0 : n)};
  }

  DescriptorPair sockets_ = MakeSocketPair();
  Descriptor qemu_ = std::move(sockets_.theirs);
  Qmp qmp_{std::move(sockets_.ours)};
};

TEST_F(QmpTest, SetLinkNegotiatesOnce) {
  Answer(kGreeting);
  Answer("{\"return\": {}}\r\n{\"event\": \"STOP\", \"data\": {}}\r\n{\"return\": {}}\r\n");
  qmp_.SetLink("nic0", false);
  Answer("{\"return\": {}}\r\n");
  qmp_.SetLink("nic1", true);

  const std::string commands = Commands();
  std::vector<json> lines;
  for (std::size_t begin = 0, end; (end = commands.find('\n', begin)) != commands.npos;
       begin = end + 1) {
    lines.push_back(json::parse(commands.substr(begin, end - begin)));
  }
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0]["execute"], "qmp_capabilities");
  EXPECT_EQ(lines[1], json::parse(R"({"execute": "set_link",
                                      "arguments": {"name": "nic0", "up": false}})"));
  EXPECT_EQ(lines[2], json::parse(R"({"execute": "set_link",
                                      "arguments": {"name": "nic1", "up": true}})"));
}

TEST_F(QmpTest, WhatQemuRefusesIsTold) {
  Answer(kGreeting);
  Answer("{\"return\": {}}\n{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"no x\"}}\n");
  EXPECT_THAT([this] { qmp_.SetLink("x", true); }, ThrowsMessage<std::runtime_error>("QEMU: no x"));
}

TEST_F(QmpTest, QemuIsGone) {
  Answer(kGreeting);
  qemu_.Close();
  EXPECT_THAT([this] { qmp_.SetLink("x", true); },
              ThrowsMessage<std::runtime_error>(HasSubstr("QEMU")));
}

TEST_F(QmpTest, QemuHangs) {
  Answer(kGreeting);
  EXPECT_THAT([this] { qmp_.SetLink("x", true); },
              ThrowsMessage<std::runtime_error>("QEMU does not answer"));
}

}  // namespace
}  // namespace ixylab::hil
