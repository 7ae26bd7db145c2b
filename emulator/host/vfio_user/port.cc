#include "emulator/host/vfio_user/port.h"

#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "emulator/host/vfio_user/capabilities.h"

namespace ixylab::emulator::vfio_user {
namespace {

constexpr std::uint16_t kMajor = 0, kMinor = 0;  // of the protocol: those of QEMU
// What a client can make us log; it may well go on for as long as it lives.
constexpr unsigned kMaxComplaints = 100;

std::string NameOf(std::uint16_t command) {
  constexpr std::string_view kNames[] = {"",
                                         "VERSION",
                                         "DMA_MAP",
                                         "DMA_UNMAP",
                                         "GET_INFO",
                                         "GET_REGION_INFO",
                                         "GET_REGION_IO_FDS",
                                         "GET_IRQ_INFO",
                                         "SET_IRQS",
                                         "REGION_READ",
                                         "REGION_WRITE",
                                         "DMA_READ",
                                         "DMA_WRITE",
                                         "DEVICE_RESET",
                                         "DIRTY_PAGES",
                                         "REGION_WRITE_MULTI",
                                         "DEVICE_FEATURE",
                                         "MIG_DATA_READ",
                                         "MIG_DATA_WRITE"};
  return command != 0 && command < std::size(kNames) ? std::string(kNames[command])
                                                     : "command " + std::to_string(command);
}

/// The fixed part of a message; false if it is not all there.
template <class T>
bool Parse(std::span<const std::byte> payload, T& fixed) {
  if (payload.size() < sizeof fixed) return false;
  std::memcpy(&fixed, payload.data(), sizeof fixed);
  return true;
}

/// The widest access that is aligned and not longer than `left`.
unsigned Width(std::uint32_t offset, std::size_t left) {
  if (offset % 4 == 0 && left >= 4) return 4;
  return offset % 2 == 0 && left >= 2 ? 2 : 1;
}

}  // namespace

Port::Port(unsigned number, NicFunction& function, EventLoop& loop,
           const VfioUserHost::Options& options, std::atomic<std::uint64_t>& map_epoch)
    : number_(number),
      function_(function),
      loop_(loop),
      options_(options),
      hooks_(options.hooks),
      map_epoch_(map_epoch),
      interrupts_(function) {}

Port::~Port() {
  if (listening_) loop_.Unwatch(listening_.get());
  if (client_ && watched_) loop_.Unwatch(client_->fd());
}

// --- Clients come and go ---

void Port::Listen(FileDescriptor listening) {
  // A client that hung up before it was accepted must not make us wait for the next one.
  const int flags = fcntl(listening.get(), F_GETFL);
  if (flags < 0 || fcntl(listening.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "listening socket");
  }
  loop_.Watch(listening.get(), [this] { Accept(); });
  listening_ = std::move(listening);
}

void Port::Accept() {
  FileDescriptor socket(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket) {
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
      Complain(std::string("accept: ") + std::strerror(errno));
    }
    return;
  }
  if (client_) {
    // The one before may have hung up, and we have not got round to it yet.
    pollfd state{.fd = client_->fd(), .events = POLLRDHUP, .revents = 0};
    if (poll(&state, 1, 0) == 1) {
      HangUp("closed the connection");
    } else {
      return Complain("another client came and was refused: there is one already");
    }
  }
  Attach(std::move(socket));
}

void Port::Attach(FileDescriptor socket) {
  if (client_) HangUp("another one takes its place");
  loop_.Watch(socket.get(), [this] { Serve(); });
  client_.emplace(std::move(socket));
  watched_ = true;
  negotiated_ = false;
  complaints_ = 0;
  // New for each client: the one before may have kept its own.
  const std::vector<MappableArea> areas = function_.MappableAreas();
  if (options_.map_doorbells && !areas.empty()) mapped_.emplace(function_, areas.front().region);
  if (hooks_.connected) hooks_.connected(number_);
}

