// What the command line of a run said, and what is open: for the fixture, and for the listeners
// that GoogleTest calls without arguments.
#ifndef TESTS_CONFORMANCE_SESSION_H_
#define TESTS_CONFORMANCE_SESSION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "hil/target/target.h"

namespace ixylab::conformance {

struct Session {
  std::string target;   // what is opened
  std::string name;     // under which it is reported; as a rule the same
  std::string control;  // the channel that pulls the cable of PCI ports, or nothing
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> soak_packets;  // in place of the target's own
  hil::Target::TraceSink trace;               // gets each test's register accesses, or null
  hil::Target* open = nullptr;                // the running test's
};

/// The one session of this process; main fills it before the first test.
Session& CurrentSession();

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_SESSION_H_
