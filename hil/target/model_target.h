// A modelled NIC as a target: a card, the host that it is plugged into, and its wires.
//
//   auto target = OpenModelTarget({});                              // port 0 <-> port 1
//   auto target = OpenModelTarget({.endpoints = {&player, &recorder}});
//   target->Feed(0, frame);                                         // as if it came in at port 0
#ifndef HIL_TARGET_MODEL_TARGET_H_
#define HIL_TARGET_MODEL_TARGET_H_

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/card.h"
#include "emulator/host/in_process.h"
#include "emulator/wire/wire.h"
#include "hil/target/logging_bus.h"
#include "hil/target/target.h"

namespace ixylab::hil {

struct ModelOptions {
  Nic nic = Nic::k82599;
  VirtioKind virtio = VirtioKind::kTransitional;  // of a virtio-net device

  std::uint64_t seed = 1;  // of the device addresses
  bool threaded = false;   // the models run on a thread of their own, against the wall clock
  /// What hangs on the far end of each port's own wire, with its light on from the start. Both
  /// null: one wire joins the two ports. One null: nothing is plugged in there. They must outlive
  /// the target.
  std::array<emulator::Endpoint*, 2> endpoints = {nullptr, nullptr};
  /// Keeps the last accesses. Off, the bus is the bare adapter: no last_accesses, no trace.
  bool log_accesses = true;
};

class ModelTarget final : public Target {
 public:
  explicit ModelTarget(const ModelOptions& options);
  ~ModelTarget() override;

  std::string_view name() const override { return name_; }
  const Capabilities& capabilities() const override { return capabilities_; }
  Bus& bus(unsigned port) override;
  /// Pulls or plugs the wires of both ports.
  void SetCable(bool plugged) override;
  std::vector<std::string> dma_faults() override;
  std::vector<std::string> last_accesses() override;
  void SetTrace(TraceSink sink) override;

  emulator::InProcessHost& host() { return host_; }
  emulator::Card& card() { return *card_; }

  /// The wire of `port` and the end of it that the port is plugged into; the far end is the other.
  emulator::Wire& wire(unsigned port) { return wires_[joined_ ? 0 : port]; }
  unsigned wire_end(unsigned port) const { return joined_ ? port : 0; }

  /// Sends a frame from the far end of the port's wire, through InProcessHost::Inject.
  void Feed(unsigned port, const emulator::Frame& frame);

 private:
  class Memory;
  class ModelBus;

  bool joined_;
  std::string name_;
  Capabilities capabilities_;
  // In the order of their lives: wires outlive the card, the card outlives the running host.
  std::array<emulator::Wire, 2> wires_;
  emulator::InProcessHost host_;
  std::unique_ptr<emulator::Card> card_;
  std::unique_ptr<Memory> memory_;
  AccessLog log_;
  std::vector<std::unique_ptr<Bus>> model_buses_;
  std::vector<std::unique_ptr<Bus>> logging_buses_;  // empty without log_accesses
};

std::unique_ptr<ModelTarget> OpenModelTarget(const ModelOptions& options);

/// The options that the target name `spec` stands for, for who wants to set more of them. Throws
/// TargetError if it is not the name of a model.
ModelOptions ParseModelTarget(std::string_view spec);

}  // namespace ixylab::hil

#endif  // HIL_TARGET_MODEL_TARGET_H_
