#include "hil/target/target.h"

#include "hil/target/model_target.h"
#include "hil/target/pci_target.h"

namespace ixylab::hil {

bool Target::Until(const std::function<bool()>& condition, Nanoseconds deadline) {
  using std::chrono_literals::operator""us;
  // What is waited for usually is a few microseconds away; where time is real, a wait that takes
  // longer must leave the processor to the model.
  constexpr int kPollsBeforeSleep = 100;
  Bus& clock = bus(0);
  const Nanoseconds end = clock.Now() + deadline;
  for (int polls = 0; !condition(); ++polls) {
    if (clock.Now() >= end) return false;
    if (polls >= kPollsBeforeSleep) clock.Sleep(10us);
  }
  return true;
}

ModelOptions ParseModelTarget(std::string_view name) {
  const TargetSpec spec = ParseTarget(name);
  if (spec.kind != TargetKind::kModel) {
    throw TargetError("target \"" + spec.name + "\" is not a model");
  }
  return {.nic = spec.nic, .virtio = spec.virtio, .threaded = spec.threads};
}

void CheckTarget(std::string_view name) { ParseTarget(name); }

std::unique_ptr<Target> OpenTarget(std::string_view name, std::uint64_t seed,
                                   const std::string& control) {
  const TargetSpec spec = ParseTarget(name);
  if (spec.kind == TargetKind::kVm) {
    throw TargetError("target \"" + spec.name + "\" runs in a VM: hil run --target=" + spec.name);
  }
  if (spec.kind == TargetKind::kLab) {
    throw TargetError("target \"" + spec.name +
                      "\" is on another machine: hil run --target=" + spec.name);
  }
  if (spec.kind == TargetKind::kPci) return std::make_unique<PciTarget>(spec, control);
  if (!control.empty()) {
    throw TargetError("target \"" + spec.name + "\" pulls its cable itself: --control is for pci:");
  }
  ModelOptions options = ParseModelTarget(name);
  options.seed = seed;
  return OpenModelTarget(options);
}

}  // namespace ixylab::hil
