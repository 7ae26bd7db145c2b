#include "tests/emulator/nic/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cstring>

namespace ixylab::emulator {
namespace {

constexpr std::size_t kHeader = 16;
constexpr std::uint16_t kVersion = 1, kRegionRead = 9, kRegionWrite = 10;
constexpr std::uint32_t kTypeMask = 0xF, kReply = 1, kError = 0x20;

void SetDeadline(const FileDescriptor& socket) {
  const timeval deadline{.tv_sec = 10, .tv_usec = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
}

template <typename... T>
std::string Pack(const T&... values) {
  std::string bytes;
  (bytes.append(reinterpret_cast<const char*>(&values), sizeof(values)), ...);
  return bytes;
}

template <typename T>
T Unpack(const std::string& bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

bool ReadExactly(int fd, std::string& to) {
  return to.empty() ||
         recv(fd, to.data(), to.size(), MSG_WAITALL) == static_cast<ssize_t>(to.size());
}

}  // namespace

FileDescriptor ConnectTo(const std::string& path) {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0) {
    return FileDescriptor();
  }
  return socket;
}

std::pair<FileDescriptor, FileDescriptor> MakePair(int type) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

VfioUserClient::VfioUserClient(FileDescriptor socket) : socket_(std::move(socket)) {
  EXPECT_TRUE(socket_);
  SetDeadline(socket_);
  const std::string proposal = R"({"capabilities": {"max_msg_fds": 8}})";
  EXPECT_TRUE(Call(kVersion, Pack(std::uint32_t{0}) + proposal + '\0'));
}

std::optional<std::string> VfioUserClient::Call(std::uint16_t command, const std::string& payload) {
  const auto size = static_cast<std::uint32_t>(kHeader + payload.size());
  const std::uint16_t id = next_id_++;
  SendRaw(Pack(id, command, size, std::uint32_t{0}, std::uint32_t{0}) + payload);
  std::string header(kHeader, '\0');
  if (!ReadExactly(socket_.get(), header)) return std::nullopt;
  const auto length = Unpack<std::uint32_t>(header, 4), flags = Unpack<std::uint32_t>(header, 8);
  if (Unpack<std::uint16_t>(header, 0) != id || length < kHeader || length > 1 << 20) {
    ADD_FAILURE() << "no reply to what was asked";
    return std::nullopt;
  }
  std::string answer(length - kHeader, '\0');
  if (!ReadExactly(socket_.get(), answer)) return std::nullopt;
  if ((flags & kTypeMask) != kReply || (flags & kError) != 0) return std::nullopt;
  return answer;
}

std::optional<std::uint32_t> VfioUserClient::Read(std::uint32_t region, std::uint64_t offset,
                                                  std::uint32_t bytes) {
  const auto answer = Call(kRegionRead, Pack(offset, region, bytes));
  if (!answer || answer->size() < 16 + bytes) return std::nullopt;
  std::uint32_t value = 0;
  std::memcpy(&value, answer->data() + 16, bytes);
  return value;
}

bool VfioUserClient::Write(std::uint32_t region, std::uint64_t offset, std::uint32_t value,
                           std::uint32_t bytes) {
  return Call(kRegionWrite, Pack(offset, region, bytes) + Pack(value).substr(0, bytes)).has_value();
}

void VfioUserClient::SendRaw(const std::string& bytes) {
  EXPECT_EQ(send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

std::vector<std::string> ControlClient::Ask(const std::string& request) {
  Send(request + "\n");
  std::vector<std::string> lines;
  while (const auto line = ReadLine()) {
    lines.push_back(*line);
    if (*line == "ok" || line->starts_with("error ")) break;
  }
  return lines;
}

void ControlClient::Send(const std::string& bytes) {
  SetDeadline(socket_);
  send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

std::optional<std::string> ControlClient::ReadLine() {
  std::string line;
  for (char byte; recv(socket_.get(), &byte, 1, 0) == 1; line += byte) {
    if (byte == '\n') return line;
  }
  return std::nullopt;
}

}  // namespace ixylab::emulator
