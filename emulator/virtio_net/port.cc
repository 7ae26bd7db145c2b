// The port as its host sees it: BARs and configuration space (virtio 1.2, 4.1), and a step of work.
#include "emulator/virtio_net/port.h"

#include <bit>
#include <stdexcept>

namespace ixylab::emulator::virtio_net {
namespace {

constexpr std::uint16_t kVendor = 0x1AF4;
constexpr std::uint16_t kTransitionalDevice = 0x1000, kModernDevice = 0x1041;  // 4.1.2
constexpr std::uint16_t kNetworkDevice = 1;                                    // 5.1.1
constexpr std::uint32_t kEthernetController = 0x020000;

// 4.1.4: struct virtio_pci_cap, and where the fields of struct virtio_pci_cfg_cap are.
constexpr std::uint8_t VIRTIO_PCI_CAP_COMMON_CFG = 1, VIRTIO_PCI_CAP_NOTIFY_CFG = 2,
                       VIRTIO_PCI_CAP_ISR_CFG = 3, VIRTIO_PCI_CAP_DEVICE_CFG = 4,
                       VIRTIO_PCI_CAP_PCI_CFG = 5;
constexpr std::uint32_t kCapBar = 4, kCapOffset = 8, kCapLength = 12, kCapBytes = 16,
                        kPciCfgData = 16;

pci::Identity IdentityOf(Interface interface) {
  const bool modern = interface == Interface::kModern;
  return {.vendor = kVendor,
          .device = modern ? kModernDevice : kTransitionalDevice,
          .revision = modern ? std::uint8_t{1} : std::uint8_t{0},
          .class_code = kEthernetController,
          .subsystem_vendor = kVendor,
          // 4.1.2.1: 0x40 or higher where no legacy driver may take the device.
          .subsystem = modern ? std::uint16_t{0x1100} : kNetworkDevice};
}

NetConfig Checked(const NetConfig& config) {
  if (config.queue_pairs < 1 || config.queue_pairs > kMostPairs) {
    throw std::invalid_argument("virtio-net: 1 to 16 queue pairs, not " +
                                std::to_string(config.queue_pairs));
  }
  if (!std::has_single_bit(config.queue_size) || config.queue_size < 4 ||
      config.queue_size > 1024) {
    throw std::invalid_argument("virtio-net: a queue size of 4 to 1024, not " +
                                std::to_string(config.queue_size));
  }
  return config;
}

}  // namespace

Port::Port(const NetConfig& config, unsigned number, Host& host)
    : config_(Checked(config)),
      number_(number),
      host_(host),
      dma_(host, number),
      pci_(IdentityOf(config.interface)),
      // As QEMU: a vector for each queue, and one for changes of the configuration.
      msix_(pci_,
            {.vectors = 2 * config.queue_pairs + 2u, .bar = kMsixBar, .bar_bytes = kMsixBarBytes},
            [this](unsigned vector) { host_.RaiseVector(number_, vector); }) {
  if (config.interface != Interface::kModern) {
    pci_.AddBar(kLegacyBar, pci::BarKind::kIo, kLegacyBarBytes);
  }
  if (config.interface != Interface::kLegacy) {
    pci_.AddBar(kModernBar, pci::BarKind::kMemory64, kModernBarBytes);
    AddVirtioCapabilities();
  }
  // Whoever gives the function to a driver has made it ready: a kernel, or the sysfs bus.
  pci_.Write(pci::kCommand, 2, pci::kIoSpace | pci::kMemorySpace | pci::kBusMaster);

  queues_.reserve(2 * config.queue_pairs + 1u);
  const auto add = [this](const std::string& name) {
    queues_.emplace_back(Virtqueue(dma_, name), static_cast<unsigned>(queues_.size()));
  };
  for (unsigned pair = 1; pair <= config.queue_pairs; ++pair) {
    add("receiveq" + std::to_string(pair));
    add("transmitq" + std::to_string(pair));
  }
  add("controlq");
  Reset();
}

Port::~Port() {
  if (wire_ != nullptr) wire_->Attach(end_, nullptr);
}

void Port::Connect(Wire& wire, unsigned end) {
  wire_ = &wire;
  end_ = end;
  wire.Attach(end, this);
  wire.SetSignal(end, true);
}

/// 4.1.4: one capability for each structure; the last one is a window to all of them.
void Port::AddVirtioCapabilities() {
  const auto add = [this](std::uint8_t type, std::uint32_t offset, std::uint32_t length,
                          std::span<const std::uint8_t> more,
                          std::span<const std::uint8_t> writable = {}) {
    std::vector<std::uint8_t> body = {
        static_cast<std::uint8_t>(kCapBytes + more.size()), type, kModernBar, 0, 0, 0};
    for (const std::uint32_t field : {offset, length}) {
      for (unsigned byte = 0; byte < 4; ++byte) {
        body.push_back(static_cast<std::uint8_t>(field >> 8 * byte));
      }
    }
    body.insert(body.end(), more.begin(), more.end());
    return pci_.AddCapability(pci::kVendorSpecific, body, writable);
  };
  add(VIRTIO_PCI_CAP_COMMON_CFG, kCommonOffset, kStructureBytes, {});
  add(VIRTIO_PCI_CAP_ISR_CFG, kIsrOffset, kStructureBytes, {});
  add(VIRTIO_PCI_CAP_DEVICE_CFG, kDeviceOffset, kStructureBytes, {});
  add(VIRTIO_PCI_CAP_NOTIFY_CFG, kNotifyOffset, kStructureBytes,
      std::array<std::uint8_t, 4>{kNotifyMultiplier, 0, 0, 0});
  std::array<std::uint8_t, kPciCfgData + 4 - 2> writable{};  // bar, offset, length, data
  writable[kCapBar - 2] = 0xFF;
  for (std::uint32_t byte = kCapOffset; byte < kPciCfgData + 4; ++byte) writable[byte - 2] = 0xFF;
  window_ = add(VIRTIO_PCI_CAP_PCI_CFG, 0, 0, std::array<std::uint8_t, 4>{}, writable);
}

std::uint32_t Port::RegionBytes(unsigned region) const {
  switch (region) {
    case kLegacyBar:
      return config_.interface == Interface::kModern ? 0 : kLegacyBarBytes;
    case kMsixBar:
      return kMsixBarBytes;
    case kModernBar:
      return config_.interface == Interface::kLegacy ? 0 : kModernBarBytes;
    case kConfigSpace:
      return pci::ConfigSpace::kBytes;
    default:
      return 0;
  }
}

std::uint32_t Port::Read(unsigned region, std::uint32_t offset, unsigned bytes) {
  return region == kConfigSpace ? ReadConfigSpace(offset, bytes) : ReadBar(region, offset, bytes);
}

void Port::Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  if (region == kConfigSpace) return WriteConfigSpace(offset, bytes, value);
  WriteBar(region, offset, bytes, value);
}

