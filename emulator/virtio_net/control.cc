// The control virtqueue (virtio 1.2, 5.1.6.5): a command, its data and an answer of one byte.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "emulator/virtio_net/port.h"

namespace ixylab::emulator::virtio_net {
namespace {

constexpr std::uint8_t VIRTIO_NET_OK = 0, VIRTIO_NET_ERR = 1;
constexpr std::uint8_t VIRTIO_NET_CTRL_RX = 0, VIRTIO_NET_CTRL_MAC = 1, VIRTIO_NET_CTRL_VLAN = 2,
                       VIRTIO_NET_CTRL_MQ = 4;
constexpr std::uint8_t VIRTIO_NET_CTRL_RX_PROMISC = 0, VIRTIO_NET_CTRL_RX_ALLMULTI = 1,
                       VIRTIO_NET_CTRL_RX_ALLUNI = 2, VIRTIO_NET_CTRL_RX_NOMULTI = 3,
                       VIRTIO_NET_CTRL_RX_NOUNI = 4, VIRTIO_NET_CTRL_RX_NOBCAST = 5;
constexpr std::uint8_t VIRTIO_NET_CTRL_MAC_TABLE_SET = 0, VIRTIO_NET_CTRL_MAC_ADDR_SET = 1;
constexpr std::uint8_t VIRTIO_NET_CTRL_VLAN_ADD = 0, VIRTIO_NET_CTRL_VLAN_DEL = 1;
constexpr std::uint8_t VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET = 0;

constexpr std::uint64_t kLongestCommand = 64 * 1024;

std::uint32_t LoadLittleEndian(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    value |= std::to_integer<std::uint32_t>(bytes[i]) << 8 * i;
  }
  return value;
}

/// struct virtio_net_ctrl_mac at the front of `data`, which is then what is behind it. Nothing if
/// it is cut off.
struct MacTable {
  std::vector<MacBytes> addresses;
  bool overflow = false;  // there were more than a filter keeps; then none is kept
};
std::optional<MacTable> TakeMacTable(std::span<const std::byte>& data) {
  if (data.size() < 4) return std::nullopt;
  const std::uint64_t entries = LoadLittleEndian(data.first(4));
  data = data.subspan(4);
  if (entries * sizeof(MacBytes) > data.size()) return std::nullopt;
  MacTable table{.addresses = {}, .overflow = entries > Filter::kMostAddresses};
  for (std::uint64_t i = 0; i < entries; ++i) {
    MacBytes address;
    std::memcpy(address.data(), data.data(), address.size());
    data = data.subspan(address.size());
    if (!table.overflow) table.addresses.push_back(address);
  }
  return table;
}

}  // namespace

/// One command. True if there was one.
bool Port::RunControl() {
  Queue& queue = control();
  segments_.Clear();
  Chain chain;
  const auto result = queue.ring.Next(chain, segments_);
  if (result == Virtqueue::Result::kBroken) return Fail(queue.ring.error()), false;
  if (result == Virtqueue::Result::kEmpty) return WaitForKick(queue), false;
  return RunCommand(chain);
}

bool Port::RunCommand(const Chain& chain) {
  Queue& queue = control();
  const std::string where = "controlq descriptor " + std::to_string(chain.id);
  if (chain.readable_bytes < 2 || chain.writable_bytes < 1) {
    return Fail(where + ": no room for class, command and ack"), false;
  }
  std::uint8_t ack = VIRTIO_NET_ERR;
  if (chain.readable_bytes <= kLongestCommand) {
    if (!Gather(queue, chain)) return false;
    ack = Command(gathered_);
  } else {
    LogOnce(where + ": a command of " + std::to_string(chain.readable_bytes) + " bytes");
  }
  const Segment& answer = segments_.From(chain.first + chain.readable, 1)[0];
  const std::array<std::byte, 1> bytes = {std::byte(ack)};
  if (!dma_.Write(answer.iova, bytes)) {
    dma_.Fault(Dma::Access::kWrite, answer.iova, 1, where + ": ack");
    return Fail(where + ": ack: not mapped"), false;
  }
  const Used used = {.id = chain.id, .descriptors = chain.descriptors, .written = 1};
  Give(queue, {&used, 1});
  return true;
}

