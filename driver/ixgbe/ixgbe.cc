#include "driver/ixgbe/ixgbe.h"

#include "driver/ixgbe/ixgbe_device.h"

namespace ixylab::ixgbe {

std::unique_ptr<Device> Open(Bus& bus, const DeviceConfig& config) {
  if (config.pools.size() != 1 || config.checksum_offload || config.vlan_offload ||
      config.max_frame_size != DeviceConfig().max_frame_size || config.receive_wait.count() != 0)
    throw DeviceError("one queue pair without options is what ixgbe::Open opens");
  auto device = std::make_unique<IxgbeDevice<ReceiveQueue<Doorbell>, TransmitQueue<Doorbell>>>(bus);
  device->BringUp(config, [] {});
  return device;
}

}  // namespace ixylab::ixgbe
