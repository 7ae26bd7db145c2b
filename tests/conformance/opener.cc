#include "tests/conformance/opener.h"

#include "driver/open.h"

namespace ixylab::conformance {

std::unique_ptr<Device> OpenDevice(Bus& bus, const DeviceConfig& config) {
  return Open(bus, config);
}

}  // namespace ixylab::conformance
