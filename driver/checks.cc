#include "driver/checks.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>

namespace ixylab {

namespace {

void CheckOptions(const DeviceConfig& config, const Limits& limits) {
  const auto check_available = [](const char* what, bool wanted, bool available) {
    if (wanted && !available)
      throw DeviceError(std::string(what) + ": this device's driver does not have it");
  };
  check_available("checksum_offload", config.checksum_offload, limits.offloads);
  check_available("vlan_offload", config.vlan_offload, limits.offloads);
  check_available("receive_wait", config.receive_wait != Nanoseconds(0), limits.interrupts);
  const auto check_range = [](const char* what, std::int64_t value, std::int64_t least,
                              std::int64_t most) {
    if (value < least || value > most) {
      throw DeviceError(std::string(what) + ": " + std::to_string(value) + " is not from " +
                        std::to_string(least) + " to " + std::to_string(most));
    }
  };
  check_range("max_frame_size", config.max_frame_size, DeviceConfig().max_frame_size,
              limits.max_frame_size);
  check_range("receive_wait in ns", config.receive_wait.count(), 0, Nanoseconds::max().count());
  check_range("interrupt_interval in ns", config.interrupt_interval.count(), 0,
              limits.interrupt_interval.count());
}

}  // namespace

void CheckConfig(Bus& bus, const DeviceConfig& config, const Limits& limits) {
  const auto check_ring = [](const char* what, std::uint32_t entries) {
    if (entries < 64 || entries > 4096 || !std::has_single_bit(entries)) {
      throw DeviceError(std::string(what) + ": " + std::to_string(entries) +
                        " is not a power of two from 64 to 4096");
    }
  };
  check_ring("receive_descriptors", config.receive_descriptors);
  check_ring("transmit_descriptors", config.transmit_descriptors);
  if (config.pools.empty() || config.pools.size() > limits.queues) {
    throw DeviceError("pools: " + std::to_string(config.pools.size()) + " queues asked for, 1 to " +
                      std::to_string(limits.queues) + " are possible");
  }
  CheckOptions(config, limits);
  for (MemoryPool* pool : config.pools) {
    if (pool == nullptr) throw DeviceError("pools: a null pool");
    if (&pool->dma() != &bus.dma()) {
      throw DeviceError("pools: a pool of another DMA space, which this device cannot reach");
    }
    // Some of the queues may share this one.
    const std::size_t needed = static_cast<std::size_t>(std::ranges::count(config.pools, pool)) *
                               config.receive_descriptors;
    if (pool->available() < needed) {
      throw DeviceError("pools: " + std::to_string(pool->available()) +
                        " buffers are free, the receive rings take " + std::to_string(needed));
    }
  }
}

}  // namespace ixylab
