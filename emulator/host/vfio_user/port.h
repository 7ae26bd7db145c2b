// One function, and the client that it is served to.
#ifndef EMULATOR_HOST_VFIO_USER_PORT_H_
#define EMULATOR_HOST_VFIO_USER_PORT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/host.h"
#include "emulator/host/event_loop.h"
#include "emulator/host/file_descriptor.h"
#include "emulator/host/vfio_user/connection.h"
#include "emulator/host/vfio_user/dma_map.h"
#include "emulator/host/vfio_user/interrupts.h"
#include "emulator/host/vfio_user/mapped_registers.h"
#include "emulator/host/vfio_user/protocol.h"
#include "emulator/host/vfio_user/vfio_user_host.h"

namespace ixylab::emulator::vfio_user {

/// Answers the client's messages. No message throws.
class Port {
 public:
  /// `options` and `map_epoch` are the host's.
  Port(unsigned number, NicFunction& function, EventLoop& loop,
       const VfioUserHost::Options& options, std::atomic<std::uint64_t>& map_epoch);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  void Listen(FileDescriptor listening);
  void Attach(FileDescriptor socket);

  bool connected() const { return client_.has_value(); }
  NicFunction& function() { return function_; }
  DmaWindow Map(std::uint64_t iova) const { return dma_.Find(iova); }
  bool ReplaceLostMemory(const void* address) { return dma_.ReplaceLost(address); }
  /// Hangs up on a client that has taken memory away which the function accessed.
  void CheckMemory() {
    if (dma_.lost()) HangUp("took memory away that it had shared");
  }
  Interrupts& interrupts() { return interrupts_; }

  /// The client leaves replies unread; Serve looks whether it does still.
  bool blocked() const { return client_ && client_->blocked(); }
  /// Answers what is there, a buffer full at most.
  void Serve();
  /// There are registers that the client writes without a message.
  bool maps_registers() const { return mapped_.has_value() && shown_; }
  /// Lets the function know of those. True if there were some.
  bool PollRegisters();
  /// Shows the client what has become of them.
  void PublishRegisters() {
    if (maps_registers()) mapped_->Publish();
  }
  /// Whether Serve has answered anything since the last call.
  bool TakeActivity() { return std::exchange(active_, false); }

 private:
  /// What a handler answers. In two pieces, so that data need not be copied.
  struct Reply {
    template <class T>
    void Set(const T& fixed) {
      static_assert(sizeof fixed <= sizeof head);
      std::memcpy(head.data(), &fixed, sizeof fixed);
      head_bytes = sizeof fixed;
    }
    std::array<std::byte, 32> head;
    std::size_t head_bytes = 0;
    std::span<const std::byte> data;
    int descriptor = -1;  // to go with it; stays its owner's
  };

  void Accept();
  void Answer(Message message);
  void HangUp(std::string_view why);
  void Complain(std::string_view line);

  // Handlers return an errno value, or 0 and a reply.
  int Handle(Message& message, Reply& reply);
  int HandleVersion(const Message& message, Reply& reply);
  int HandleDmaMap(Message& message);
  int HandleDmaUnmap(const Message& message, Reply& reply);
  int HandleGetInfo(const Message& message, Reply& reply);
  int HandleGetRegionInfo(const Message& message, Reply& reply);
  int HandleGetIrqInfo(const Message& message, Reply& reply);
  int HandleSetIrqs(Message& message);
  int HandleRegionRead(const Message& message, Reply& reply);
  int HandleRegionWrite(const Message& message, Reply& reply);
  int HandleRegionWriteMulti(const Message& message, Reply& reply);
  int HandleReset();

  void MakeAreas();
  bool InRegion(const RegionAccess& access) const;
  int WriteRegion(const RegionAccess& access, std::span<const std::byte> data);
  std::uint32_t ReadRegister(unsigned region, std::uint32_t offset, unsigned bytes);
  void WriteRegister(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value);

  const unsigned number_;
  NicFunction& function_;
  EventLoop& loop_;
  const VfioUserHost::Options& options_;
  const VfioUserHost::Hooks& hooks_;
  std::atomic<std::uint64_t>& map_epoch_;

  FileDescriptor listening_;
  std::optional<Connection> client_;
  bool watched_ = false;     // the client's socket, by the loop
  bool negotiated_ = false;  // VFIO_USER_VERSION
  bool active_ = false;
  unsigned complaints_ = 0;  // about this client
  DmaMap dma_;
  Interrupts interrupts_;
  std::string capabilities_;     // of the reply to VFIO_USER_VERSION
  std::vector<std::byte> data_;  // of the reply to VFIO_USER_REGION_READ or GET_REGION_INFO
  std::optional<MappedRegisters> mapped_;
  bool shown_ = false;  // to the client
};

}  // namespace ixylab::emulator::vfio_user

#endif  // EMULATOR_HOST_VFIO_USER_PORT_H_
