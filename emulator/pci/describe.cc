// The names of what is in a configuration space.
#include <algorithm>
#include <cstdio>
#include <optional>
#include <string_view>

#include "emulator/pci/config_space.h"

namespace ixylab::emulator::pci {
namespace {

struct Name {
  std::uint32_t offset;  // in the header, or from the start of its capability
  std::string_view text;
};

constexpr Name kHeader[] = {
    {kVendorId, "Vendor ID"},
    {kDeviceId, "Device ID"},
    {kCommand, "Command"},
    {kStatus, "Status"},
    {kRevisionId, "Revision ID"},
    {kClassCode, "Class Code"},
    {kCacheLineSize, "Cache Line Size"},
    {0x0D, "Latency Timer"},
    {kHeaderType, "Header Type"},
    {kBar0 + 0x00, "BAR 0"},
    {kBar0 + 0x04, "BAR 1"},
    {kBar0 + 0x08, "BAR 2"},
    {kBar0 + 0x0C, "BAR 3"},
    {kBar0 + 0x10, "BAR 4"},
    {kBar0 + 0x14, "BAR 5"},
    {kSubsystemVendorId, "Subsystem Vendor ID"},
    {kSubsystemId, "Subsystem ID"},
    {0x30, "Expansion ROM"},
    {kCapabilitiesPointer, "Capabilities Pointer"},
    {kInterruptLine, "Interrupt Line"},
    {kInterruptPin, "Interrupt Pin"},
};

constexpr Name kPowerManagementNames[] = {{2, "Capabilities"}, {4, "Control/Status"}};
constexpr Name kVpdNames[] = {{2, "Address"}, {4, "Data"}};
constexpr Name kMsiNames[] = {
    {2, "Message Control"}, {4, "Message Address"}, {8, "Message Upper Address"},
    {12, "Message Data"},   {16, "Mask Bits"},      {20, "Pending Bits"}};
constexpr Name kMsixNames[] = {{2, "Message Control"}, {4, "Table"}, {8, "Pending Bits"}};
constexpr Name kPciExpressNames[] = {
    {2, "Capabilities"},         {4, "Device Capabilities"},    {8, "Device Control"},
    {10, "Device Status"},       {12, "Link Capabilities"},     {16, "Link Control"},
    {18, "Link Status"},         {36, "Device Capabilities 2"}, {40, "Device Control 2"},
    {44, "Link Capabilities 2"}, {48, "Link Control 2"},        {50, "Link Status 2"}};
constexpr Name kAdvancedErrorsNames[] = {
    {4, "Uncorrectable Error Status"},    {8, "Uncorrectable Error Mask"},
    {12, "Uncorrectable Error Severity"}, {16, "Correctable Error Status"},
    {20, "Correctable Error Mask"},       {24, "Capabilities and Control"}};
constexpr Name kSerialNumberNames[] = {{4, "Lower"}, {8, "Upper"}};
constexpr Name kAriNames[] = {{4, "Capability"}, {6, "Control"}};
constexpr Name kSrIovNames[] = {{4, "Capabilities"},
                                {8, "Control"},
                                {10, "Status"},
                                {12, "InitialVFs"},
                                {14, "TotalVFs"},
                                {16, "NumVFs"},
                                {18, "Function Dependency Link"},
                                {20, "First VF Offset"},
                                {22, "VF Stride"},
                                {26, "VF Device ID"},
                                {28, "Supported Page Sizes"},
                                {32, "System Page Size"},
                                {36, "VF BAR 0"},
                                {40, "VF BAR 1"},
                                {44, "VF BAR 2"},
                                {48, "VF BAR 3"},
                                {52, "VF BAR 4"},
                                {56, "VF BAR 5"}};

struct Capability {
  std::uint32_t id;
  std::string_view name;
  std::span<const Name> registers;
};

constexpr Capability kCapabilities[] = {
    {kPowerManagement, "PM", kPowerManagementNames},
    {kVitalProductData, "VPD", kVpdNames},
    {kMsi, "MSI", kMsiNames},
    {kVendorSpecific, "vendor", {}},
    {kPciExpress, "PCIe", kPciExpressNames},
    {kMsix, "MSI-X", kMsixNames},
};
constexpr Capability kExtended[] = {
    {kAdvancedErrors, "AER", kAdvancedErrorsNames},
    {kSerialNumber, "DSN", kSerialNumberNames},
    {kAri, "ARI", kAriNames},
    {kSrIov, "SR-IOV", kSrIovNames},
};

/// The start of the last capability at or before `offset`, and 0 if there is none. The lists are in
/// order of their offsets.
std::uint32_t FindCapability(const ConfigSpace& config, std::uint32_t offset) {
  const bool extended = offset >= kExtendedCapabilities;
  std::uint32_t found = 0;
  std::uint32_t at = extended ? kExtendedCapabilities : config.Read(kCapabilitiesPointer, 1);
  while (at > found && at <= offset) {
    found = at;
    at = extended ? config.Read(at, 4) >> 20 : config.Read(at + 1, 1);
  }
  return found;
}

std::optional<std::string> NameOf(std::span<const Name> names, std::uint32_t offset) {
  const auto found = std::ranges::find(names, offset, &Name::offset);
  if (found == names.end()) return std::nullopt;
  return std::string(found->text);
}

std::string NameInCapability(const ConfigSpace& config, std::uint32_t offset) {
  const std::uint32_t start = FindCapability(config, offset);
  const bool extended = offset >= kExtendedCapabilities;
  const std::uint32_t id = config.Read(start, extended ? 2 : 1);
  const std::span<const Capability> all = extended ? std::span<const Capability>(kExtended)
                                                   : std::span<const Capability>(kCapabilities);
  const auto capability = std::ranges::find(all, id, &Capability::id);
  if (start == 0 || capability == all.end()) return "config";
  const std::string name(capability->name);
  if (offset == start) return name + " header";
  if (const auto text = NameOf(capability->registers, offset - start)) return name + " " + *text;
  return name + "+" + std::to_string(offset - start);
}

std::string Line(const std::string& name, std::uint32_t offset, unsigned bytes,
                 std::uint32_t value) {
  char text[32];
  std::snprintf(text, sizeof text, " 0x%03X = 0x%0*X", offset, static_cast<int>(2 * bytes), value);
  return name + text;
}

}  // namespace

std::string DescribeConfigAccess(const ConfigSpace& config, std::uint32_t offset, unsigned bytes,
                                 std::uint32_t value) {
  if (offset < 0x40) return DescribeConfigAccess(offset, bytes, value);
  return Line(NameInCapability(config, offset), offset, bytes, value);
}

std::string DescribeConfigAccess(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  return Line(NameOf(kHeader, offset).value_or("config"), offset, bytes, value);
}

}  // namespace ixylab::emulator::pci
