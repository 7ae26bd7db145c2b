// Messages of the vfio-user protocol (QEMU, docs/interop/vfio-user.rst; section names below are
// its). All numbers are in the byte order of the machine. Flags and indices that the protocol takes
// from VFIO are those of <linux/vfio.h>.
#ifndef EMULATOR_HOST_VFIO_USER_PROTOCOL_H_
#define EMULATOR_HOST_VFIO_USER_PROTOCOL_H_

#include <cstddef>
#include <cstdint>

namespace ixylab::emulator::vfio_user {

/// "Commands": those that a client sends.
enum class Command : std::uint16_t {
  kVersion = 1,
  kDmaMap = 2,
  kDmaUnmap = 3,
  kDeviceGetInfo = 4,
  kDeviceGetRegionInfo = 5,
  kDeviceGetRegionIoFds = 6,
  kDeviceGetIrqInfo = 7,
  kDeviceSetIrqs = 8,
  kRegionRead = 9,
  kRegionWrite = 10,
  kDeviceReset = 13,
  kRegionWriteMulti = 15,
  kDeviceFeature = 16,
  kMigDataRead = 17,
  kMigDataWrite = 18,
};

/// "Header": before each message.
struct Header {
  std::uint16_t id = 0;
  std::uint16_t command = 0;
  std::uint32_t size = 0;  // of the message, with the header
  std::uint32_t flags = 0;
  std::uint32_t error = 0;  // errno; in replies
};
static_assert(sizeof(Header) == 16);

inline constexpr std::uint32_t kTypeMask = 0xF, kTypeCommand = 0, kTypeReply = 1;  // flags
inline constexpr std::uint32_t kNoReply = 1u << 4, kError = 1u << 5;

/// VFIO_USER_VERSION; JSON text with a final 0 follows, or nothing.
struct Version {
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
};
static_assert(sizeof(Version) == 4);

/// VFIO_USER_DMA_MAP. The file whose memory it is comes with the message, or does not.
struct DmaMapRequest {
  std::uint32_t argsz = 0;
  std::uint32_t flags = 0;   // VFIO_DMA_MAP_FLAG_READ, _WRITE
  std::uint64_t offset = 0;  // in the file
  std::uint64_t iova = 0;
  std::uint64_t size = 0;
};
static_assert(sizeof(DmaMapRequest) == 32);

/// VFIO_USER_DMA_UNMAP: request and reply.
struct DmaUnmapRequest {
  std::uint32_t argsz = 0;
  std::uint32_t flags = 0;  // VFIO_DMA_UNMAP_FLAG_ALL: QEMU's extension, with address and size 0
  std::uint64_t iova = 0;
  std::uint64_t size = 0;
};
static_assert(sizeof(DmaUnmapRequest) == 24);

/// VFIO_USER_DEVICE_GET_INFO: request and reply.
struct DeviceInfo {
  std::uint32_t argsz = 0;
  std::uint32_t flags = 0;  // VFIO_DEVICE_FLAGS_RESET, _PCI
  std::uint32_t num_regions = 0;
  std::uint32_t num_irqs = 0;
};
static_assert(sizeof(DeviceInfo) == 16);

/// VFIO_USER_DEVICE_GET_REGION_INFO: request and reply.
struct RegionInfo {
  std::uint32_t argsz = 0;
  std::uint32_t flags = 0;  // VFIO_REGION_INFO_FLAG_*
  std::uint32_t index = 0;
  std::uint32_t cap_offset = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
};
static_assert(sizeof(RegionInfo) == 32);

/// VFIO_USER_DEVICE_GET_IRQ_INFO: request and reply.
struct IrqInfo {
  std::uint32_t argsz = 0;
  std::uint32_t flags = 0;  // VFIO_IRQ_INFO_*
  std::uint32_t index = 0;  // VFIO_PCI_*_IRQ_INDEX
  std::uint32_t count = 0;
};
static_assert(sizeof(IrqInfo) == 16);

/// VFIO_USER_DEVICE_SET_IRQS; booleans follow with VFIO_IRQ_SET_DATA_BOOL.
struct IrqSet {
  std::uint32_t argsz = 0;
  std::uint32_t flags = 0;  // one VFIO_IRQ_SET_DATA_* and one VFIO_IRQ_SET_ACTION_*
  std::uint32_t index = 0;
  std::uint32_t start = 0;
  std::uint32_t count = 0;
};
static_assert(sizeof(IrqSet) == 20);

/// VFIO_USER_REGION_READ and VFIO_USER_REGION_WRITE, requests and replies; data follows.
struct RegionAccess {
  std::uint64_t offset = 0;
  std::uint32_t region = 0;
  std::uint32_t count = 0;
};
static_assert(sizeof(RegionAccess) == 16);

/// VFIO_USER_REGION_WRITE_MULTI: request, before the writes, and reply.
struct WriteMulti {
  std::uint64_t count = 0;
};
static_assert(sizeof(WriteMulti) == 8);

/// "Single Device Write Format"
struct SingleWrite {
  RegionAccess access;
  std::byte data[8] = {};  // its first access.count bytes
};
static_assert(sizeof(SingleWrite) == 24);

/// max_data_xfer_size where nothing else was agreed on ("VFIO_USER_VERSION").
inline constexpr std::uint32_t kMaxTransfer = 1 << 20;
/// Of a message with headers.
inline constexpr std::uint32_t kMaxMessage = sizeof(Header) + sizeof(RegionAccess) + kMaxTransfer;

}  // namespace ixylab::emulator::vfio_user

#endif  // EMULATOR_HOST_VFIO_USER_PROTOCOL_H_
