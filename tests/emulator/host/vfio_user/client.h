// A vfio-user client of the tests' own, written from the specification (QEMU,
// docs/interop/vfio-user.rst) with its numbers written out; and a function to be its device.
#ifndef TESTS_EMULATOR_HOST_VFIO_USER_CLIENT_H_
#define TESTS_EMULATOR_HOST_VFIO_USER_CLIENT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/dma.h"
#include "emulator/host.h"
#include "emulator/host/event_loop.h"
#include "emulator/host/file_descriptor.h"
#include "emulator/host/vfio_user/vfio_user_host.h"

namespace ixylab::emulator {

using Bytes = std::vector<std::byte>;

/// The bytes of all of them, one after the other.
template <class... T>
Bytes Pack(const T&... values) {
  Bytes bytes;
  const auto add = [&](const auto& value) {
    const auto piece = std::as_bytes(std::span(&value, 1));
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  };
  (add(values), ...);
  return bytes;
}

template <class T>
T Unpack(std::span<const std::byte> bytes, std::size_t offset) {
  T value{};
  if (offset + sizeof value <= bytes.size()) std::memcpy(&value, &bytes[offset], sizeof value);
  return value;
}

// "Commands"
inline constexpr std::uint16_t kVersion = 1, kDmaMap = 2, kDmaUnmap = 3, kGetInfo = 4,
                               kGetRegionInfo = 5, kGetRegionIoFds = 6, kGetIrqInfo = 7,
                               kSetIrqs = 8, kRegionRead = 9, kRegionWrite = 10, kReset = 13,
                               kRegionWriteMulti = 15, kFeature = 16;
// "Header"
inline constexpr std::uint32_t kReply = 1, kNoReply = 0x10, kError = 0x20;
// VFIO_USER_DMA_MAP
inline constexpr std::uint32_t kReadable = 1, kWritable = 2;
// VFIO_USER_DEVICE_GET_IRQ_INFO: types of interrupts, in the order of VFIO
inline constexpr std::uint32_t kIntx = 0, kMsi = 1, kMsix = 2, kErr = 3, kReq = 4;
// VFIO_USER_DEVICE_SET_IRQS
inline constexpr std::uint32_t kNone = 1, kBool = 2, kEventfd = 4, kMask = 8, kUnmask = 16,
                               kTrigger = 32;
inline constexpr std::uint32_t kConfig = 7;  // VFIO's index of the configuration space

/// A function with registers that are storage, and four MSI-X vectors (table in BAR 4), four MSI
/// vectors and INTA#.
class ScriptedFunction final : public NicFunction {
 public:
  static constexpr std::uint32_t kBarBytes = 4096, kTableOffset = 0x800;

  ScriptedFunction();
  std::uint32_t RegionBytes(unsigned region) const override;
  void ResetFunction() override;
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override;
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override;
  void* MapRegister(unsigned, std::uint32_t) override { return nullptr; }
  bool Run() override;
  std::vector<MappableArea> MappableAreas() const override { return areas; }
  std::uint32_t Peek(unsigned region, std::uint32_t offset) override {
    return Unpack<std::uint32_t>(regions_[region], offset);
  }

  std::uint32_t TableWord(unsigned vector, unsigned word) {
    return Read(4, kTableOffset + 16 * vector + 4 * word, 4);
  }

  struct Access {
    char kind;  // 'R' or 'W'
    unsigned region;
    std::uint32_t offset;
    unsigned bytes;
    std::uint32_t value;
    friend bool operator==(const Access&, const Access&) = default;
  };
  std::vector<Access> accesses;  // to BAR 0
  unsigned resets = 0;
  unsigned work = 0;  // how often Run has something to do
  std::function<void()> at_work = [] {};
  std::function<void()> at_next_write = nullptr;  // to BAR 0; once
  std::vector<MappableArea> areas;

 private:
  std::array<std::vector<std::byte>, 8> regions_;
};

/// Memory of the client, to be shared.
class Memory {
 public:
  explicit Memory(std::size_t size);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  int fd() const { return fd_.get(); }
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  FileDescriptor fd_;
  std::span<std::byte> bytes_;
};

/// Its counter, which reading sets to 0.
std::uint64_t TakeEvents(const FileDescriptor& eventfd);
FileDescriptor MakeEventfd(int flags);
/// Descriptors that this process has open.
std::size_t OpenDescriptors();

/// One end of a socket, and the host that has the other one.
class Client {
 public:
  Client(VfioUserHost& host, FileDescriptor socket) : host_(host), socket_(std::move(socket)) {}

  struct Answer {
    std::uint16_t id = 0;
    std::uint16_t command = 0;
    std::uint32_t flags = 0;
    int error = 0;
    Bytes payload;
    bool ok() const { return flags == kReply && error == 0; }
  };

  /// False if the socket has been closed or is full.
  bool SendBytes(std::span<const std::byte> bytes, std::span<const int> fds = {});
  /// If the socket is full, once the host has done what it can. False if it is full then, too.
  bool Send(std::uint16_t command, const Bytes& payload = {}, std::span<const int> fds = {},
            std::uint32_t flags = 0);
  /// Lets the host work until an answer is there. None if it hangs up, or after 30 seconds, which
  /// is a failure of the test.
  std::optional<Answer> Receive();
  /// Send and Receive; an Answer that is not ok() if there is none.
  Answer Call(std::uint16_t command, const Bytes& payload = {}, std::span<const int> fds = {});
  /// Lets the host work until it has nothing to do.
  void Settle();
  bool HungUp();
  /// The last descriptor that came with an answer; none if there was none since the last call.
  FileDescriptor TakeDescriptor() { return std::move(received_); }

  // Requests as QEMU makes them.
  bool Negotiate();
  std::uint32_t ReadRegister(std::uint32_t region, std::uint64_t offset, std::uint32_t bytes = 4);
  void WriteRegister(std::uint32_t region, std::uint64_t offset, std::uint32_t value,
                     std::uint32_t bytes = 4);
  int Map(std::uint64_t iova, std::uint64_t size, int fd, std::uint64_t offset = 0,
          std::uint32_t flags = kReadable | kWritable);
  int Unmap(std::uint64_t iova, std::uint64_t size, std::uint32_t flags = 0);
  int SetIrqs(std::uint32_t index, std::uint32_t flags, std::uint32_t start, std::uint32_t count,
              std::span<const int> fds = {}, const Bytes& booleans = {});

  int fd() const { return socket_.get(); }
  void HangUp() { socket_.Close(); }

 private:
  VfioUserHost& host_;
  FileDescriptor socket_;
  FileDescriptor received_;
  std::uint16_t next_id_ = 100;
};

/// A host with scripted functions, and what its hooks said.
class Rig {
 public:
  explicit Rig(unsigned ports = 1, bool map_doorbells = false);

  /// A client at the other end of a socket pair.
  Client Connect(unsigned port = 0);
  /// The same, with its version agreed on.
  Client Negotiated(unsigned port = 0);

  std::vector<std::string> log;
  std::vector<DmaFault> faults;
  std::vector<RegisterAccess> accesses;
  std::vector<std::string> comings;  // "port 0 connected", "port 0 gone: ..."

  EventLoop loop;
  VfioUserHost host;
  std::vector<std::unique_ptr<ScriptedFunction>> functions;
};

}  // namespace ixylab::emulator

#endif  // TESTS_EMULATOR_HOST_VFIO_USER_CLIENT_H_
