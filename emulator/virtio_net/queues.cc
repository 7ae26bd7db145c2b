// The registers of the virtqueues (virtio 1.2, 4.1.4.3, 4.1.5.1.3), and what is the same in the
// work of all of them.
#include <bit>

#include "emulator/virtio_net/port.h"

namespace ixylab::emulator::virtio_net {
namespace {

constexpr std::uint8_t DRIVER_OK = 4;
constexpr std::uint64_t kLegacyPage =
    4096;  // 4.1.5.1.3.1: of addresses, and the alignment in 2.7.2

}  // namespace

/// 5.1.2: behind all pairs, but behind the first one without VIRTIO_NET_F_MQ.
unsigned Port::ControlQueueIndex() const {
  return Has(VIRTIO_NET_F_MQ) ? 2u * config_.queue_pairs : 2;
}

Queue* Port::FindQueue(std::uint32_t index) {
  if (index < ControlQueueIndex()) return &queues_[index];
  return index == ControlQueueIndex() && Has(VIRTIO_NET_F_CTRL_VQ) ? &control() : nullptr;
}

/// The most that there can be, whatever is negotiated.
std::uint32_t Port::ReadNumQueues() {
  const std::uint64_t offered = OfferedFeatures(false);
  const bool control = (offered & VIRTIO_NET_F_CTRL_VQ) != 0;
  const bool multiqueue = (offered & VIRTIO_NET_F_MQ) != 0;
  return 2u * (multiqueue ? config_.queue_pairs : 1) + (control ? 1 : 0);
}

void Port::WroteQueueSelect(std::uint32_t value) {
  queue_select_ = static_cast<std::uint16_t>(value);
}

std::uint32_t Port::ReadQueueSize() {
  const Queue* const queue = SelectedQueue();
  return queue != nullptr ? queue->size : 0;
}

void Port::WroteQueueSize(std::uint32_t value) {
  Queue* const queue = SelectedQueue();
  if (queue == nullptr || queue->size == value) return;
  if (queue->enabled) return Fail(queue->ring.name() + ": queue_size was changed while enabled");
  const bool possible = Has(VIRTIO_F_RING_PACKED) || std::has_single_bit(value);
  if (value == 0 || value > config_.queue_size || !possible) {
    return Fail(queue->ring.name() + ": queue_size " + std::to_string(value));
  }
  queue->size = static_cast<std::uint16_t>(value);
}

std::uint32_t Port::ReadQueueVector() {
  const Queue* const queue = SelectedQueue();
  return queue != nullptr ? queue->vector : kNoVector;
}

void Port::WroteQueueVector(std::uint32_t value) {
  Queue* const queue = SelectedQueue();
  if (queue == nullptr) return;
  queue->vector = value < msix_.vectors() ? static_cast<std::uint16_t>(value) : kNoVector;
}

std::uint32_t Port::ReadQueueEnable() {
  const Queue* const queue = SelectedQueue();
  return queue != nullptr && queue->enabled ? 1 : 0;
}

void Port::WroteQueueEnable(std::uint32_t value) {
  Queue* const queue = SelectedQueue();
  if (queue == nullptr)
    return LogOnce("queue_enable of queue " + std::to_string(queue_select_) +
                   ", which does not exist");
  if (value != 1) {
    return LogOnce(queue->ring.name() + ": queue_enable = " + std::to_string(value));
  }
  if (queue->enabled) return;
  queue->enabled = true;
  if ((status_ & DRIVER_OK) != 0) StartQueue(*queue);
}

std::uint32_t Port::ReadQueueNotifyOff() { return SelectedQueue() != nullptr ? queue_select_ : 0; }

/// 2.6.1: VIRTIO_F_RING_RESET
void Port::WroteQueueReset(std::uint32_t value) {
  Queue* const queue = SelectedQueue();
  if (queue == nullptr || value != 1) return;
  if (!Has(VIRTIO_F_RING_RESET)) {
    return LogOnce(queue->ring.name() + ": VIRTIO_F_RING_RESET is not negotiated");
  }
  ResetQueue(*queue);
}

template <std::uint64_t Queue::*kAddress, unsigned kShift>
std::uint32_t Port::ReadQueueAddress() {
  Queue* const queue = SelectedQueue();
  return queue != nullptr ? static_cast<std::uint32_t>(queue->*kAddress >> kShift) : 0;
}

template <std::uint64_t Queue::*kAddress, unsigned kShift>
void Port::WroteQueueAddress(std::uint32_t value) {
  Queue* const queue = SelectedQueue();
  if (queue == nullptr) return;
  const std::uint64_t others = queue->*kAddress & ~(std::uint64_t{0xFFFFFFFF} << kShift);
  const std::uint64_t address = others | std::uint64_t{value} << kShift;
  if (address == queue->*kAddress) return;
  if (queue->enabled) return Fail(queue->ring.name() + ": an address was changed while enabled");
  queue->*kAddress = address;
}

template std::uint32_t Port::ReadQueueAddress<&Queue::descriptors, 0>();
template std::uint32_t Port::ReadQueueAddress<&Queue::descriptors, 32>();
template std::uint32_t Port::ReadQueueAddress<&Queue::driver, 0>();
template std::uint32_t Port::ReadQueueAddress<&Queue::driver, 32>();
template std::uint32_t Port::ReadQueueAddress<&Queue::device, 0>();
template std::uint32_t Port::ReadQueueAddress<&Queue::device, 32>();
template void Port::WroteQueueAddress<&Queue::descriptors, 0>(std::uint32_t);
template void Port::WroteQueueAddress<&Queue::descriptors, 32>(std::uint32_t);
template void Port::WroteQueueAddress<&Queue::driver, 0>(std::uint32_t);
template void Port::WroteQueueAddress<&Queue::driver, 32>(std::uint32_t);
template void Port::WroteQueueAddress<&Queue::device, 0>(std::uint32_t);
template void Port::WroteQueueAddress<&Queue::device, 32>(std::uint32_t);

std::uint32_t Port::ReadLegacyQueueAddress() {
  const Queue* const queue = SelectedQueue();
  return queue != nullptr ? static_cast<std::uint32_t>(queue->descriptors / kLegacyPage) : 0;
}

/// 2.7.2: descriptor table, available ring, and on the next page used ring. 0 takes the queue away
/// (Linux, vp_legacy_set_queue_address with 0 in del_vq).
void Port::WroteLegacyQueueAddress(std::uint32_t value) {
  Queue* const queue = SelectedQueue();
  if (queue == nullptr) return;
  if (value == 0) return ResetQueue(*queue);
  const std::uint64_t address = value * kLegacyPage;
  if (queue->enabled) {
    if (address == queue->descriptors) return;
    return Fail(queue->ring.name() + ": the address was changed while enabled");
  }
  const std::uint64_t size = queue->size;
  queue->descriptors = address;
  queue->driver = address + size * kDescriptorSize;
  queue->device = (queue->driver + 6 + 2 * size + kLegacyPage - 1) & ~(kLegacyPage - 1);
  queue->enabled = true;
  if ((status_ & DRIVER_OK) != 0) StartQueue(*queue);
}

void Port::WroteNotify(std::uint32_t value) {
  Queue* const queue = FindQueue(value);
  if (queue == nullptr) {
    return LogOnce("a notification of queue " + std::to_string(value) + ", which does not exist");
  }
  if ((status_ & DRIVER_OK) == 0) {
    LogOnce(queue->ring.name() + ": a notification before DRIVER_OK (3.1.1)");
  }
  queue->kicked = true;
}

void Port::ResetQueue(Queue& queue) {
  queue.ring.Stop();
  queue.size = config_.queue_size;
  queue.vector = kNoVector;
  queue.enabled = queue.kicked = false;
  queue.descriptors = queue.driver = queue.device = 0;
  unpublished_ &= ~queue.bit;
}

/// Receive queues need no notification: a frame that finds no buffer is dropped.
void Port::StartQueue(Queue& queue) {
  const bool started = queue.ring.Start({.size = queue.size,
                                         .descriptors = queue.descriptors,
                                         .driver = queue.driver,
                                         .device = queue.device,
                                         .packed = Has(VIRTIO_F_RING_PACKED),
                                         .event_idx = Has(VIRTIO_F_EVENT_IDX),
                                         .indirect = Has(VIRTIO_F_INDIRECT_DESC),
                                         .notify_on_empty = Has(VIRTIO_F_NOTIFY_ON_EMPTY)});
  if (!started) return Fail(queue.ring.error());
  const bool receives = &queue != &control() && (&queue - queues_.data()) % 2 == 0;
  queue.ring.WantNotifications(!receives && !config_.polls);
}

void Port::WaitForKick(Queue& queue) {
  if (config_.polls) return;
  queue.ring.WantNotifications(true);
  queue.kicked = queue.ring.HasAvailable();
}

void Port::PublishUsed() {
  for (; unpublished_ != 0; unpublished_ &= unpublished_ - 1) {
    Queue& queue = queues_[static_cast<std::size_t>(std::countr_zero(unpublished_))];
    if (queue.ring.Publish()) SignalUsed(queue);
    if (!queue.ring.running()) Fail(queue.ring.error());
  }
}

}  // namespace ixylab::emulator::virtio_net
