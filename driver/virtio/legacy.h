// The legacy interface (virtio 0.9.5; virtio 1.2, 4.1.4.10): registers in BAR 0, as a rule I/O
// ports, and queues whose size and layout the device dictates.
#ifndef DRIVER_VIRTIO_LEGACY_H_
#define DRIVER_VIRTIO_LEGACY_H_

#include "driver/virtio/transport.h"

namespace ixylab::virtio {

class LegacyTransport final : public Transport {
 public:
  LegacyTransport(Bus& bus, bool msix_enabled)
      : Transport(bus, In(legacy::DEVICE_STATUS)),
        config_(msix_enabled ? legacy::kConfigWithMsix : legacy::kConfig) {}

  std::string_view name() const override { return "legacy"; }
  Features ReadFeatures() override { return Features(Read(In(legacy::DEVICE_FEATURES))); }
  void AcceptFeatures(Features features) override {
    Write(In(legacy::DRIVER_FEATURES), static_cast<std::uint32_t>(features.bits()));
  }
  std::uint32_t QueueSize(std::uint16_t queue, std::uint32_t wanted) override;
  Notifier EnableQueue(std::uint16_t queue, std::uint32_t size,
                       const QueueAddresses& addresses) override;

 private:
  static Place In(const Register& reg) { return {reg, 0, reg.offset}; }
  Place InConfig(const Register& field) const override {
    return {field, 0, config_ + field.offset};
  }
  std::uint32_t ConfigGeneration() override { return 0; }

  std::uint32_t config_;
};

}  // namespace ixylab::virtio

#endif  // DRIVER_VIRTIO_LEGACY_H_
