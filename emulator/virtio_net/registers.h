// The registers of a virtio-net function: those of the legacy interface and of the structures of
// the modern one, one row each. Decode, access rules and tracing come from this table; behaviour
// is a hook in the row.
//
// (emulator/register_table.h is for devices whose registers are all 32-bit words of one BAR.)
#ifndef EMULATOR_VIRTIO_NET_REGISTERS_H_
#define EMULATOR_VIRTIO_NET_REGISTERS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/register_table.h"

namespace ixylab::emulator::virtio_net {

/// Runs of registers that lie together.
enum class Structure : std::uint8_t {
  kLegacy,      // 4.1.4.10, from offset 0 of BAR 0
  kLegacyMsix,  // the same, only while MSI-X is enabled: the device configuration moves up then
  kCommon,      // 4.1.4.3
  kNotify,      // 4.1.4.4
  kIsr,         // 4.1.4.5
  kDevice,      // 5.1.4, struct virtio_net_config
};

// Where the structures are, as in QEMU (hw/virtio/virtio-pci.c), so that traces of its devices are
// decoded by this table too.
inline constexpr unsigned kLegacyBar = 0, kMsixBar = 1, kModernBar = 4;
inline constexpr std::uint32_t kLegacyBarBytes = 64, kModernBarBytes = 0x4000,
                               kStructureBytes = 0x1000, kMsixBarBytes = 4096;
inline constexpr std::uint32_t kCommonOffset = 0x0000, kIsrOffset = 0x1000, kDeviceOffset = 0x2000,
                               kNotifyOffset = 0x3000;
inline constexpr std::uint32_t kNotifyMultiplier = 4;
inline constexpr std::uint32_t kLegacyDeviceOffset = 20, kLegacyDeviceOffsetMsix = 24;

struct RegisterRow {
  std::string_view name;
  Structure structure;
  std::uint16_t offset;  // in the structure
  std::uint8_t bytes;
  Kind kind;
  std::string_view section;  // of virtio 1.2
  std::span<const Field> fields = {};
};

/// What an access of `bytes` at `offset` of BAR `region` leads to.
struct Place {
  Structure structure = Structure::kCommon;
  std::uint32_t offset = 0;  // in the structure
};
/// `msix`: MSI-X is enabled. Places that no row has are possible.
Place Locate(unsigned region, std::uint32_t offset, bool msix);

/// All rows: by structure, in order of their offsets.
std::vector<const RegisterRow*> AllRegisters();
/// The row with the byte at `place`, or null.
const RegisterRow* FindRegister(const Place& place);

/// "queue_size[common] 0x0018 = 0x0100", with the fields that are not 0 behind it, for an access to
/// a BAR or the configuration space of a device whose structures lie as above.
std::string DescribeAccess(unsigned region, std::uint32_t offset, unsigned bytes,
                           std::uint32_t value, bool msix = false);

}  // namespace ixylab::emulator::virtio_net

#endif  // EMULATOR_VIRTIO_NET_REGISTERS_H_
