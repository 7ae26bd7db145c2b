// The vfio-user server under any bytes and descriptors from a client: messages right and wrong, cut
// up anywhere, with memory that is mapped, unmapped and taken away under a device that accesses it.
#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "emulator/dma.h"
#include "emulator/host/event_loop.h"
#include "emulator/host/file_descriptor.h"
#include "emulator/host/vfio_user/vfio_user_host.h"
#include "tests/fuzz/input.h"

namespace ixylab::fuzz {
namespace {

using emulator::FileDescriptor;
using emulator::NicFunction;
using emulator::VfioUserHost;

constexpr std::uint32_t kVendorAndDevice = 0x10FB8086;
constexpr std::uint64_t kPage = 4096;
// "Commands" of QEMU's docs/interop/vfio-user.rst
constexpr std::uint16_t kVersion = 1, kDmaMap = 2, kDmaUnmap = 3, kSetIrqs = 8, kRegionRead = 9,
                        kRegionWrite = 10;

/// Registers that are storage, four MSI-X vectors, and a register that makes it access memory.
class Device final : public NicFunction {
 public:
  static constexpr std::uint32_t kBarBytes = 4096, kAddress = 0x80, kGo = 0x88, kTable = 0x800;
  static constexpr std::uint32_t kWriteMemory = 1u << 31, kMessage = 1u << 30, kIntx = 1u << 29;

  explicit Device(VfioUserHost& host) : host_(host), dma_(host, 0) { ResetFunction(); }

  std::uint32_t RegionBytes(unsigned region) const override {
    return region == 0 || region == 4 || region == kConfigSpace ? kBarBytes : 0;
  }
  void ResetFunction() override {
    for (auto& region : regions_) region.fill(std::byte{0});
    const auto config = [&](std::uint32_t offset, std::uint32_t value) {
      Write(kConfigSpace, offset, 4, value);
    };
    config(0x00, kVendorAndDevice);
    config(0x04, 0x00100000);  // a list of capabilities
    config(0x34, 0x50);
    config(0x3C, 0x100);       // INTA#
    config(0x50, 0x00047005);  // MSI, next 0x70, four messages
    config(0x70, 0x00030011);  // MSI-X, last, four vectors
    config(0x74, kTable | 4);
    work_ = 0;
  }
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override {
    std::uint32_t value = 0;
    std::memcpy(&value, At(region, offset, bytes), bytes);
    return value;
  }
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override {
    std::memcpy(At(region, offset, bytes), &value, bytes);
    if (region == 0 && offset == kGo) Go(value);
  }
  void* MapRegister(unsigned, std::uint32_t) override { return nullptr; }
  std::vector<emulator::MappableArea> MappableAreas() const override { return {{0, 0, 64}}; }
  bool Run() override { return work_ != 0 && --work_ != 0; }

 private:
  std::byte* At(unsigned region, std::uint32_t offset, unsigned bytes) {
    Require(RegionBytes(region) != 0 && offset % bytes == 0 && offset <= kBarBytes - bytes &&
                (bytes == 1 || bytes == 2 || bytes == 4),
            "a host asks for registers that are there");
    return &regions_[region][offset];
  }
  void Go(std::uint32_t what) {
    std::uint64_t iova;
    std::memcpy(&iova, &regions_[0][kAddress], sizeof iova);
    std::array<std::byte, 0x2000> buffer;
    const auto bytes = std::span(buffer).first(what % (buffer.size() + 1));
    if ((what & kWriteMemory) != 0) {
      std::ranges::fill(bytes, std::byte{0x3C});
      if (!dma_.Write(iova, bytes)) {
        dma_.Fault(emulator::Dma::Access::kWrite, iova, bytes.size(), "a buffer");
      }
    } else if (dma_.Read(iova, bytes)) {
      work_ = bytes.size() % 256;
    }
    if ((what & kMessage) != 0) host_.RaiseVector(0, what % 8);
    host_.SetIntx(0, (what & kIntx) != 0);
  }

