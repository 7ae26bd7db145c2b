// Opens the mutant that the environment names, in place of the driver.
#include "tests/conformance/opener.h"

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "driver/open.h"
#include "tests/mutants/drivers.h"
#include "tests/mutants/mutant.h"
#include "tests/mutants/mutant_bus.h"

namespace ixylab::conformance {

std::unique_ptr<Device> OpenDevice(Bus& bus, const DeviceConfig& config) {
  const char* variable = std::getenv(mutants::kEnvironmentVariable);
  const std::string_view name = variable == nullptr ? "" : variable;
  if (name.empty()) return Open(bus, config);
  for (const mutants::MutatedDriver& driver : mutants::MutatedDrivers()) {
    if (driver.name == name) return driver.open(bus, config);
  }
  const std::optional<mutants::BusFault> fault = mutants::FindBusFault(name);
  if (!fault) throw std::invalid_argument("no mutant of this program: " + std::string(name));
  // A bus outlives its device, whose end this function does not see.
  static mutants::LateData late;
  static std::vector<std::unique_ptr<mutants::MutantBus>> buses;
  if (fault == mutants::BusFault::kWriteBackTooEarly) late.Watch(bus, config.pools);
  return Open(*buses.emplace_back(std::make_unique<mutants::MutantBus>(bus, *fault, late)), config);
}

}  // namespace ixylab::conformance
