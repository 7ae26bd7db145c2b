// The device's side of a virtqueue, written from the virtio specification alone: raw words at the
// addresses that the device was told.
#ifndef TESTS_DRIVER_VIRTIO_DEVICE_SIDE_H_
#define TESTS_DRIVER_VIRTIO_DEVICE_SIDE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace ixylab::virtio {

/// One descriptor that the driver made available.
struct Element {
  std::uint64_t address;
  std::uint32_t length;
  std::uint16_t flags;  // NEXT 1, WRITE 2
};

/// A buffer as the driver made it available: its descriptors, and what to name it by when it is
/// used.
struct Available {
  std::uint16_t id = 0;
  std::vector<Element> elements;
};

/// A page of DMA memory with a queue in it.
class QueueMemory {
 public:
  QueueMemory(std::span<std::byte> bytes, std::uint64_t iova) : bytes_(bytes), iova_(iova) {}

  template <typename T>
  T Read(std::uint64_t address) const {
    T value;
    std::memcpy(&value, bytes_.data() + (address - iova_), sizeof value);
    return value;
  }
  template <typename T>
  void Write(std::uint64_t address, T value) {
    std::memcpy(bytes_.data() + (address - iova_), &value, sizeof value);
  }

 private:
  std::span<std::byte> bytes_;
  std::uint64_t iova_;
};

/// 2.7: descriptor table, available ring {flags, idx, ring[], used_event}, used ring {flags, idx,
/// {id, len}[], avail_event}.
class SplitSide {
 public:
  SplitSide(QueueMemory memory, std::uint32_t size, std::uint64_t descriptors, std::uint64_t driver,
            std::uint64_t device)
      : memory_(memory), size_(size), table_(descriptors), driver_(driver), device_(device) {}

  /// What has become available since the last call.
  std::vector<Available> Take() {
    std::vector<Available> taken;
    for (; last_ != memory_.Read<std::uint16_t>(driver_ + 2); ++last_) {
      Available buffer;
      buffer.id = memory_.Read<std::uint16_t>(driver_ + 4 + 2 * (last_ % size_));
      for (std::uint64_t at = buffer.id;;) {
        const std::uint64_t descriptor = table_ + 16 * at;
        buffer.elements.push_back({memory_.Read<std::uint64_t>(descriptor),
                                   memory_.Read<std::uint32_t>(descriptor + 8),
                                   memory_.Read<std::uint16_t>(descriptor + 12)});
        if ((buffer.elements.back().flags & 1) == 0) break;
        at = memory_.Read<std::uint16_t>(descriptor + 14);
      }
      taken.push_back(buffer);
    }
    return taken;
  }

  void Use(const Available& buffer, std::uint32_t written) { Use(buffer.id, written); }
  void Use(std::uint32_t id, std::uint32_t written) {
    memory_.Write<std::uint32_t>(device_ + 4 + 8 * (used_ % size_), id);
    memory_.Write<std::uint32_t>(device_ + 8 + 8 * (used_ % size_), written);
    memory_.Write<std::uint16_t>(device_ + 2, ++used_);
  }

  bool driver_wants_no_interrupt() const { return memory_.Read<std::uint16_t>(driver_) == 1; }
  std::uint16_t used_event() const { return memory_.Read<std::uint16_t>(driver_ + 4 + 2 * size_); }
  std::uint16_t used_index() const { return used_; }
  void SetNoNotify(bool on) { memory_.Write<std::uint16_t>(device_, on ? 1 : 0); }
  void SetAvailEvent(std::uint16_t event) {
    memory_.Write<std::uint16_t>(device_ + 4 + 8 * size_, event);
  }

 private:
  QueueMemory memory_;
  std::uint32_t size_;
  std::uint64_t table_;
  std::uint64_t driver_;
  std::uint64_t device_;
  std::uint16_t last_ = 0;
  std::uint16_t used_ = 0;
};

/// 2.8: a ring of {addr, len, id, flags}; event suppression {off and wrap, flags} of each side.
class PackedSide {
 public:
  PackedSide(QueueMemory memory, std::uint32_t size, std::uint64_t descriptors,
             std::uint64_t driver, std::uint64_t device)
      : memory_(memory), size_(size), ring_(descriptors), driver_(driver), device_(device) {}

  std::vector<Available> Take() {
    std::vector<Available> taken;
    Available buffer;
    for (;;) {
      const std::uint64_t descriptor = ring_ + 16 * next_;
      const auto flags = memory_.Read<std::uint16_t>(descriptor + 14);
      const bool avail = (flags >> 7 & 1) != 0;
      const bool used = (flags >> 15 & 1) != 0;
      if (avail != wrap_ || used == wrap_) return taken;
      buffer.elements.push_back({memory_.Read<std::uint64_t>(descriptor),
                                 memory_.Read<std::uint32_t>(descriptor + 8),
                                 static_cast<std::uint16_t>(flags & ~0x8080)});
      if (++next_ == size_) {
        next_ = 0;
        wrap_ = !wrap_;
      }
      if ((flags & 1) != 0) continue;
      buffer.id = memory_.Read<std::uint16_t>(descriptor + 12);
      taken.push_back(buffer);
      buffer = {};
    }
  }

  void Use(const Available& buffer, std::uint32_t written) {
    Use(buffer.id, written, static_cast<std::uint32_t>(buffer.elements.size()));
  }
  void Use(std::uint16_t id, std::uint32_t written, std::uint32_t descriptors = 1) {
    const std::uint64_t descriptor = ring_ + 16 * used_;
    memory_.Write<std::uint32_t>(descriptor + 8, written);
    memory_.Write<std::uint16_t>(descriptor + 12, id);
    memory_.Write<std::uint16_t>(descriptor + 14, used_wrap_ ? 0x8080 : 0);
    used_ += descriptors;
    if (used_ >= size_) {
      used_ -= size_;
      used_wrap_ = !used_wrap_;
    }
  }

  bool driver_wants_no_interrupt() const { return memory_.Read<std::uint16_t>(driver_ + 2) == 1; }
  void SetNoNotify(bool on) { memory_.Write<std::uint16_t>(device_ + 2, on ? 1 : 0); }
  /// RING_EVENT_FLAGS_DESC: the descriptor at `offset`, when the wrap counter is `wrap`.
  void SetEvent(std::uint16_t offset, bool wrap) {
    memory_.Write<std::uint16_t>(device_, static_cast<std::uint16_t>(offset | wrap << 15));
    memory_.Write<std::uint16_t>(device_ + 2, 2);
  }

 private:
  QueueMemory memory_;
  std::uint32_t size_;
  std::uint64_t ring_;
  std::uint64_t driver_;
  std::uint64_t device_;
  std::uint32_t next_ = 0;
  bool wrap_ = true;
  std::uint32_t used_ = 0;
  bool used_wrap_ = true;
};

}  // namespace ixylab::virtio

#endif  // TESTS_DRIVER_VIRTIO_DEVICE_SIDE_H_
