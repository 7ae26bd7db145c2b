// hil run: the conformance suite on one target after the other.
#ifndef HIL_RUN_H_
#define HIL_RUN_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hil/lab/lab_options.h"
#include "hil/report/run_record.h"
#include "hil/vm/vm.h"

namespace ixylab::hil {

struct RunOptions {
  std::string suite;  // path of the conformance program
  std::vector<std::string> targets;
  std::string filter = "*";  // as GoogleTest's --gtest_filter
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> soak_packets;
  std::chrono::seconds deadline{600};  // for each target
  std::string control;                 // of PCI ports: the channel that pulls their cable
  std::string xml;                     // where GoogleTest's XML goes; empty: nowhere
  VmOptions vm;                        // of targets in VMs, as the user gave them
  LabOptions lab;                      // of targets in the lab
  bool register_trace = false;         // of targets in the lab: fetch one
};

/// Runs, and prints each test as it ends. Throws std::runtime_error in one line if the suite cannot
/// run.
RunRecord Run(const RunOptions& options);

}  // namespace ixylab::hil

#endif  // HIL_RUN_H_
