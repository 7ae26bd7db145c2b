#include "emulator/virtio_net/registers.h"

#include <cstdio>

#include "emulator/pci/config_space.h"
#include "emulator/virtio_net/port.h"

namespace ixylab::emulator::virtio_net {
namespace {

constexpr Kind kRO = Kind::kReadOnly, kRW = Kind::kReadWrite, kWO = Kind::kWriteOnly,
               kRC = Kind::kReadClear;

constexpr Field kStatusFields[] = {{"ACKNOWLEDGE", 0},        {"DRIVER", 1},
                                   {"DRIVER_OK", 2},          {"FEATURES_OK", 3},
                                   {"DEVICE_NEEDS_RESET", 6}, {"FAILED", 7}};
constexpr Field kIsrFields[] = {{"QUEUE", 0}, {"CONFIG", 1}};
constexpr Field kLinkFields[] = {{"VIRTIO_NET_S_LINK_UP", 0}, {"VIRTIO_NET_S_ANNOUNCE", 1}};

using S = Structure;

// clang-format off
constexpr Register kRegisters[] = {
    // 4.1.4.10: the legacy interface. It has no way to negotiate more than 32 features, and its
    // queues lie where one page number says, in one piece (2.7.2).
    {{"device_features", S::kLegacy, 0, 4, kRO, "4.1.4.10"}, &Port::ReadLegacyDeviceFeatures},
    {{"driver_features", S::kLegacy, 4, 4, kRW, "4.1.4.10"}, &Port::ReadLegacyDriverFeatures, &Port::WroteLegacyDriverFeatures},
    {{"queue_address", S::kLegacy, 8, 4, kRW, "4.1.4.10"}, &Port::ReadLegacyQueueAddress, &Port::WroteLegacyQueueAddress},
    {{"queue_size", S::kLegacy, 12, 2, kRO, "4.1.4.10"}, &Port::ReadQueueSize},
    {{"queue_select", S::kLegacy, 14, 2, kRW, "4.1.4.10"}, &Port::ReadQueueSelect, &Port::WroteQueueSelect},
    {{"queue_notify", S::kLegacy, 16, 2, kWO, "4.1.4.10"}, nullptr, &Port::WroteNotify},
    {{"device_status", S::kLegacy, 18, 1, kRW, "4.1.4.10", kStatusFields}, &Port::ReadStatus, &Port::WroteLegacyStatus},
    {{"isr_status", S::kLegacy, 19, 1, kRC, "4.1.4.10", kIsrFields}, &Port::ReadIsr},
    {{"config_msix_vector", S::kLegacyMsix, 20, 2, kRW, "4.1.4.10"}, &Port::ReadConfigVector, &Port::WroteConfigVector},
    {{"queue_msix_vector", S::kLegacyMsix, 22, 2, kRW, "4.1.4.10"}, &Port::ReadQueueVector, &Port::WroteQueueVector},

    // 4.1.4.3: struct virtio_pci_common_cfg; 64-bit fields as two of 32 bits (4.1.3.1).
    {{"device_feature_select", S::kCommon, 0x00, 4, kRW, "4.1.4.3"}, &Port::ReadDeviceFeatureSelect, &Port::WroteDeviceFeatureSelect},
    {{"device_feature", S::kCommon, 0x04, 4, kRO, "4.1.4.3"}, &Port::ReadDeviceFeature},
    {{"driver_feature_select", S::kCommon, 0x08, 4, kRW, "4.1.4.3"}, &Port::ReadDriverFeatureSelect, &Port::WroteDriverFeatureSelect},
    {{"driver_feature", S::kCommon, 0x0C, 4, kRW, "4.1.4.3"}, &Port::ReadDriverFeature, &Port::WroteDriverFeature},
    {{"config_msix_vector", S::kCommon, 0x10, 2, kRW, "4.1.4.3"}, &Port::ReadConfigVector, &Port::WroteConfigVector},
    {{"num_queues", S::kCommon, 0x12, 2, kRO, "4.1.4.3"}, &Port::ReadNumQueues},
    {{"device_status", S::kCommon, 0x14, 1, kRW, "4.1.4.3", kStatusFields}, &Port::ReadStatus, &Port::WroteStatus},
    {{"config_generation", S::kCommon, 0x15, 1, kRO, "4.1.4.3"}, &Port::ReadConfigGeneration},
    {{"queue_select", S::kCommon, 0x16, 2, kRW, "4.1.4.3"}, &Port::ReadQueueSelect, &Port::WroteQueueSelect},
    {{"queue_size", S::kCommon, 0x18, 2, kRW, "4.1.4.3"}, &Port::ReadQueueSize, &Port::WroteQueueSize},
    {{"queue_msix_vector", S::kCommon, 0x1A, 2, kRW, "4.1.4.3"}, &Port::ReadQueueVector, &Port::WroteQueueVector},
    {{"queue_enable", S::kCommon, 0x1C, 2, kRW, "4.1.4.3"}, &Port::ReadQueueEnable, &Port::WroteQueueEnable},
    {{"queue_notify_off", S::kCommon, 0x1E, 2, kRO, "4.1.4.3"}, &Port::ReadQueueNotifyOff},
    {{"queue_desc_lo", S::kCommon, 0x20, 4, kRW, "4.1.4.3"}, &Port::ReadQueueAddress<&Queue::descriptors, 0>, &Port::WroteQueueAddress<&Queue::descriptors, 0>},
    {{"queue_desc_hi", S::kCommon, 0x24, 4, kRW, "4.1.4.3"}, &Port::ReadQueueAddress<&Queue::descriptors, 32>, &Port::WroteQueueAddress<&Queue::descriptors, 32>},
    {{"queue_driver_lo", S::kCommon, 0x28, 4, kRW, "4.1.4.3"}, &Port::ReadQueueAddress<&Queue::driver, 0>, &Port::WroteQueueAddress<&Queue::driver, 0>},
    {{"queue_driver_hi", S::kCommon, 0x2C, 4, kRW, "4.1.4.3"}, &Port::ReadQueueAddress<&Queue::driver, 32>, &Port::WroteQueueAddress<&Queue::driver, 32>},
    {{"queue_device_lo", S::kCommon, 0x30, 4, kRW, "4.1.4.3"}, &Port::ReadQueueAddress<&Queue::device, 0>, &Port::WroteQueueAddress<&Queue::device, 0>},
    {{"queue_device_hi", S::kCommon, 0x34, 4, kRW, "4.1.4.3"}, &Port::ReadQueueAddress<&Queue::device, 32>, &Port::WroteQueueAddress<&Queue::device, 32>},
    {{"queue_notif_config_data", S::kCommon, 0x38, 2, kRO, "4.1.4.3"}},
    {{"queue_reset", S::kCommon, 0x3A, 2, kRW, "4.1.4.3"}, &Port::ReadQueueReset, &Port::WroteQueueReset},

    // 4.1.4.4: one for each queue, kNotifyMultiplier apart; the value says which queue it is.
    {{"queue_notify", S::kNotify, 0, 2, kWO, "4.1.4.4"}, nullptr, &Port::WroteNotify},

    {{"isr_status", S::kIsr, 0, 1, kRC, "4.1.4.5", kIsrFields}, &Port::ReadIsr},

    // 5.1.4: struct virtio_net_config, read as bytes of memory (config.cc).
    {{"mac", S::kDevice, 0, 6, kRO, "5.1.4"}},
    {{"status", S::kDevice, 6, 2, kRO, "5.1.4", kLinkFields}},
    {{"max_virtqueue_pairs", S::kDevice, 8, 2, kRO, "5.1.4"}},
    {{"mtu", S::kDevice, 10, 2, kRO, "5.1.4"}},
    {{"speed", S::kDevice, 12, 4, kRO, "5.1.4"}},
    {{"duplex", S::kDevice, 16, 1, kRO, "5.1.4"}},
};
// clang-format on

const Register* Find(const Place& place) {
  // All notification addresses are one row.
  const std::uint32_t offset =
      place.structure == S::kNotify ? place.offset % kNotifyMultiplier : place.offset;
  for (const Register& row : kRegisters) {
    if (row.structure == place.structure && offset - row.offset < row.bytes) return &row;
  }
  return nullptr;
}

std::string_view StructureName(Structure structure) {
  switch (structure) {
    case S::kLegacy:
    case S::kLegacyMsix:
      return "legacy";
    case S::kCommon:
      return "common";
    case S::kNotify:
      return "notify";
    case S::kIsr:
      return "isr";
    case S::kDevice:
      return "device";
  }
  return "?";
}

template <typename... Arguments>
std::string Format(const char* format, Arguments... arguments) {
  char text[64];
  std::snprintf(text, sizeof text, format, arguments...);
  return text;
}

}  // namespace

Place Locate(unsigned region, std::uint32_t offset, bool msix) {
  if (region == kLegacyBar) {
    const std::uint32_t device = msix ? kLegacyDeviceOffsetMsix : kLegacyDeviceOffset;
    if (offset >= device) return {S::kDevice, offset - device};
    return {offset >= kLegacyDeviceOffset ? S::kLegacyMsix : S::kLegacy, offset};
  }
  constexpr Structure kStructures[] = {S::kCommon, S::kIsr, S::kDevice, S::kNotify};
  static_assert(kIsrOffset == 1 * kStructureBytes && kDeviceOffset == 2 * kStructureBytes &&
                kNotifyOffset == 3 * kStructureBytes);
  return {kStructures[offset / kStructureBytes % 4], offset % kStructureBytes};
}

std::vector<const RegisterRow*> AllRegisters() {
  std::vector<const RegisterRow*> rows;
  for (const Register& row : kRegisters) rows.push_back(&row);
  return rows;
}

const RegisterRow* FindRegister(const Place& place) { return Find(place); }

const Register* FindRegister(const Place& place, unsigned bytes) {
  const Register* const row = Find(place);
  if (row == nullptr || row->bytes != bytes) return nullptr;
  const bool starts = place.structure == S::kNotify ? place.offset % kNotifyMultiplier == 0
                                                    : place.offset == row->offset;
  return starts ? row : nullptr;
}

std::string DescribeAccess(unsigned region, std::uint32_t offset, unsigned bytes,
                           std::uint32_t value, bool msix) {
  if (region == NicFunction::kConfigSpace) return pci::DescribeConfigAccess(offset, bytes, value);
  const std::string number = Format(" 0x%04X = 0x%0*X", offset, 2 * static_cast<int>(bytes), value);
  if (region == kMsixBar) return "MSI-X" + number;
  if (region != kLegacyBar && region != kModernBar) return Format("BAR %u", region) + number;
  const Place place = Locate(region, offset, msix);
  const Register* const row = Find(place);
  if (row == nullptr) return std::string(StructureName(place.structure)) + "?" + number;
  std::string name = std::string(StructureName(place.structure)) + "." + std::string(row->name);
  if (place.structure == S::kNotify) name += Format("[%u]", place.offset / kNotifyMultiplier);
  if (bytes < row->bytes) name += Format("[%u]", place.offset - row->offset);
  const std::string fields = DescribeFields(row->fields, value);
  return name + number + (fields.empty() ? "" : " {" + fields + "}");
}

}  // namespace ixylab::emulator::virtio_net
