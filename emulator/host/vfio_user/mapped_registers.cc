#include "emulator/host/vfio_user/mapped_registers.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

namespace ixylab::emulator::vfio_user {

MappedRegisters::MappedRegisters(NicFunction& function, unsigned region)
    : function_(function),
      region_(region),
      file_(memfd_create("registers", MFD_CLOEXEC | MFD_ALLOW_SEALING)),
      size_(function.RegionBytes(region)) {
  for (const MappableArea& area : function.MappableAreas()) {
    if (area.region != region) continue;
    areas_.push_back(area);
    for (std::uint32_t offset = area.offset; offset < area.offset + area.size; offset += 4) {
      words_.push_back({.offset = offset, .shown = 0, .changed = 0});
    }
  }
  const auto fail = [] {
    throw std::system_error(errno, std::generic_category(), "memory for mapped registers");
  };
  if (!file_ || ftruncate(file_.get(), static_cast<off_t>(size_)) != 0 ||
      fcntl(file_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    fail();
  }
  void* const start =
      mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file_.get(), 0);
  if (start == MAP_FAILED) fail();
  memory_ = static_cast<std::byte*>(start);
  Publish();
}

MappedRegisters::~MappedRegisters() { munmap(memory_, size_); }

std::uint32_t& MappedRegisters::Shared(std::uint32_t offset) const {
  return *reinterpret_cast<std::uint32_t*>(memory_ + offset);
}

bool MappedRegisters::Poll(
    const std::function<void(std::uint32_t offset, std::uint32_t value)>& write) {
  bool any = false;
  for (auto word = words_.rbegin(); word != words_.rend(); ++word) {
    // Acquire: of the descriptors behind a tail, and of the words that are looked at next.
    word->changed = std::atomic_ref(Shared(word->offset)).load(std::memory_order_acquire);
    any |= word->changed != word->shown;
  }
  if (!any) [[likely]]
    return false;
  for (Word& word : words_) {
    if (word.changed == word.shown) continue;
    word.shown = word.changed;
    write(word.offset, word.changed);
  }
  return true;
}

void MappedRegisters::Publish() {
  for (Word& word : words_) {
    const std::uint32_t value = function_.Peek(region_, word.offset);
    if (value == word.shown) continue;
    std::uint32_t expected = word.shown;
    if (std::atomic_ref(Shared(word.offset))
            .compare_exchange_strong(expected, value, std::memory_order_acq_rel)) {
      word.shown = value;
    }
  }
}

}  // namespace ixylab::emulator::vfio_user
