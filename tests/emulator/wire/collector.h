#ifndef TESTS_EMULATOR_WIRE_COLLECTOR_H_
#define TESTS_EMULATOR_WIRE_COLLECTOR_H_

#include <string>
#include <vector>

#include "emulator/wire/wire.h"

namespace ixylab::emulator {

/// Keeps what arrives at its end of a wire.
class Collector final : public Endpoint {
 public:
  void OnFrame(const Frame& frame) override {
    frames.emplace_back(reinterpret_cast<const char*>(frame.bytes.data()), frame.bytes.size());
  }
  void OnCarrier(bool present) override { carrier = present; }

  std::vector<std::string> frames;
  bool carrier = false;
};

}  // namespace ixylab::emulator

#endif  // TESTS_EMULATOR_WIRE_COLLECTOR_H_