void Port::HangUp(std::string_view why) {
  const std::string reason(why);  // it may be the client's
  if (std::exchange(watched_, false)) loop_.Unwatch(client_->fd());
  client_.reset();
  mapped_.reset();
  shown_ = false;
  ++map_epoch_;
  dma_.UnmapAll();
  interrupts_.Clear();
  // The protocol would have the device keep its state ("Client Disconnection"). But a machine that
  // is gone has lost its power; what its driver had set up must not go on in the next one.
  function_.ResetFunction();
  if (hooks_.gone) hooks_.gone(number_, reason);
}

void Port::Complain(std::string_view line) {
  if (complaints_ > kMaxComplaints || !hooks_.log) return;
  hooks_.log(number_, ++complaints_ > kMaxComplaints ? "no more about this client" : line);
}

void Port::Serve() {
  if (!client_) return;
  if (client_->blocked()) {
    client_->Flush();
  } else {
    client_->Receive();
  }
  while (!client_->blocked()) {
    std::optional<Message> message = client_->Next();
    if (!message) break;
    active_ = true;
    Answer(std::move(*message));
  }
  if (!client_->error().empty()) return HangUp(client_->error());
  // Nothing new from a client that does not read.
  if (watched_ == client_->blocked()) {
    watched_ = !watched_;
    if (watched_) {
      loop_.Watch(client_->fd(), [this] { Serve(); });
    } else {
      loop_.Unwatch(client_->fd());
    }
  }
}

// --- Messages ---

void Port::Answer(Message message) {
  if ((message.header.flags & kTypeMask) != kTypeCommand) {
    return Complain("a message that is no command: ignored");
  }
  // What the client stored before it sent this comes first.
  PollRegisters();
  Reply reply;
  const int error =
      message.descriptors.size() > kMaxMessageDescriptors ? EINVAL : Handle(message, reply);
  if (error != 0) {
    Complain(NameOf(message.header.command) + " refused: " + std::strerror(error));
  }
  PublishRegisters();
  client_->Reply(message.header, error, std::span(reply.head).first(reply.head_bytes), reply.data,
                 reply.descriptor);
}

int Port::Handle(Message& message, Reply& reply) {
  const auto command = static_cast<Command>(message.header.command);
  if (negotiated_ == (command == Command::kVersion)) return EINVAL;
  switch (command) {
    case Command::kVersion:
      return HandleVersion(message, reply);
    case Command::kDmaMap:
      return HandleDmaMap(message);
    case Command::kDmaUnmap:
      return HandleDmaUnmap(message, reply);
    case Command::kDeviceGetInfo:
      return HandleGetInfo(message, reply);
    case Command::kDeviceGetRegionInfo:
      return HandleGetRegionInfo(message, reply);
    case Command::kDeviceGetIrqInfo:
      return HandleGetIrqInfo(message, reply);
    case Command::kDeviceSetIrqs:
      return HandleSetIrqs(message);
    case Command::kRegionRead:
      return HandleRegionRead(message, reply);
    case Command::kRegionWrite:
      return HandleRegionWrite(message, reply);
    case Command::kRegionWriteMulti:
      return HandleRegionWriteMulti(message, reply);
    case Command::kDeviceReset:
      return HandleReset();
    case Command::kDeviceGetRegionIoFds:
    case Command::kDeviceFeature:
    case Command::kMigDataRead:
    case Command::kMigDataWrite:
      return ENOTSUP;
  }
  return EINVAL;
}

int Port::HandleVersion(const Message& message, Reply& reply) {
  Version version;
  if (!Parse(message.payload, version) || version.major != kMajor) return EINVAL;
  negotiated_ = true;
  reply.Set(Version{.major = kMajor, .minor = std::min(version.minor, kMinor)});
  if (message.payload.size() > sizeof version) {
    capabilities_ = AgreeOn(message.payload.subspan(sizeof version));
    reply.data = std::as_bytes(std::span(capabilities_.c_str(), capabilities_.size() + 1));
  }
  return 0;
}

