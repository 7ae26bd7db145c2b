// The mutated drivers of this program.
#ifndef TESTS_MUTANTS_DRIVERS_H_
#define TESTS_MUTANTS_DRIVERS_H_

#include <memory>
#include <span>

#include "driver/bus.h"
#include "driver/device.h"

namespace ixylab::mutants {

struct MutatedDriver {
  const char* name;
  std::unique_ptr<Device> (*open)(Bus& bus, const DeviceConfig& config);
};

std::span<const MutatedDriver> MutatedDrivers();

}  // namespace ixylab::mutants

#endif  // TESTS_MUTANTS_DRIVERS_H_
