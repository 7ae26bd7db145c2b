#include "driver/ixgbe/options.h"

#include <utility>

#include "driver/ixgbe/ixgbe_device.h"
#include "driver/ixgbe/offload_receive_queue.h"
#include "driver/ixgbe/offload_transmit_queue.h"
#include "driver/ixgbe/option_registers.h"
#include "driver/ixgbe/waiting_device.h"

namespace ixylab::ixgbe {
namespace {

void Set(Bus& bus, Register r, Bits bits) { bus.Write32(r.offset, bus.Read32(r.offset) | bits); }

// Section 4.6.10.1.1, 7.1.2.8: flows are spread over the queues. The key is the one of the
// published verification suite, so that anybody can compute which queue a flow is on: it begins
// with the bytes 6d 5a 56 da.
void ConfigureRss(Bus& bus, std::uint32_t queues) {
  constexpr std::array<std::uint32_t, RSSRK.count> kKey = {
      0xDA565A6D, 0xC20E5B25, 0x3D256741, 0xB08FA343, 0xCB2BCAD0,
      0xB4307BAE, 0xA32DCB77, 0x0CF23080, 0x3BB7426A, 0xFA01ACBE};
  for (std::uint32_t n = 0; n < RSSRK.count; ++n) bus.Write32(RSSRK[n].offset, kKey[n]);
  for (std::uint32_t n = 0; n < RETA.count; ++n) {
    std::uint32_t word = 0;
    for (std::uint32_t i = 0; i < 4; ++i) word |= (4 * n + i) % queues << 8 * i;
    bus.Write32(RETA[n].offset, word);
  }
  Set(bus, RXCSUM, RXCSUM_PCSD);
  bus.Write32(MRQC.offset, MRQC_RSS | MRQC_RSS_FIELDS);
}

void Configure(Bus& bus, const DeviceConfig& config) {
  const auto queues = static_cast<std::uint32_t>(config.pools.size());
  if (queues > 1) ConfigureRss(bus, queues);
  // 8.2.3.22.8 and 8.2.3.22.13: MAXFRS counts with the CRC, and lets a VLAN tag be on top.
  if (config.max_frame_size > DeviceConfig().max_frame_size) {
    Set(bus, HLREG0, HLREG0_JUMBOEN);
    bus.Write32(MAXFRS.offset, (config.max_frame_size + kCrcSize) << MAXFRS_MFS_SHIFT);
  }
  // 7.4.4: of VLNCTRL.VET, which is 0x8100 after reset, as is DMATXCTL.VT.
  for (std::uint32_t n = 0; config.vlan_offload && n < queues; ++n) Set(bus, RXDCTL[n], RXDCTL_VME);
}

template <typename Receiving, typename Transmitting>
std::unique_ptr<Device> OpenQueues(Bus& bus, const DeviceConfig& config) {
  auto device = std::make_unique<IxgbeDevice<Receiving, Transmitting>>(bus);
  device->BringUp(config, [&] { Configure(bus, config); });
  return device;
}

}  // namespace

std::unique_ptr<Device> OpenWithOptions(Bus& bus, const DeviceConfig& config) {
  const bool plain = !config.checksum_offload && !config.vlan_offload &&
                     config.max_frame_size == DeviceConfig().max_frame_size;
  std::unique_ptr<Device> device =
      plain
          ? OpenQueues<ReceiveQueue<Doorbell>, TransmitQueue<Doorbell>>(bus, config)
          : OpenQueues<OffloadReceiveQueue<Doorbell>, OffloadTransmitQueue<Doorbell>>(bus, config);
  if (config.receive_wait == Nanoseconds(0)) return device;
  return MakeWaiting(std::move(device), bus, config);
}

}  // namespace ixylab::ixgbe
