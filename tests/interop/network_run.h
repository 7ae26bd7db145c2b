#ifndef TESTS_INTEROP_NETWORK_RUN_H_
#define TESTS_INTEROP_NETWORK_RUN_H_

#include "tests/interop/guest_run.h"

namespace ixylab::hil {

/// guest/network.sh and guest/peers.sh on a modelled 82599 and the kernel $INTEROP_GUEST: one boot
/// for all tests.
const GuestRun& NetworkRun();

}  // namespace ixylab::hil

#endif  // TESTS_INTEROP_NETWORK_RUN_H_