bool Port::BarEnabled(unsigned region) const {
  switch (region) {
    case kLegacyBar:
      return config_.interface != Interface::kModern && pci_.Command(pci::kIoSpace);
    case kMsixBar:
      return pci_.Command(pci::kMemorySpace);
    case kModernBar:
      return config_.interface != Interface::kLegacy && pci_.Command(pci::kMemorySpace);
    default:
      return false;
  }
}

std::uint32_t Port::ReadBar(unsigned region, std::uint32_t offset, unsigned bytes) {
  if (!BarEnabled(region)) {
    if (region != kMsixBar) CountUnknown(region, offset, bytes);
    return 0xFFFFFFFF >> (32 - 8 * bytes);  // nobody answers
  }
  if (region == kMsixBar) return msix_.Read(offset, bytes);
  const Place place = Locate(region, offset, msix_.enabled());
  if (place.structure == Structure::kDevice) return ReadDeviceConfig(place.offset, bytes);
  const Register* const row = FindRegister(place, bytes);
  if (row == nullptr) {
    CountUnknown(region, offset, bytes);
    return 0;
  }
  return row->read != nullptr ? (this->*row->read)() : 0;
}

void Port::WriteBar(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  if (!BarEnabled(region)) {
    // A host that keeps the MSI-X table for its guest (vfio) writes to it whatever the guest has
    // off.
    if (region != kMsixBar) CountUnknown(region, offset, bytes);
    return;
  }
  if (region == kMsixBar) return msix_.Write(offset, bytes, value);
  const Place place = Locate(region, offset, msix_.enabled());
  if (place.structure == Structure::kDevice) {
    return WriteDeviceConfig(place.offset, bytes, value, region == kLegacyBar);
  }
  const Register* const row = FindRegister(place, bytes);
  if (row == nullptr) return CountUnknown(region, offset, bytes);
  if (place.structure == Structure::kNotify && place.offset / kNotifyMultiplier != value) {
    LogOnce("queue " + std::to_string(value) + " is notified at the address of queue " +
            std::to_string(place.offset / kNotifyMultiplier));
  }
  if (row->write != nullptr) (this->*row->write)(value);
}

void Port::CountUnknown(unsigned region, std::uint32_t offset, unsigned bytes) {
  ++unknown_accesses_;
  LogOnce("no such register: region " + std::to_string(region) + " offset " +
          std::to_string(offset) + ", " + std::to_string(8 * bytes) + " bits");
}

void Port::LogOnce(std::string line) {
  constexpr std::size_t kMost = 1024;  // a hostile driver has four billion of them
  if (logged_.size() < kMost && logged_.insert(line).second) host_.Log(number_, std::move(line));
}

// --- Configuration space ---

/// 4.1.4.9: an access to pci_cfg_data is one to the BAR that the capability's other fields name.
std::uint32_t Port::ReadConfigSpace(std::uint32_t offset, unsigned bytes) {
  if (window_ != 0 && offset == window_ + kPciCfgData) {
    const std::uint32_t length = pci_.Read(window_ + kCapLength, 4);
    const std::uint32_t at = pci_.Read(window_ + kCapOffset, 4);
    if ((length == 1 || length == 2 || length == 4) && at % length == 0) {
      pci_.Set(offset, 4, ReadBar(pci_.Read(window_ + kCapBar, 1), at, length));
    }
  }
  return pci_.Read(offset, bytes);
}

void Port::WriteConfigSpace(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  pci_.Write(offset, bytes, value);
  if (window_ != 0 && offset == window_ + kPciCfgData) {
    const std::uint32_t length = pci_.Read(window_ + kCapLength, 4);
    const std::uint32_t at = pci_.Read(window_ + kCapOffset, 4);
    if ((length == 1 || length == 2 || length == 4) && at % length == 0) {
      WriteBar(pci_.Read(window_ + kCapBar, 1), at, length, pci_.Read(offset, length));
    }
  }
  msix_.SendPending();
  UpdateIntx();
  UpdateRunning();
}

// --- Work ---

bool Port::Run() {
  if (!running_) return false;
  bool more = false;
  for (unsigned pair = 0; pair < active_pairs_; ++pair) more |= Transmit(queues_[2 * pair + 1]);
  if (Due(control())) [[unlikely]]
    more |= RunControl();
  if (unpublished_ != 0) PublishUsed();
  return more;
}

}  // namespace ixylab::emulator::virtio_net
