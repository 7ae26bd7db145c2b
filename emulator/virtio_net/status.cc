// Device status and feature negotiation (virtio 1.2, 2.1, 2.2, 3.1).
#include "emulator/virtio_net/port.h"

namespace ixylab::emulator::virtio_net {
namespace {

// 2.1
constexpr std::uint8_t DRIVER_OK = 4, FEATURES_OK = 8, DEVICE_NEEDS_RESET = 64;

std::string BitNumbers(std::uint64_t features) {
  std::string text;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if ((features >> bit & 1) != 0) text += " " + std::to_string(bit);
  }
  return text;
}

}  // namespace

std::uint64_t Port::OfferedFeatures(bool legacy) const {
  std::uint64_t features = config_.features;
  if (config_.mtu == 0) features &= ~VIRTIO_NET_F_MTU;
  if (config_.queue_pairs == 1) features &= ~VIRTIO_NET_F_MQ;
  for (const FeatureDependency& dependency : kDependencies) {
    if ((features & dependency.needs) == 0) features &= ~dependency.feature;
  }
  // 2.2.3: the legacy interface has no way to show more than 32.
  return legacy ? features & 0xFFFFFFFF : features & ~kLegacyOnly;
}

std::uint32_t Port::ReadLegacyDeviceFeatures() {
  return static_cast<std::uint32_t>(OfferedFeatures(true));
}

std::uint32_t Port::ReadLegacyDriverFeatures() {
  return static_cast<std::uint32_t>(driver_features_);
}

/// There is no FEATURES_OK to refuse: what is not offered is not taken.
void Port::WroteLegacyDriverFeatures(std::uint32_t value) {
  const std::uint64_t taken = value & OfferedFeatures(true);
  if (taken != value) LogOnce("features that are not offered:" + BitNumbers(value & ~taken));
  ChangeDriverFeatures(taken);
}

std::uint32_t Port::ReadDeviceFeature() {
  if (device_feature_select_ > 1) return 0;
  return static_cast<std::uint32_t>(OfferedFeatures(false) >> 32 * device_feature_select_);
}

std::uint32_t Port::ReadDriverFeature() {
  if (driver_feature_select_ > 1) return 0;
  return static_cast<std::uint32_t>(driver_features_ >> 32 * driver_feature_select_);
}

void Port::WroteDriverFeature(std::uint32_t value) {
  if (driver_feature_select_ > 1) {
    if (value != 0) LogOnce("driver_feature: features beyond 63, of which there are none");
    return;
  }
  const unsigned shift = 32 * driver_feature_select_;
  const std::uint64_t others = driver_features_ & ~(std::uint64_t{0xFFFFFFFF} << shift);
  ChangeDriverFeatures(others | std::uint64_t{value} << shift);
}

void Port::ChangeDriverFeatures(std::uint64_t features) {
  if (features == driver_features_) return;
  if ((status_ & (FEATURES_OK | DRIVER_OK)) != 0) {
    return Fail("features were changed after FEATURES_OK or DRIVER_OK");
  }
  driver_features_ = features;
}

/// 2.2.2: whether FEATURES_OK is set.
bool Port::FeaturesAreValid() {
  const std::uint64_t unknown = driver_features_ & ~OfferedFeatures(false);
  if (unknown != 0) {
    LogOnce("FEATURES_OK refused: features that are not offered:" + BitNumbers(unknown));
    return false;
  }
  if (!Has(VIRTIO_F_VERSION_1)) {
    LogOnce("FEATURES_OK refused: no VIRTIO_F_VERSION_1 at the modern interface");
    return false;
  }
  for (const FeatureDependency& dependency : kDependencies) {
    if (Has(dependency.feature) && !Has(dependency.needs)) {
      LogOnce("FEATURES_OK refused: feature" + BitNumbers(dependency.feature) + " needs" +
              BitNumbers(dependency.needs));
      return false;
    }
  }
  return true;
}

void Port::CacheFeatures() {
  mergeable_ = Has(VIRTIO_NET_F_MRG_RXBUF);
  // 5.1.6.1: num_buffers is there with VIRTIO_NET_F_MRG_RXBUF or VIRTIO_F_VERSION_1.
  header_bytes_ = mergeable_ || Has(VIRTIO_F_VERSION_1) ? 12 : 10;
  filter_.vlan_filter = Has(VIRTIO_NET_F_CTRL_VLAN);
}

void Port::WroteLegacyStatus(std::uint32_t value) { SetStatus(value, true); }

void Port::WroteStatus(std::uint32_t value) { SetStatus(value, false); }

void Port::SetStatus(std::uint32_t value, bool legacy) {
  legacy_driver_ = legacy;
  if (value == 0) return Reset();
  if ((status_ & ~value & ~DEVICE_NEEDS_RESET & 0xFF) != 0) {
    LogOnce("device_status: the driver clears bits, which takes a reset");
  }
  auto status = static_cast<std::uint8_t>(status_ | (value & ~DEVICE_NEEDS_RESET));
  const std::uint8_t news = status & ~status_;
  if (!legacy && (news & FEATURES_OK) != 0 && !FeaturesAreValid()) status &= ~FEATURES_OK;
  status_ = status;
  if ((status & news & DRIVER_OK) != 0) {
    if (!legacy && (status & FEATURES_OK) == 0) return Fail("DRIVER_OK without FEATURES_OK");
    CacheFeatures();
    for (Queue& queue : queues_) {
      if (queue.enabled) StartQueue(queue);
    }
  }
  UpdateRunning();
}

void Port::UpdateRunning() {
  running_ = (status_ & DRIVER_OK) != 0 && !broken_ && pci_.Command(pci::kBusMaster);
}

void Port::Fail(std::string why) {
  if (broken_) return;
  broken_ = true;
  UpdateRunning();
  // Legacy drivers know no such status: their device just stops, as in QEMU (virtio_error).
  if (!legacy_driver_) {
    status_ |= DEVICE_NEEDS_RESET;
    why += ": DEVICE_NEEDS_RESET";
    ConfigChanged();
  }
  host_.Log(number_, std::move(why));
}

/// 2.4: all that a driver has set up is forgotten. The configuration space is PCI's.
void Port::Reset() {
  status_ = 0;
  broken_ = false;
  device_feature_select_ = driver_feature_select_ = 0;
  driver_features_ = 0;
  queue_select_ = 0;
  for (Queue& queue : queues_) ResetQueue(queue);
  unpublished_ = 0;
  active_pairs_ = 1;
  isr_ = 0;
  config_vector_ = kNoVector;
  mac_ = config_.mac;
  mac_[5] = static_cast<std::uint8_t>(mac_[5] + number_);
  filter_ = {};
  filter_.own = mac_;
  logged_.clear();
  UpdateDeviceConfig();
  UpdateIntx();
  UpdateRunning();
}

void Port::ResetFunction() {
  pci_.Reset();
  msix_.Reset();
  Reset();
}

}  // namespace ixylab::emulator::virtio_net
