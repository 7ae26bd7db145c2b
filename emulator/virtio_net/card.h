// The model of a virtio-net card (virtio 1.2, 4.1 and 5.1): one or two ports, each a PCI function
// that a driver finds behind the legacy interface, the modern one, or both.
#ifndef EMULATOR_VIRTIO_NET_CARD_H_
#define EMULATOR_VIRTIO_NET_CARD_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "emulator/card.h"
#include "emulator/host.h"
#include "emulator/virtio_net/features.h"
#include "emulator/wire/wire.h"

namespace ixylab::emulator::virtio_net {

enum class Interface : std::uint8_t { kLegacy, kTransitional, kModern };

struct NetConfig {
  unsigned ports = 2;  // 1 or 2
  Interface interface = Interface::kTransitional;
  /// Offered, of those that the interface has. Packed rings are asked for, as in QEMU (packed=on).
  std::uint64_t features = kAllFeatures & ~VIRTIO_F_RING_PACKED;
  std::uint16_t queue_pairs = 16;  // 1 to 16; more than 1 only with VIRTIO_NET_F_MQ
  std::uint16_t queue_size = 256;  // a power of two, 4 to 1024: all that legacy drivers get
  std::uint16_t mtu = 0;           // 0: VIRTIO_NET_F_MTU is not offered
  std::array<std::uint8_t, 6> mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56};  // port 1: the next one
  /// The host runs the ports without end (threads): they poll their rings and ask for no
  /// notifications. Else a queue is looked at only after a notification, so that a driver that
  /// forgets one is found out.
  bool polls = false;
};

/// What became of the frames of a port, for who wants to know where one went.
struct Counters {
  std::uint64_t sent = 0;
  std::uint64_t sent_while_down = 0;  // taken and dropped, as QEMU does
  std::uint64_t received = 0;
  std::uint64_t filtered = 0;   // not for this port, or it was not ready
  std::uint64_t bad = 0;        // FCS, or longer than VIRTIO_NET_F_MTU allows
  std::uint64_t no_buffer = 0;  // the driver had made none available
  std::uint64_t too_long = 0;   // for a buffer, without VIRTIO_NET_F_MRG_RXBUF
};

class Port;

/// Throws std::invalid_argument for a configuration that is outside the ranges above.
class NetCard final : public Card {
 public:
  NetCard(const NetConfig& config, Host& host);
  ~NetCard() override;

  NicFunction& function(unsigned port) override;
  void Connect(unsigned port, Wire& wire, unsigned end) override;
  std::uint64_t unknown_accesses() const override;
  std::vector<NamedCounter> counters(unsigned port) const override;
  const Counters& counts(unsigned port) const;
  std::string Describe(unsigned region, std::uint32_t offset, unsigned bytes,
                       std::uint32_t value) const override;
  std::string_view Provenance(unsigned region, std::uint32_t offset) const override;

 private:
  std::vector<std::unique_ptr<Port>> ports_;
};

}  // namespace ixylab::emulator::virtio_net

#endif  // EMULATOR_VIRTIO_NET_CARD_H_