  VfioUserHost& host_;
  emulator::Dma dma_;
  std::array<std::array<std::byte, kBarBytes>, 8> regions_;
  std::size_t work_ = 0;
};

/// The server, and the descriptors that clients send.
struct Server {
  explicit Server(bool map_doorbells)
      : host(loop, {.spin = emulator::Nanoseconds{0}, .map_doorbells = map_doorbells}),
        device(host) {
    host.Plug(device);
    constexpr off_t kSize = 4 * kPage;
    Require(ftruncate(memory.get(), kSize) == 0 && ftruncate(odd.get(), 100) == 0, "ftruncate");
  }

  static int NextDescriptor() {
    const FileDescriptor next(dup(0));
    return next.get();
  }
  void Settle() {
    for (unsigned steps = 0; host.Step(emulator::Nanoseconds{0});) {
      Require(++steps < 100'000, "a server comes to rest");
    }
  }

  emulator::EventLoop loop;
  VfioUserHost host;
  Device device;
  FileDescriptor memory{memfd_create("memory", MFD_CLOEXEC)};
  FileDescriptor odd{memfd_create("odd", MFD_CLOEXEC)};
  FileDescriptor event{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  FileDescriptor blocking_event{eventfd(0, EFD_CLOEXEC)};
};

class Client {
 public:
  explicit Client(Server& server) : server_(server) {
    int ends[2] = {-1, -1};
    Require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    socket_ = FileDescriptor(ends[1]);
    server.host.Attach(0, FileDescriptor(ends[0]));
  }

  /// The version, then a look at the device's identity.
  void ExpectService() {
    Put(std::uint32_t{0});
    Send(kVersion);
    Put(std::uint64_t{0}, std::uint32_t{NicFunction::kConfigSpace}, std::uint32_t{4});
    Send(kRegionRead);
    server_.Settle();
    TakeReplies();
    Require(last_reply_.size() == 36 &&
                std::memcmp(&last_reply_[32], &kVendorAndDevice, sizeof kVendorAndDevice) == 0,
            "a server serves");
  }

  /// One step of the input; false at its end.
  bool Do(Input& input);

  /// Replies come in the order of the requests, one for each that wants one, until the connection
  /// is over.
  void TakeReplies();

 private:
  enum class Step : std::uint8_t {
    kBytes,       // u8: how many follow
    kMessage,     // command u8, flags u8, descriptors u8, u8: how many bytes of payload follow
    kWrite,       // region u8, offset u16, value u32, as a driver does
    kMap,         // pages u8 (where, how many), file and flags u8
    kUnmap,       // pages u8, flags u8
    kInterrupts,  // index u8, flags u8, start u8, count u8, descriptors u8
    kGo,          // address u16, what u32: the device accesses memory
    kSettle,      // the server works, and replies are read
    kWork,        // the server works, and replies are not read
    kTakeMemory,  // the client shrinks a file that it has shared
    kHangUp,      // of this side of the socket
    kMapped,      // offset u8, value u32 into a register that is shared as memory
    kLast = kMapped,
  };

  template <typename... Values>
  void Put(const Values&... values) {
    const auto add = [this](const auto& value) {
      const auto bytes = std::as_bytes(std::span(&value, 1));
      payload_.insert(payload_.end(), bytes.begin(), bytes.end());
    };
    (add(values), ...);
  }
  /// What was Put. `kinds` has two bits for each of up to four descriptors, and their number.
  void Send(std::uint16_t command, std::uint8_t kinds = 0) {
    Send(command, 0, payload_, Descriptors(kinds));
    payload_.clear();
  }
  void Send(std::uint16_t command, std::uint32_t flags, std::span<const std::byte> payload,
            std::span<const int> descriptors);
  void SendBytes(std::span<const std::byte> bytes, std::span<const int> descriptors);
  std::vector<int> Descriptors(std::uint8_t kinds);
  ssize_t TakeBytes(std::span<std::byte> to);
  std::uint64_t Pages(std::uint8_t what) const { return kPage * (what & 0xF); }

  Server& server_;
  FileDescriptor socket_;
  FileDescriptor shrinking_;  // a file of its own, which it makes shorter
  FileDescriptor registers_;  // the server's, to be mapped
  std::vector<std::byte> payload_;
  std::vector<std::byte> received_, last_reply_;
  std::deque<std::uint16_t> awaited_;  // ids
  std::uint16_t next_id_ = 1;
  bool in_order_ = true;  // no bytes were sent that may be anything, all messages as a whole
};

std::vector<int> Client::Descriptors(std::uint8_t kinds) {
  std::vector<int> descriptors;
  for (unsigned i = 0; i < (kinds & 3u); ++i) {
    switch (kinds >> (2 + 2 * i) & 3) {
      case 0:
        descriptors.push_back(server_.memory.get());
        break;
      case 1:
        descriptors.push_back(server_.event.get());
        break;
      case 2:
        descriptors.push_back(server_.blocking_event.get());
        break;
      default:
        descriptors.push_back((kinds & 0xC0) != 0 ? server_.odd.get() : socket_.get());
    }
  }
  std::erase(descriptors, -1);
  return descriptors;
}

void Client::SendBytes(std::span<const std::byte> bytes, std::span<const int> descriptors) {
  if (!socket_ || bytes.empty()) return;
  iovec piece{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(16 * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  const ssize_t sent = sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  in_order_ = in_order_ && sent == static_cast<ssize_t>(bytes.size());
}

void Client::Send(std::uint16_t command, std::uint32_t flags, std::span<const std::byte> payload,
                  std::span<const int> descriptors) {
  constexpr std::uint32_t kTypeMask = 0xF, kNoReply = 0x10;
  const std::uint16_t id = next_id_++;
  const auto size = static_cast<std::uint32_t>(16 + payload.size());
  std::vector<std::byte> message(size);
  std::memcpy(&message[0], &id, sizeof id);
  std::memcpy(&message[2], &command, sizeof command);
  std::memcpy(&message[4], &size, sizeof size);
  std::memcpy(&message[8], &flags, sizeof flags);
  std::ranges::copy(payload, message.begin() + 16);
  if ((flags & (kTypeMask | kNoReply)) == 0) awaited_.push_back(id);
  SendBytes(message, descriptors);
}

/// And the descriptor that may come with them: that of registers as memory.
ssize_t Client::TakeBytes(std::span<std::byte> to) {
  iovec piece{.iov_base = to.data(), .iov_len = to.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control;
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const cmsghdr* const header = got > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    registers_ = FileDescriptor(descriptor);
  }
  return got;
}

void Client::TakeReplies() {
  if (!socket_) return;
  for (;;) {
    std::array<std::byte, 16 << 10> bytes;
    const ssize_t got = TakeBytes(bytes);
    if (got <= 0) {
      // Whoever is still connected has been answered.
      const bool over = got == 0 || errno != EAGAIN;
      Require(!in_order_ || over || received_.empty(), "a reply comes as a whole");
      Require(!in_order_ || over || awaited_.empty(), "every request is answered");
      if (over) socket_.Close();
      return;
    }
    received_.insert(received_.end(), bytes.begin(), bytes.begin() + got);
    while (received_.size() >= 16) {
      std::uint32_t size, flags;
      std::uint16_t id;
      std::memcpy(&id, &received_[0], sizeof id);
      std::memcpy(&size, &received_[4], sizeof size);
      std::memcpy(&flags, &received_[8], sizeof flags);
      Require(size >= 16 && (flags & 0xF) == 1, "a reply is one");
      if (received_.size() < size) break;
      if (in_order_) {
        Require(!awaited_.empty() && awaited_.front() == id, "replies come in order");
        awaited_.pop_front();
      }
      last_reply_.assign(received_.begin(), received_.begin() + size);
      received_.erase(received_.begin(), received_.begin() + size);
    }
  }
}

bool Client::Do(Input& input) {
  if (input.empty() || !socket_) return false;
  switch (static_cast<Step>(input.Byte() % (static_cast<unsigned>(Step::kLast) + 1))) {
    case Step::kBytes:
      in_order_ = false;
      SendBytes(input.Bytes(input.Byte()), {});
      break;
    case Step::kMessage: {
      const std::uint16_t command = input.Byte();
      const std::uint32_t flags = input.Byte();
      const std::vector<int> descriptors = Descriptors(input.Byte());
      Send(command, flags, input.Bytes(input.Byte()), descriptors);
      break;
    }
    case Step::kWrite: {
      const std::uint32_t region = input.Byte();
      const std::uint64_t offset = input.Take<std::uint16_t>();
      Put(offset, region, std::uint32_t{4}, input.Take<std::uint32_t>());
      Send(kRegionWrite);
      break;
    }
    case Step::kMap: {
      const std::uint8_t pages = input.Byte(), file = input.Byte();
      Put(std::uint32_t{32}, file & 3u, kPage * (file >> 2 & 3), Pages(pages),
          Pages(static_cast<std::uint8_t>(pages >> 4)));
      if ((file & 0x10) == 0) {
        Send(kDmaMap, (file & 0x20) != 0 ? 0 : 1);
        break;
      }
      if (!shrinking_) {
        shrinking_ = FileDescriptor(memfd_create("shrinking", MFD_CLOEXEC));
        Require(ftruncate(shrinking_.get(), 4 * kPage) == 0, "ftruncate");
      }
      const int fd = shrinking_.get();
      Send(kDmaMap, 0, payload_, std::span(&fd, 1));
      payload_.clear();
      break;
    }
    case Step::kUnmap: {
      const std::uint8_t pages = input.Byte();
      Put(std::uint32_t{24}, std::uint32_t{input.Byte()}, Pages(pages),
          Pages(static_cast<std::uint8_t>(pages >> 4)));
      Send(kDmaUnmap);
      break;
    }
    case Step::kInterrupts: {
      const std::uint32_t index = input.Byte() % 6, flags = input.Byte(), start = input.Byte(),
                          count = input.Byte();
      Put(std::uint32_t{20}, flags, index, start, count);
      for (std::uint32_t i = 0; i < count % 8; ++i) Put(static_cast<std::uint8_t>(flags >> i & 1));
      Send(kSetIrqs, input.Byte());
      break;
    }
    case Step::kGo: {
      const std::uint64_t address = input.Take<std::uint16_t>();
      Put(std::uint64_t{Device::kAddress}, std::uint32_t{0}, std::uint32_t{12}, address,
          input.Take<std::uint32_t>());
      Send(kRegionWrite);
      break;
    }
    case Step::kSettle:
      server_.Settle();
      TakeReplies();
      break;
    case Step::kWork:
      server_.Settle();
      break;
    case Step::kTakeMemory:
      if (shrinking_) Require(ftruncate(shrinking_.get(), 0) == 0, "ftruncate");
      break;
    case Step::kHangUp:
      shutdown(socket_.get(), SHUT_WR);
      in_order_ = false;
      break;
    case Step::kMapped: {
      const off_t offset = input.Byte() % 64 & ~3;
      const auto value = input.Take<std::uint32_t>();
      if (registers_) Require(pwrite(registers_.get(), &value, 4, offset) == 4, "pwrite");
      break;
    }
  }
  return true;
}

}  // namespace
}  // namespace ixylab::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ixylab::fuzz;
  static std::array<Server, 2> servers{Server(false), Server(true)};
  Input input(data, size);
  const std::uint8_t start = input.Byte();
  Server& server = servers[start & 1];
  const int free = Server::NextDescriptor();
  const auto expect_nobody = [&] {
    server.Settle();
    Require(!server.host.connected(0), "a client that hangs up is gone");
    Require(Server::NextDescriptor() == free, "no descriptor is left open");
    Require(server.host.Map(0, 0).size == 0, "no memory is left mapped");
  };
  {
    Client client(server);
    if ((start & 2) == 0) client.ExpectService();
    while (client.Do(input)) {
    }
    server.Settle();
    client.TakeReplies();
  }
  expect_nobody();
  Client(server).ExpectService();
  expect_nobody();
  return 0;
}