int Port::HandleDmaMap(Message& message) {
  DmaMapRequest request;
  if (!Parse(message.payload, request) || message.descriptors.size() > 1) return EINVAL;
  return dma_.Map(request, message.descriptors.empty() ? FileDescriptor()
                                                       : std::move(message.descriptors.front()));
}

int Port::HandleDmaUnmap(const Message& message, Reply& reply) {
  DmaUnmapRequest request;
  if (!Parse(message.payload, request)) return EINVAL;
  if ((request.flags & ~std::uint32_t{VFIO_DMA_UNMAP_FLAG_ALL}) != 0) return ENOTSUP;
  ++map_epoch_;
  if ((request.flags & VFIO_DMA_UNMAP_FLAG_ALL) != 0) {
    dma_.UnmapAll();
  } else {
    dma_.Unmap(request.iova, request.size);
  }
  reply.Set(request);
  return 0;
}

int Port::HandleGetInfo(const Message& message, Reply& reply) {
  DeviceInfo info;
  if (!Parse(message.payload, info) || info.argsz < sizeof info) return EINVAL;
  reply.Set(DeviceInfo{.argsz = sizeof info,
                       .flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI,
                       .num_regions = VFIO_PCI_NUM_REGIONS,
                       .num_irqs = VFIO_PCI_NUM_IRQS});
  return 0;
}

int Port::HandleGetRegionInfo(const Message& message, Reply& reply) {
  RegionInfo info;
  if (!Parse(message.payload, info) || info.argsz < sizeof info ||
      info.index >= VFIO_PCI_NUM_REGIONS) {
    return EINVAL;
  }
  const std::uint32_t size = function_.RegionBytes(info.index);
  constexpr std::uint32_t kAccess = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
  RegionInfo answer{.argsz = sizeof info,
                    .flags = size != 0 ? kAccess : 0,
                    .index = info.index,
                    .cap_offset = 0,
                    .size = size,
                    .offset = 0};
  if (mapped_ && info.index == mapped_->region()) {
    MakeAreas();
    answer.argsz += static_cast<std::uint32_t>(data_.size());
    answer.flags |= VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS;
    answer.cap_offset = sizeof info;
    // A client without room for all of it asks again with the argsz that it finds here. QEMU wants
    // cap_offset even then (vfio_user_device_io_get_region_info).
    if (info.argsz >= answer.argsz) {
      reply.data = data_;
      reply.descriptor = mapped_->file();
      shown_ = true;
    }
  }
  reply.Set(answer);
  return 0;
}

/// VFIO_REGION_INFO_CAP_SPARSE_MMAP of the mapped registers, to data_.
void Port::MakeAreas() {
  const std::vector<MappableArea>& areas = mapped_->areas();
  const vfio_region_info_cap_sparse_mmap capability{
      .header = {.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1, .next = 0},
      .nr_areas = static_cast<std::uint32_t>(areas.size()),
      .reserved = 0};
  data_.resize(sizeof capability + areas.size() * sizeof(vfio_region_sparse_mmap_area));
  std::memcpy(data_.data(), &capability, sizeof capability);
  for (std::size_t i = 0; i < areas.size(); ++i) {
    const vfio_region_sparse_mmap_area area{.offset = areas[i].offset, .size = areas[i].size};
    std::memcpy(data_.data() + sizeof capability + i * sizeof area, &area, sizeof area);
  }
}

int Port::HandleGetIrqInfo(const Message& message, Reply& reply) {
  IrqInfo info;
  if (!Parse(message.payload, info) || info.argsz < sizeof info ||
      info.index >= VFIO_PCI_NUM_IRQS) {
    return EINVAL;
  }
  reply.Set(IrqInfo{.argsz = sizeof info,
                    .flags = Interrupts::Flags(info.index),
                    .index = info.index,
                    .count = interrupts_.count(info.index)});
  return 0;
}

