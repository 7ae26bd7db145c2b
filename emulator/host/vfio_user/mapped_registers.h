// Registers as memory that the client maps, so that its stores do not come as messages.
#ifndef EMULATOR_HOST_VFIO_USER_MAPPED_REGISTERS_H_
#define EMULATOR_HOST_VFIO_USER_MAPPED_REGISTERS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "emulator/host.h"
#include "emulator/host/file_descriptor.h"

namespace ixylab::emulator::vfio_user {

/// The mappable areas of one region of a function, in a file that is the client's to map: a word
/// of it is where its register is in the region. Nobody can make the file shorter, so that no
/// access to it ends in SIGBUS.
class MappedRegisters {
 public:
  /// Throws std::system_error.
  MappedRegisters(NicFunction& function, unsigned region);
  ~MappedRegisters();
  MappedRegisters(const MappedRegisters&) = delete;
  MappedRegisters& operator=(const MappedRegisters&) = delete;

  unsigned region() const { return region_; }
  int file() const { return file_.get(); }
  const std::vector<MappableArea>& areas() const { return areas_; }

  /// Calls `write` for each register that the client has changed since the last time, in
  /// ascending order. True if there was one.
  ///
  /// The highest word is looked at first: a store that is seen, and all stores before it to lower
  /// words, are seen together. Rings are set up in that order, and their tails, lengths and
  /// addresses are.
  bool Poll(const std::function<void(std::uint32_t offset, std::uint32_t value)>& write);
  /// Shows what the registers say now, except where the client has changed them meanwhile.
  void Publish();

 private:
  struct Word {
    std::uint32_t offset;
    std::uint32_t shown;    // what is in the file, unless the client has changed it
    std::uint32_t changed;  // to what
  };
  std::uint32_t& Shared(std::uint32_t offset) const;

  NicFunction& function_;
  const unsigned region_;
  std::vector<MappableArea> areas_;  // of this region
  std::vector<Word> words_;
  FileDescriptor file_;
  std::size_t size_ = 0;
  std::byte* memory_ = nullptr;
};

}  // namespace ixylab::emulator::vfio_user

#endif  // EMULATOR_HOST_VFIO_USER_MAPPED_REGISTERS_H_
