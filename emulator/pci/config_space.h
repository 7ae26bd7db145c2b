// The configuration space of a PCI function (PCI Local Bus 3.0, chapter 6; PCI Express 4.0, 7.5):
// identity, BARs that can be sized, command and status, and two lists of capabilities. What of it a
// driver may write is a mask beside each byte; behaviour beyond storage is its owner's, who looks
// after each write.
#ifndef EMULATOR_PCI_CONFIG_SPACE_H_
#define EMULATOR_PCI_CONFIG_SPACE_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace ixylab::emulator::pci {

// Offsets of the type 0 header (6.1).
inline constexpr std::uint32_t kVendorId = 0x00, kDeviceId = 0x02, kCommand = 0x04, kStatus = 0x06,
                               kRevisionId = 0x08, kClassCode = 0x09, kCacheLineSize = 0x0C,
                               kHeaderType = 0x0E, kBar0 = 0x10, kSubsystemVendorId = 0x2C,
                               kSubsystemId = 0x2E, kCapabilitiesPointer = 0x34,
                               kInterruptLine = 0x3C, kInterruptPin = 0x3D;
// Command (6.2.2)
inline constexpr std::uint32_t kIoSpace = 1u << 0, kMemorySpace = 1u << 1, kBusMaster = 1u << 2,
                               kParityErrorResponse = 1u << 6, kSerrEnable = 1u << 8,
                               kInterruptDisable = 1u << 10;
// Status (6.2.3)
inline constexpr std::uint32_t kInterruptStatus = 1u << 3, kCapabilitiesList = 1u << 4;
// Capability ids (appendix H)
inline constexpr std::uint8_t kPowerManagement = 0x01, kVitalProductData = 0x03, kMsi = 0x05,
                              kVendorSpecific = 0x09, kPciExpress = 0x10, kMsix = 0x11;
// Extended capability ids (PCI Express), and where their list starts
inline constexpr std::uint16_t kAdvancedErrors = 0x0001, kSerialNumber = 0x0003, kAri = 0x000E,
                               kSrIov = 0x0010;
inline constexpr std::uint32_t kExtendedCapabilities = 0x100;

struct Identity {
  std::uint16_t vendor = 0;
  std::uint16_t device = 0;
  std::uint8_t revision = 0;
  std::uint32_t class_code = 0;  // 24 bits: 0x020000 is an Ethernet controller
  std::uint16_t subsystem_vendor = 0;
  std::uint16_t subsystem = 0;
};

enum class BarKind : std::uint8_t { kIo, kMemory32, kMemory64 };

/// A register: what it is after power-on, and which bits of it a driver may write.
struct Value {
  std::uint32_t offset = 0;
  unsigned bytes = 0;  // 1, 2 or 4
  std::uint32_t value = 0;
  std::uint32_t writable = 0;
};

class ConfigSpace {
 public:
  /// With PCI Express' extended part, which reads 0 where there are no capabilities in it.
  static constexpr std::uint32_t kBytes = 4096;

  /// All of `command` is off, as after power-on.
  explicit ConfigSpace(const Identity& identity);

  /// BAR 0 to 5, the lower one of a pair for kMemory64; `size` is a power of two, at least 4 for
  /// I/O and 16 for memory.
  void AddBar(unsigned bar, BarKind kind, std::uint32_t size);

  /// Adds a capability (6.7): `body` is what follows its id and next pointer, `writable` the bits
  /// of that which a driver may write (shorter: none of the rest). It goes to `offset` (a multiple
  /// of 4 from 0x40 on), or for 0 behind the last one; the list is in order of the offsets. Returns
  /// its offset. Throws std::length_error where it does not fit.
  std::uint32_t AddCapability(std::uint8_t id, std::span<const std::uint8_t> body,
                              std::span<const std::uint8_t> writable = {},
                              std::uint32_t offset = 0);
  /// Appends the header of an extended capability (PCI Express 4.0, 7.6.3) at `offset`, the first
  /// one at 0x100. Throws std::length_error where the offset is impossible.
  void AddExtendedCapability(std::uint16_t id, unsigned version, std::uint32_t offset);
  /// Defines registers, be they new or already there.
  void Define(std::span<const Value> values);

  /// An access of 1, 2 or 4 bytes at any offset; what is outside reads 0.
  std::uint32_t Read(std::uint32_t offset, unsigned bytes) const;
  void Write(std::uint32_t offset, unsigned bytes, std::uint32_t value);
  /// The device's own writes: no masks.
  void Set(std::uint32_t offset, unsigned bytes, std::uint32_t value);
  /// As after power-on.
  void Reset() { values_ = power_on_; }

  bool Command(std::uint32_t bit) const { return (Read(kCommand, 2) & bit) != 0; }
  void SetInterruptStatus(bool pending);

 private:
  void Define(std::uint32_t offset, unsigned bytes, std::uint32_t value);

  std::array<std::uint8_t, kBytes> values_{};
  std::array<std::uint8_t, kBytes> power_on_{};
  std::array<std::uint8_t, kBytes> writable_{};
  std::uint32_t free_ = 0x40;        // behind the last capability
  std::uint32_t last_extended_ = 0;  // 0: none
};

/// "Command 0x004 = 0x0006", "MSI-X Message Control 0x072 = 0x803F", for traces. `config` says
/// which capability is where; what has no name of its own is "config", or its capability's name and
/// an offset.
std::string DescribeConfigAccess(const ConfigSpace& config, std::uint32_t offset, unsigned bytes,
                                 std::uint32_t value);
/// Without a function's capabilities: the header.
std::string DescribeConfigAccess(std::uint32_t offset, unsigned bytes, std::uint32_t value);

}  // namespace ixylab::emulator::pci

#endif  // EMULATOR_PCI_CONFIG_SPACE_H_
