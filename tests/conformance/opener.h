// How the suite opens a device: the one point at which a driver under test comes in. The library
// :opener takes the real one; another library with this function puts a changed driver, or a
// changed bus, under the same tests.
#ifndef TESTS_CONFORMANCE_OPENER_H_
#define TESTS_CONFORMANCE_OPENER_H_

#include <memory>

#include "driver/bus.h"
#include "driver/device.h"

namespace ixylab::conformance {

std::unique_ptr<Device> OpenDevice(Bus& bus, const DeviceConfig& config);

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_OPENER_H_
