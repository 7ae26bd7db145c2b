// The modern interface (virtio 1.2, 4.1): structures in memory BARs, described by capabilities.
#ifndef DRIVER_VIRTIO_MODERN_H_
#define DRIVER_VIRTIO_MODERN_H_

#include "driver/virtio/capabilities.h"
#include "driver/virtio/transport.h"

namespace ixylab::virtio {

class ModernTransport final : public Transport {
 public:
  /// Throws DeviceError if a structure is missing, too short or not aligned.
  ModernTransport(Bus& bus, const Capabilities& capabilities);

  std::string_view name() const override { return "modern"; }
  Features ReadFeatures() override;
  void AcceptFeatures(Features features) override;
  std::uint32_t QueueSize(std::uint16_t queue, std::uint32_t wanted) override;
  Notifier EnableQueue(std::uint16_t queue, std::uint32_t size,
                       const QueueAddresses& addresses) override;

 private:
  Place In(const Register& reg) const { return {reg, common_.bar, common_.offset + reg.offset}; }
  Place InConfig(const Register& field) const override;
  std::uint32_t ConfigGeneration() override { return Read(In(common::CONFIG_GENERATION)); }
  void WriteAddress(Register reg, std::uint64_t address);

  Structure common_;
  Structure notify_;
  std::uint32_t notify_off_multiplier_;
  Structure device_;
};

}  // namespace ixylab::virtio

#endif  // DRIVER_VIRTIO_MODERN_H_
