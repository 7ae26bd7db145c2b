// Memory at device addresses that a test chooses.
#ifndef TESTS_DRIVER_SCRIPTED_DMA_H_
#define TESTS_DRIVER_SCRIPTED_DMA_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "driver/bus.h"

namespace ixylab {

/// Each allocation takes whole pages. Without a script their device addresses lie above 4 GiB and
/// are not contiguous.
class ScriptedDma final : public DmaSpace {
 public:
  explicit ScriptedDma(std::size_t page_size = 64 * 1024) : page_size_(page_size) {}

  /// The device addresses of the next pages to be allocated.
  void Script(std::deque<std::uint64_t> pages) { script_ = std::move(pages); }

  std::size_t page_size() const override { return page_size_; }
  DmaMemory Allocate(std::size_t size) override {
    if (failing_ && (*failing_)-- == 0) throw DeviceError("scripted: no DMA memory left");
    const std::size_t count = (size + page_size_ - 1) / page_size_;
    std::vector<std::uint64_t> pages;
    for (std::size_t i = 0; i < count; ++i) pages.push_back(NextPage());
    auto block = std::make_unique<Block>(*this, count * page_size_);
    last_ = {block->memory.get(), count * page_size_};
    const std::span<std::byte> bytes(last_.data(), size);
    return DmaMemory(bytes, page_size_, std::move(pages), std::move(block));
  }

  /// `count` more allocations succeed, the next one throws DeviceError.
  void FailAfter(std::size_t count) { failing_ = count; }
  /// Allocations that have not been given back.
  std::size_t live() const { return live_; }
  /// The memory of the latest allocation.
  std::span<std::byte> last() const { return last_; }

 private:
  struct Deleter {
    std::align_val_t alignment;
    void operator()(std::byte* memory) const { ::operator delete[](memory, alignment); }
  };
  struct Block final : DmaMemory::Owner {
    Block(ScriptedDma& owner, std::size_t size)
        : dma(owner),
          memory(new (std::align_val_t(owner.page_size_)) std::byte[size](),
                 Deleter{std::align_val_t(owner.page_size_)}) {
      ++dma.live_;
    }
    ~Block() override { --dma.live_; }
    ScriptedDma& dma;
    std::unique_ptr<std::byte[], Deleter> memory;
  };

  std::uint64_t NextPage() {
    if (script_.empty()) return counter_ += 3 * page_size_;
    const std::uint64_t page = script_.front();
    script_.pop_front();
    return page;
  }

  std::size_t page_size_;
  std::deque<std::uint64_t> script_;
  std::uint64_t counter_ = std::uint64_t{7} << 32;
  std::optional<std::size_t> failing_;
  std::size_t live_ = 0;
  std::span<std::byte> last_;
};

}  // namespace ixylab

#endif  // TESTS_DRIVER_SCRIPTED_DMA_H_
