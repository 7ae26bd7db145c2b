#include "driver/virtio/legacy.h"

#include <bit>
#include <cstdio>
#include <string>

namespace ixylab::virtio {

std::uint32_t LegacyTransport::QueueSize(std::uint16_t queue, std::uint32_t) {
  Write(In(legacy::QUEUE_SELECT), queue);
  const std::uint32_t size = Read(In(legacy::QUEUE_SIZE));
  if (!std::has_single_bit(size)) {
    throw DeviceError("virtio: queue " + std::to_string(queue) + " has " + std::to_string(size) +
                      " entries (QUEUE_SIZE), a power of two is needed");
  }
  return size;
}

Notifier LegacyTransport::EnableQueue(std::uint16_t queue, std::uint32_t,
                                      const QueueAddresses& addresses) {
  const std::uint64_t page = addresses.descriptors >> legacy::kQueueAddressShift;
  if (page > 0xFFFF'FFFF) {
    char text[128];
    std::snprintf(text, sizeof text,
                  "virtio: queue %u is at device address 0x%llx, beyond the 44 bits of a legacy "
                  "device",
                  queue, static_cast<unsigned long long>(addresses.descriptors));
    throw DeviceError(text);
  }
  Write(In(legacy::QUEUE_SELECT), queue);
  Write(In(legacy::QUEUE_ADDRESS), static_cast<std::uint32_t>(page));
  return Notifier(bus_, 0, legacy::QUEUE_NOTIFY.offset, queue);
}

}  // namespace ixylab::virtio
