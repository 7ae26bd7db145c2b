// Register accesses in words, by the emulator's tables: for models, and for the same devices
// elsewhere.
#ifndef HIL_TARGET_DECODE_H_
#define HIL_TARGET_DECODE_H_

#include <string>

#include "hil/target/logging_bus.h"
#include "hil/target/target_spec.h"

namespace ixylab::hil {

/// "SRRCTL[0] 0x01014 = 0x12000402 {...}", "common.queue_select 0x0016 = 0x0001". Of a virtio-net
/// device whose structures do not lie as QEMU's do, the names are wrong.
std::string DecodeAccess(Nic nic, const RegisterAccess& access);

}  // namespace ixylab::hil

#endif  // HIL_TARGET_DECODE_H_
