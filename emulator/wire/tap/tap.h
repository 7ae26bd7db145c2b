// A TAP interface of this machine as the far end of a wire.
#ifndef EMULATOR_WIRE_TAP_TAP_H_
#define EMULATOR_WIRE_TAP_TAP_H_

#include <string>

#include "emulator/wire/socket/message_end.h"

namespace ixylab::emulator {

/// Creates the interface `name`, or attaches to it where it is there. The interface has a carrier
/// while the wire brings a signal; whoever uses it sets it up and gives it its address. Throws
/// SocketError: not permitted, in use, not a TAP interface.
MessageEnd::Options OpenTap(const std::string& name);

}  // namespace ixylab::emulator

#endif  // EMULATOR_WIRE_TAP_TAP_H_