std::uint8_t Port::Command(std::span<const std::byte> command) {
  const auto command_class = std::to_integer<std::uint8_t>(command[0]);
  const auto number = std::to_integer<std::uint8_t>(command[1]);
  const std::span<const std::byte> data = command.subspan(2);
  std::uint8_t ack = VIRTIO_NET_ERR;
  switch (command_class) {
    case VIRTIO_NET_CTRL_RX:
      ack = ReceiveModeCommand(number, data);
      break;
    case VIRTIO_NET_CTRL_MAC:
      ack = MacCommand(number, data);
      break;
    case VIRTIO_NET_CTRL_VLAN:
      ack = VlanCommand(number, data);
      break;
    case VIRTIO_NET_CTRL_MQ:
      ack = MultiqueueCommand(number, data);
      break;
  }
  if (ack != VIRTIO_NET_OK) {
    LogOnce("controlq: class " + std::to_string(command_class) + " command " +
            std::to_string(number) + " with " + std::to_string(data.size()) +
            " bytes: VIRTIO_NET_ERR");
  }
  return ack;
}

/// 5.1.6.5.1
std::uint8_t Port::ReceiveModeCommand(std::uint8_t command, std::span<const std::byte> data) {
  const std::uint64_t feature =
      command <= VIRTIO_NET_CTRL_RX_ALLMULTI ? VIRTIO_NET_F_CTRL_RX : VIRTIO_NET_F_CTRL_RX_EXTRA;
  if (!Has(feature) || data.size() != 1 || data[0] > std::byte{1}) return VIRTIO_NET_ERR;
  const bool on = data[0] == std::byte{1};
  switch (command) {
    case VIRTIO_NET_CTRL_RX_PROMISC:
      filter_.promiscuous = on;
      return VIRTIO_NET_OK;
    case VIRTIO_NET_CTRL_RX_ALLMULTI:
      filter_.all_multicast = on;
      return VIRTIO_NET_OK;
    case VIRTIO_NET_CTRL_RX_ALLUNI:
      filter_.all_unicast = on;
      return VIRTIO_NET_OK;
    case VIRTIO_NET_CTRL_RX_NOMULTI:
      filter_.no_multicast = on;
      return VIRTIO_NET_OK;
    case VIRTIO_NET_CTRL_RX_NOUNI:
      filter_.no_unicast = on;
      return VIRTIO_NET_OK;
    case VIRTIO_NET_CTRL_RX_NOBCAST:
      filter_.no_broadcast = on;
      return VIRTIO_NET_OK;
    default:
      return VIRTIO_NET_ERR;
  }
}

/// 5.1.6.5.2
std::uint8_t Port::MacCommand(std::uint8_t command, std::span<const std::byte> data) {
  if (command == VIRTIO_NET_CTRL_MAC_ADDR_SET) {
    if (!Has(VIRTIO_NET_F_CTRL_MAC_ADDR) || data.size() != mac_.size()) return VIRTIO_NET_ERR;
    std::memcpy(mac_.data(), data.data(), mac_.size());
    filter_.own = mac_;
    UpdateDeviceConfig();
    config_unread_ = true;
    return VIRTIO_NET_OK;
  }
  if (command != VIRTIO_NET_CTRL_MAC_TABLE_SET || !Has(VIRTIO_NET_F_CTRL_RX)) {
    return VIRTIO_NET_ERR;
  }
  const auto unicast = TakeMacTable(data);
  const auto multicast = unicast ? TakeMacTable(data) : std::nullopt;
  if (!multicast || !data.empty()) return VIRTIO_NET_ERR;
  filter_.unicast = unicast->addresses;
  filter_.unicast_overflow = unicast->overflow;
  filter_.multicast = multicast->addresses;
  filter_.multicast_overflow = multicast->overflow;
  return VIRTIO_NET_OK;
}

/// 5.1.6.5.3
std::uint8_t Port::VlanCommand(std::uint8_t command, std::span<const std::byte> data) {
  const bool known = command == VIRTIO_NET_CTRL_VLAN_ADD || command == VIRTIO_NET_CTRL_VLAN_DEL;
  if (!Has(VIRTIO_NET_F_CTRL_VLAN) || !known || data.size() != 2) return VIRTIO_NET_ERR;
  const std::uint32_t id = LoadLittleEndian(data);
  if (id >= filter_.vlans.size()) return VIRTIO_NET_ERR;
  filter_.vlans[id] = command == VIRTIO_NET_CTRL_VLAN_ADD;
  return VIRTIO_NET_OK;
}

/// 5.1.6.5.5
std::uint8_t Port::MultiqueueCommand(std::uint8_t command, std::span<const std::byte> data) {
  if (!Has(VIRTIO_NET_F_MQ) || command != VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET || data.size() != 2) {
    return VIRTIO_NET_ERR;
  }
  const std::uint32_t pairs = LoadLittleEndian(data);
  if (pairs < 1 || pairs > config_.queue_pairs) return VIRTIO_NET_ERR;
  active_pairs_ = pairs;
  return VIRTIO_NET_OK;
}

}  // namespace ixylab::emulator::virtio_net
