// What hil and the agent on a lab machine say to each other, over the agent's standard input and
// output: JSON, a line each.
//
// hil's first line is the request. After that a line of any kind, each kAliveInterval, says that it
// is still there, and {"stop": true} that it is to end early. The agent answers with events, of
// which the last is kEnd: by then the machine is as it was found. If hil says nothing for
// kAliveDeadline, or its end of the connection closes, the agent ends the run by itself.
#ifndef HIL_LAB_PROTOCOL_H_
#define HIL_LAB_PROTOCOL_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hil/target/target_spec.h"

namespace ixylab::hil {

/// What a lab machine keeps: the agent's file, reservations, and what a run must bring back.
inline constexpr std::string_view kStateFolder = "/var/lib/ixylab";

inline constexpr std::chrono::seconds kAliveInterval{2};
inline constexpr std::chrono::seconds kAliveDeadline{20};

/// Two ports that are cabled to each other: what is reserved together.
struct PortPair {
  std::array<std::string, 2> addresses;   // PCI: "0000:03:00.0"
  std::array<std::string, 2> names;       // in the lab file
  std::uint32_t megabits_per_second = 0;  // that the lab file says; 0: nothing

  bool operator==(const PortPair&) const = default;
};

/// Who wants ports, and until when at the latest.
struct Claim {
  std::string owner;                 // "mia@desk3"
  std::string purpose;               // "hil run --target=lab:rack1"
  std::chrono::seconds duration{0};  // from now; the run's deadline with what goes before and after

  bool operator==(const Claim&) const = default;
};

struct Request {
  enum class What {
    kCheck,    // look at the machine, repair what dead runs left, change nothing else
    kRun,      // the suite, on the first pair that is free
    kRegs,     // read all safe registers of such a pair
    kRecord,   // record our driver on such a pair
    kReserve,  // for `claim.duration`, whether or not this connection lives
    kRelease,  // what this owner reserved so
  };
  What what = What::kCheck;
  std::vector<PortPair> pairs;
  PciBus bus = PciBus::kSysfs;
  Claim claim;
  std::chrono::seconds deadline{600};  // of the program; then it is killed
  /// Of the agent's `suite`, `regs` or `record`, besides --target and where their result goes
  /// (--gtest_output of the suite, --output of the others): such as --seed=1.
  std::vector<std::string> arguments;
  /// The suite, a path on that machine; empty: the agent's own.
  std::string program;
  bool register_trace = false;

  bool operator==(const Request&) const = default;
};

struct Event {
  enum class What {
    kNote,  // to be told to the user: a finding of a check, a repair
    kLine,  // that the program printed
    kFile,  // `name` and its contents in `text`: "result", "kernel.log", "registers.trace"
    kBusy,  // all pairs are reserved: `text` says by whom, what for and until when, in one line
    kFail,  // the request cannot be done: `text` says why in one line
    kEnd,   // of the request
  };
  enum class End {
    kExited,     // the program did, with `code`
    kSignalled,  // by signal `code`
    kDeadline,
    kStopped,  // as hil asked
    kFailed,   // there was a kBusy or kFail
  };
  What what = What::kEnd;
  std::string name{};
  std::string text{};
  End end = End::kExited;
  int code = 0;

  bool operator==(const Event&) const = default;
};

/// One line each, without a line end. Bytes that are no UTF-8 become U+FFFD.
std::string ToLine(const Request& request);
std::string ToLine(const Event& event);
/// Throw std::runtime_error in one line if `line` is none.
Request ParseRequest(std::string_view line);
Event ParseEvent(std::string_view line);

}  // namespace ixylab::hil

#endif  // HIL_LAB_PROTOCOL_H_
