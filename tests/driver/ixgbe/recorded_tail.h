// A tail register that remembers what was written to it.
#ifndef TESTS_DRIVER_IXGBE_RECORDED_TAIL_H_
#define TESTS_DRIVER_IXGBE_RECORDED_TAIL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "driver/bus.h"

namespace ixylab::ixgbe {

struct RecordedTail {
  std::vector<std::uint32_t>* values;
  std::size_t Ring(std::uint32_t value, std::size_t result) const {
    values->push_back(value);
    return result;
  }
};
static_assert(TailRegister<RecordedTail>);

}  // namespace ixylab::ixgbe

#endif  // TESTS_DRIVER_IXGBE_RECORDED_TAIL_H_
