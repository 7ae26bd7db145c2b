#include "tests/emulator/host/vfio_user/client.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <utility>

namespace ixylab::emulator {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kHeader = 16;

}  // namespace

// --- ScriptedFunction ---

ScriptedFunction::ScriptedFunction() {
  regions_[0].resize(kBarBytes);
  regions_[4].resize(kBarBytes);
  regions_[kConfig].resize(4096);
  ResetFunction();
  resets = 0;
}

std::uint32_t ScriptedFunction::RegionBytes(unsigned region) const {
  return region < regions_.size() ? static_cast<std::uint32_t>(regions_[region].size()) : 0;
}

void ScriptedFunction::ResetFunction() {
  ++resets;
  work = 0;
  for (auto& region : regions_) std::ranges::fill(region, std::byte{0});
  const auto config = [&](std::uint32_t offset, unsigned bytes, std::uint32_t value) {
    Write(kConfig, offset, bytes, value);
  };
  config(0x00, 4, 0x10FB8086);
  config(0x06, 2, 0x0010);  // there is a list of capabilities
  config(0x34, 1, 0x50);
  config(0x3D, 1, 1);           // INTA#
  config(0x50, 4, 0x00047005);  // MSI, next 0x70, four messages
  config(0x70, 4, 0x00030011);  // MSI-X, last, four vectors
  config(0x74, 4, kTableOffset | 4);
  config(0x78, 4, 0xC00 | 4);
  for (std::uint32_t v = 0; v < 4; ++v) Write(4, kTableOffset + 16 * v + 12, 4, 1);  // masked
}

std::uint32_t ScriptedFunction::Read(unsigned region, std::uint32_t offset, unsigned bytes) {
  std::uint32_t value = 0;
  if (offset + bytes <= RegionBytes(region)) std::memcpy(&value, &regions_[region][offset], bytes);
  if (region == 0) accesses.push_back({'R', region, offset, bytes, value});
  return value;
}

void ScriptedFunction::Write(unsigned region, std::uint32_t offset, unsigned bytes,
                             std::uint32_t value) {
  if (offset + bytes <= RegionBytes(region)) std::memcpy(&regions_[region][offset], &value, bytes);
  if (region != 0) return;
  accesses.push_back({'W', region, offset, bytes, value});
  if (at_next_write) std::exchange(at_next_write, nullptr)();
}

bool ScriptedFunction::Run() {
  if (work == 0) return false;
  --work;
  at_work();
  return true;
}

// --- Memory and descriptors ---

Memory::Memory(std::size_t size) : fd_(memfd_create("test", MFD_CLOEXEC)) {
  EXPECT_EQ(ftruncate(fd(), static_cast<off_t>(size)), 0);
  void* const start = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd(), 0);
  EXPECT_NE(start, MAP_FAILED);
  bytes_ = {static_cast<std::byte*>(start), size};
}

Memory::~Memory() { munmap(bytes_.data(), bytes_.size()); }

FileDescriptor MakeEventfd(int flags) { return FileDescriptor(eventfd(0, flags | EFD_CLOEXEC)); }

std::uint64_t TakeEvents(const FileDescriptor& event) {
  eventfd_t count = 0;
  return eventfd_read(event.get(), &count) == 0 ? count : 0;
}