int Port::HandleSetIrqs(Message& message) {
  IrqSet request;
  if (!Parse(message.payload, request)) return EINVAL;
  return interrupts_.Set(request, message.payload.subspan(sizeof request),
                         std::move(message.descriptors));
}

int Port::HandleReset() {
  function_.ResetFunction();
  interrupts_.Restore();
  return 0;
}

// --- Registers ---

bool Port::PollRegisters() {
  if (!maps_registers()) return false;
  return mapped_->Poll([this](std::uint32_t offset, std::uint32_t value) {
    WriteRegister(mapped_->region(), offset, 4, value);
  });
}

bool Port::InRegion(const RegionAccess& access) const {
  if (access.region >= VFIO_PCI_NUM_REGIONS) return false;
  const std::uint32_t size = function_.RegionBytes(access.region);
  return access.offset <= size && access.count <= size - access.offset;
}

int Port::HandleRegionRead(const Message& message, Reply& reply) {
  RegionAccess access;
  if (!Parse(message.payload, access) || !InRegion(access)) return EINVAL;
  data_.resize(access.count);
  const auto start = static_cast<std::uint32_t>(access.offset);
  for (std::uint32_t done = 0; done < access.count;) {
    const unsigned bytes = Width(start + done, access.count - done);
    const std::uint32_t value = ReadRegister(access.region, start + done, bytes);
    std::memcpy(data_.data() + done, &value, bytes);
    done += bytes;
  }
  reply.Set(access);
  reply.data = data_;
  return 0;
}

int Port::HandleRegionWrite(const Message& message, Reply& reply) {
  RegionAccess access;
  if (!Parse(message.payload, access)) return EINVAL;
  reply.Set(access);
  return WriteRegion(access, message.payload.subspan(sizeof access));
}

int Port::HandleRegionWriteMulti(const Message& message, Reply& reply) {
  WriteMulti multi;
  if (!Parse(message.payload, multi)) return EINVAL;
  std::span<const std::byte> rest = message.payload.subspan(sizeof multi);
  if (multi.count > rest.size() / sizeof(SingleWrite)) return EINVAL;
  for (std::uint64_t i = 0; i < multi.count; ++i) {
    SingleWrite write;
    Parse(rest.subspan(i * sizeof write), write);
    if (const int error = WriteRegion(write.access, write.data); error != 0) return error;
  }
  reply.Set(multi);
  return 0;
}

int Port::WriteRegion(const RegionAccess& access, std::span<const std::byte> data) {
  if (!InRegion(access) || data.size() < access.count) return EINVAL;
  const auto start = static_cast<std::uint32_t>(access.offset);
  for (std::uint32_t done = 0; done < access.count;) {
    const unsigned bytes = Width(start + done, access.count - done);
    std::uint32_t value = 0;
    std::memcpy(&value, data.data() + done, bytes);
    WriteRegister(access.region, start + done, bytes, value);
    done += bytes;
  }
  // It may have been a Function Level Reset.
  if (access.region == NicFunction::kConfigSpace) interrupts_.Restore();
  return 0;
}

std::uint32_t Port::ReadRegister(unsigned region, std::uint32_t offset, unsigned bytes) {
  const std::uint32_t value = function_.Read(region, offset, bytes);
  if (hooks_.access) [[unlikely]] {
    hooks_.access({.time = loop_.Now(),
                   .port = number_,
                   .write = false,
                   .region = region,
                   .offset = offset,
                   .bytes = bytes,
                   .value = value});
  }
  return value;
}

void Port::WriteRegister(unsigned region, std::uint32_t offset, unsigned bytes,
                         std::uint32_t value) {
  if (hooks_.access) [[unlikely]] {
    hooks_.access({.time = loop_.Now(),
                   .port = number_,
                   .write = true,
                   .region = region,
                   .offset = offset,
                   .bytes = bytes,
                   .value = value});
  }
  function_.Write(region, offset, bytes, value);
}

}  // namespace ixylab::emulator::vfio_user
