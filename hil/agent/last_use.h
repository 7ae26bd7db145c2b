// When ports were used last, by whom, and how that ended.
#ifndef HIL_AGENT_LAST_USE_H_
#define HIL_AGENT_LAST_USE_H_

#include <string>

#include "hil/lab/protocol.h"
#include "hil/pci/state_folder.h"

namespace ixylab::hil {

/// "last used 3 h ago by mia@desk3 (hil run ...): exit code 0", or "not used before".
std::string LastUse(const StateFolder& folder, const PortPair& pair);

/// From now on that is `claim`'s. Throws PciError if it cannot be written.
void WriteUse(const StateFolder& folder, const PortPair& pair, const Claim& claim,
              const std::string& outcome);

}  // namespace ixylab::hil

#endif  // HIL_AGENT_LAST_USE_H_
