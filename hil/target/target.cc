#include "hil/target/target.h"

#include <array>

#include "hil/target/model_target.h"

namespace ixylab::hil {

namespace {

constexpr std::string_view kModel = "model:82599";
constexpr std::string_view kThreadedModel = "model:82599,threads";

constexpr std::array<TargetInfo, 2> kTargets = {{
    {kModel, "two ports of a modelled 82599 in this process: virtual time, reproducible"},
    {kThreadedModel, "the same with the model on a thread of its own, against the wall clock"},
}};

}  // namespace

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

std::span<const TargetInfo> Targets() { return kTargets; }

ModelOptions ParseModelTarget(std::string_view spec) {
  if (spec == kModel) return {};
  if (spec == kThreadedModel) return {.threaded = true};
  std::string known;
  for (const TargetInfo& target : kTargets) {
    known.append(known.empty() ? "" : " ").append(target.name);
  }
  throw TargetError("unknown target \"" + std::string(spec) + "\"; there are: " + known);
}

void CheckTarget(std::string_view spec) { ParseModelTarget(spec); }

std::unique_ptr<Target> OpenTarget(std::string_view spec, std::uint64_t seed) {
  ModelOptions options = ParseModelTarget(spec);
  options.seed = seed;
  return OpenModelTarget(options);
}

}  // namespace ixylab::hil
