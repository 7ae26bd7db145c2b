#include "driver/virtio/modern.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <string>

namespace ixylab::virtio {
namespace {

constexpr std::uint32_t kConfigBytes = 8;  // up to and with STATUS

Structure Checked(const std::optional<Structure>& structure, const char* name, std::uint32_t bytes,
                  std::uint32_t alignment) {
  if (!structure)
    throw DeviceError(std::string("virtio: no capability tells where ") + name + " is");
  const std::uint64_t end = std::uint64_t{structure->offset} + structure->length;
  if (structure->length < bytes || structure->offset % alignment != 0 || end > 0xFFFF'FFFF) {
    char text[160];
    std::snprintf(text, sizeof text,
                  "virtio: %s has %u bytes at offset 0x%x of BAR %u: %u or more, aligned to %u, "
                  "are needed",
                  name, structure->length, structure->offset, structure->bar, bytes, alignment);
    throw DeviceError(text);
  }
  return *structure;
}

}  // namespace

ModernTransport::ModernTransport(Bus& bus, const Capabilities& capabilities)
    : Transport(bus,
                [&]() -> Place {
                  const Structure common =
                      Checked(capabilities.common, "the common configuration", common::kBytes, 4);
                  const Register& status = common::DEVICE_STATUS;
                  return {status, common.bar, common.offset + status.offset};
                }()),
      common_(*capabilities.common),
      notify_(Checked(capabilities.notify, "the notification structure", 2, 2)),
      notify_off_multiplier_(capabilities.notify_off_multiplier),
      device_(Checked(capabilities.device, "the device configuration", kConfigBytes, 4)) {}

Features ModernTransport::ReadFeatures() {
  Write(In(common::DEVICE_FEATURE_SELECT), 0);
  const std::uint64_t low = Read(In(common::DEVICE_FEATURE));
  Write(In(common::DEVICE_FEATURE_SELECT), 1);
  const Features offered(low | std::uint64_t{Read(In(common::DEVICE_FEATURE))} << 32);
  offered.Require(VIRTIO_F_VERSION_1, "the modern interface");
  return offered;
}

// 3.1.1, steps 4 to 6.
void ModernTransport::AcceptFeatures(Features features) {
  Write(In(common::DRIVER_FEATURE_SELECT), 0);
  Write(In(common::DRIVER_FEATURE), static_cast<std::uint32_t>(features.bits()));
  Write(In(common::DRIVER_FEATURE_SELECT), 1);
  Write(In(common::DRIVER_FEATURE), static_cast<std::uint32_t>(features.bits() >> 32));
  try {
    AddStatus(kFeaturesOk);
  } catch (const DeviceError& error) {
    char text[96];
    std::snprintf(text, sizeof text, ": the device does not take the features 0x%llx",
                  static_cast<unsigned long long>(features.bits()));
    throw DeviceError(error.what() + std::string(text));
  }
}

Transport::Place ModernTransport::InConfig(const Register& field) const {
  if (field.offset + field.bytes > device_.length) {
    throw DeviceError(std::string("virtio: the device configuration of ") +
                      std::to_string(device_.length) + " bytes ends before " + field.name);
  }
  return {field, device_.bar, device_.offset + field.offset};
}

std::uint32_t ModernTransport::QueueSize(std::uint16_t queue, std::uint32_t wanted) {
  Write(In(common::QUEUE_SELECT), queue);
  const std::uint32_t most = Read(In(common::QUEUE_SIZE));
  if (most == 0) {
    throw DeviceError("virtio: queue " + std::to_string(queue) +
                      " does not exist, its QUEUE_SIZE reads 0");
  }
  return std::min(wanted, std::bit_floor(most));
}

Notifier ModernTransport::EnableQueue(std::uint16_t queue, std::uint32_t size,
                                      const QueueAddresses& addresses) {
  Write(In(common::QUEUE_SELECT), queue);
  Write(In(common::QUEUE_SIZE), size);
  WriteAddress(common::QUEUE_DESC, addresses.descriptors);
  WriteAddress(common::QUEUE_DRIVER, addresses.driver);
  WriteAddress(common::QUEUE_DEVICE, addresses.device);
  // 4.1.4.4.
  const std::uint32_t notify_off = Read(In(common::QUEUE_NOTIFY_OFF));
  const std::uint64_t offset = std::uint64_t{notify_off} * notify_off_multiplier_;
  if (offset + 2 > notify_.length || offset % 2 != 0) {
    throw DeviceError("virtio: QUEUE_NOTIFY_OFF " + std::to_string(notify_off) + " of queue " +
                      std::to_string(queue) + " leads out of the notification structure");
  }
  Write(In(common::QUEUE_ENABLE), 1);
  return Notifier(bus_, notify_.bar, notify_.offset + static_cast<std::uint32_t>(offset), queue);
}

void ModernTransport::WriteAddress(Register reg, std::uint64_t address) {
  Write(In(reg), static_cast<std::uint32_t>(address));
  reg.offset += 4;
  Write(In(reg), static_cast<std::uint32_t>(address >> 32));
}

}  // namespace ixylab::virtio
