#include "driver/checks.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>

namespace ixylab {

void CheckConfig(Bus& bus, const DeviceConfig& config, std::size_t max_queues) {
  const auto check_ring = [](const char* what, std::uint32_t entries) {
    if (entries < 64 || entries > 4096 || !std::has_single_bit(entries)) {
      throw DeviceError(std::string(what) + ": " + std::to_string(entries) +
                        " is not a power of two from 64 to 4096");
    }
  };
  check_ring("receive_descriptors", config.receive_descriptors);
  check_ring("transmit_descriptors", config.transmit_descriptors);
  if (config.pools.empty() || config.pools.size() > max_queues) {
    throw DeviceError("pools: " + std::to_string(config.pools.size()) + " queues asked for, 1 to " +
                      std::to_string(max_queues) + " are possible");
  }
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
