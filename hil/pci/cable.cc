#include "hil/pci/cable.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>

#include "driver/memory_pool.h"
#include "driver/open.h"
#include "hil/pci/sysfs.h"
#include "hil/target/target.h"

namespace ixylab::hil {

namespace {

using std::chrono_literals::operator""s;

// A port of 10GBASE-T negotiates for some seconds; a frame takes none.
constexpr Nanoseconds kLinkDeadline = 10s;
constexpr Nanoseconds kFrameDeadline = 1s;

constexpr std::size_t kFrame = 60;

/// To everybody, of IEEE 802's EtherType for experiments, with the port's number in it.
bool IsOurs(PacketBuffer& packet, unsigned from) {
  return packet.size >= kFrame && packet.data()[12] == std::byte{0x88} &&
         packet.data()[13] == std::byte{0xB5} && packet.data()[14] == static_cast<std::byte>(from);
}

void Fill(PacketBuffer& packet, unsigned from, const MacAddress& source) {
  std::fill_n(packet.data(), kFrame, std::byte{0});
  std::fill_n(packet.data(), 6, std::byte{0xFF});
  std::transform(source.begin(), source.end(), packet.data() + 6,
                 [](std::uint8_t byte) { return std::byte{byte}; });
  packet.data()[12] = std::byte{0x88};
  packet.data()[13] = std::byte{0xB5};
  packet.data()[14] = static_cast<std::byte>(from);
  packet.size = kFrame;
}

}  // namespace

void CheckCable(const TargetSpec& spec) {
  const std::unique_ptr<Target> target = OpenTarget(spec.name, /*seed=*/1);
  MemoryPool pool(target->dma(), 1024);
  DeviceConfig config;
  config.pools = {&pool};
  config.receive_descriptors = config.transmit_descriptors = 64;
  config.virtio_legacy = target->capabilities().virtio_legacy;
  std::array<std::unique_ptr<Device>, 2> devices;
  for (unsigned port : {0u, 1u}) devices[port] = Open(target->bus(port), config);
  for (unsigned port : {0u, 1u}) {
    if (devices[port]->WaitForLink(kLinkDeadline)) continue;
    throw PciError(spec.addresses[port] + ": no link within 10 s; is its cable in?");
  }
  for (unsigned from : {0u, 1u}) {
    PacketBuffer* frame = pool.Allocate();
    Fill(*frame, from, devices[from]->mac_address());
    if (devices[from]->Transmit(0, {&frame, 1}) == 0) MemoryPool::Free(frame);
    const auto arrives = [&] {
      PacketBuffer* packet = nullptr;
      if (devices[1 - from]->Receive(0, {&packet, 1}) == 0) return false;
      const bool ours = IsOurs(*packet, from);
      MemoryPool::Free(packet);
      return ours;
    };
    if (!target->Until(arrives, kFrameDeadline)) {
      throw PciError("a frame from " + spec.addresses[from] + " does not reach " +
                     spec.addresses[1 - from] + " within 1 s; are they cabled to each other?");
    }
  }
}

}  // namespace ixylab::hil
