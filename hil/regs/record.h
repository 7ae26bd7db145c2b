// A register trace of our driver on an 82599, as tests/trace replays it on the model.
#ifndef HIL_REGS_RECORD_H_
#define HIL_REGS_RECORD_H_

#include <array>
#include <string>
#include <string_view>

#include "hil/target/target.h"

namespace ixylab::hil {

/// Opens both ports with our driver, waits for their links, sends frames each way and closes them.
/// Gives the trace of each port, in the format of tests/trace/README.md. Throws RegsError (dump.h):
/// no 82599, no link, a frame that does not arrive; DeviceError.
std::array<std::string, 2> Record(Target& target);

/// Both traces as one file, and back. Split throws RegsError.
std::string JoinTraces(const std::array<std::string, 2>& traces);
std::array<std::string, 2> SplitTraces(std::string_view text);

}  // namespace ixylab::hil

#endif  // HIL_REGS_RECORD_H_