std::size_t OpenDescriptors() {
  // One of them is the directory.
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

// --- Client ---

bool Client::SendBytes(std::span<const std::byte> bytes, std::span<const int> fds) {
  while (!bytes.empty()) {
    iovec piece{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
    std::vector<std::byte> control(fds.empty() ? 0 : CMSG_SPACE(fds.size_bytes()));
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* const header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(fds.size_bytes());
      std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
    }
    const ssize_t sent = sendmsg(fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
    fds = {};
  }
  return true;
}

bool Client::Send(std::uint16_t command, const Bytes& payload, std::span<const int> fds,
                  std::uint32_t flags) {
  Bytes message = Pack(next_id_++, command, static_cast<std::uint32_t>(kHeader + payload.size()),
                       flags, std::uint32_t{0});
  message.insert(message.end(), payload.begin(), payload.end());
  if (SendBytes(message, fds)) return true;
  Settle();
  return SendBytes(message, fds);
}

std::optional<Client::Answer> Client::Receive() {
  Bytes bytes;
  std::size_t wanted = kHeader;
  const auto deadline = steady_clock::now() + milliseconds(30'000);
  while (steady_clock::now() < deadline) {
    const std::size_t before = bytes.size();
    bytes.resize(wanted);
    iovec room{.iov_base = bytes.data() + before, .iov_len = wanted - before};
    alignas(cmsghdr) std::byte control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &room;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(fd(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message); got > 0 && header != nullptr) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
      received_ = FileDescriptor(descriptor);
    }
    bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0 || (got < 0 && errno != EAGAIN)) return std::nullopt;
    if (bytes.size() == kHeader) wanted = Unpack<std::uint32_t>(bytes, 4);
    if (bytes.size() == wanted) {
      return Answer{.id = Unpack<std::uint16_t>(bytes, 0),
                    .command = Unpack<std::uint16_t>(bytes, 2),
                    .flags = Unpack<std::uint32_t>(bytes, 8),
                    .error = Unpack<std::int32_t>(bytes, 12),
                    .payload = Bytes(bytes.begin() + kHeader, bytes.end())};
    }
    host_.Step(milliseconds(got < 0 ? 1 : 0));
  }
  ADD_FAILURE() << "no answer";
  return std::nullopt;
}

Client::Answer Client::Call(std::uint16_t command, const Bytes& payload, std::span<const int> fds) {
  Send(command, payload, fds);
  const std::uint16_t id = static_cast<std::uint16_t>(next_id_ - 1);
  const Answer answer = Receive().value_or(Answer{});
  if (answer.flags != 0) {
    EXPECT_EQ(answer.id, id);
    EXPECT_EQ(answer.command, command);
  }
  return answer;
}

void Client::Settle() {
  const auto deadline = steady_clock::now() + milliseconds(30'000);
  while (host_.Step(milliseconds(0))) ASSERT_LT(steady_clock::now(), deadline);
}

bool Client::HungUp() {
  Settle();
  std::byte unused;
  for (;;) {
    const ssize_t got = recv(fd(), &unused, 1, MSG_DONTWAIT);
    if (got <= 0) return got == 0 || errno != EAGAIN;
  }
}

bool Client::Negotiate() {
  constexpr char kProposal[] =
      R"({"capabilities": {"max_msg_fds": 16, "max_data_xfer_size": 1048576, "pgsizes": 4096,)"
      R"( "max_dma_maps": 65535, "migration": {"pgsize": 4096}, "write_multiple": true}})";
  return Call(kVersion, Pack(std::uint16_t{0}, std::uint16_t{0}, kProposal)).ok();
}

std::uint32_t Client::ReadRegister(std::uint32_t region, std::uint64_t offset,
                                   std::uint32_t bytes) {
  const Answer answer = Call(kRegionRead, Pack(offset, region, bytes));
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(answer.payload.size(), 16 + bytes);
  std::uint32_t value = 0;
  if (answer.payload.size() == 16 + bytes) std::memcpy(&value, &answer.payload[16], bytes);
  return value;
}

void Client::WriteRegister(std::uint32_t region, std::uint64_t offset, std::uint32_t value,
                           std::uint32_t bytes) {
  Bytes payload = Pack(offset, region, bytes, value);
  payload.resize(16 + bytes);
  EXPECT_TRUE(Call(kRegionWrite, payload).ok());
}

int Client::Map(std::uint64_t iova, std::uint64_t size, int fd, std::uint64_t offset,
                std::uint32_t flags) {
  const Answer answer = Call(kDmaMap, Pack(std::uint32_t{32}, flags, offset, iova, size),
                             fd < 0 ? std::span<const int>() : std::span<const int>(&fd, 1));
  EXPECT_TRUE(answer.payload.empty());
  return answer.error;
}

int Client::Unmap(std::uint64_t iova, std::uint64_t size, std::uint32_t flags) {
  const Bytes request = Pack(std::uint32_t{24}, flags, iova, size);
  const Answer answer = Call(kDmaUnmap, request);
  if (answer.ok()) {
    EXPECT_EQ(answer.payload, request) << "the original request";
  }
  return answer.error;
}

int Client::SetIrqs(std::uint32_t index, std::uint32_t flags, std::uint32_t start,
                    std::uint32_t count, std::span<const int> fds, const Bytes& booleans) {
  Bytes payload =
      Pack(static_cast<std::uint32_t>(20 + booleans.size()), flags, index, start, count);
  payload.insert(payload.end(), booleans.begin(), booleans.end());
  return Call(kSetIrqs, payload, fds).error;
}

// --- Rig ---

Rig::Rig(unsigned ports, bool map_doorbells)
    : host(
          loop,
          {.spin = Nanoseconds{0},
           .map_doorbells = map_doorbells,
           .hooks = {.log = [this](unsigned, std::string_view line) { log.emplace_back(line); },
                     .fault = [this](const DmaFault& fault) { faults.push_back(fault); },
                     .access = [this](const RegisterAccess& access) { accesses.push_back(access); },
                     .connected =
                         [this](unsigned port) {
                           comings.push_back("port " + std::to_string(port) + " connected");
                         },
                     .gone =
                         [this](unsigned port, std::string_view why) {
                           comings.push_back("port " + std::to_string(port) +
                                             " gone: " + std::string(why));
                         }}}) {
  for (unsigned i = 0; i < ports; ++i) {
    functions.push_back(std::make_unique<ScriptedFunction>());
    host.Plug(*functions.back());
  }
}

Client Rig::Connect(unsigned port) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  host.Attach(port, FileDescriptor(ends[0]));
  return {host, FileDescriptor(ends[1])};
}

Client Rig::Negotiated(unsigned port) {
  Client client = Connect(port);
  EXPECT_TRUE(client.Negotiate());
  return client;
}

}  // namespace ixylab::emulator
