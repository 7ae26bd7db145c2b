#include "emulator/host/vfio_user/capabilities.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "emulator/host/vfio_user/dma_map.h"
#include "emulator/host/vfio_user/protocol.h"

namespace ixylab::emulator::vfio_user {

std::string AgreeOn(std::span<const std::byte> proposal) {
  const std::string_view text(reinterpret_cast<const char*>(proposal.data()), proposal.size());
  // Null and false: no callback, no exceptions.
  const auto json = nlohmann::json::parse(text.substr(0, text.find('\0')), nullptr, false);
  const nlohmann::json ours = {{"max_msg_fds", kMaxMessageDescriptors},
                               {"max_data_xfer_size", kMaxTransfer},
                               {"max_dma_maps", DmaMap::kMaxMaps},
                               {"pgsizes", DmaMap::kPageSize},
                               {"write_multiple", true}};
  nlohmann::json agreed = nlohmann::json::object();
  if (json.is_object() && json.contains("capabilities")) {
    const nlohmann::json& theirs = json["capabilities"];
    for (const auto& [name, value] : ours.items()) {
      if (theirs.is_object() && theirs.contains(name)) agreed[name] = value;
    }
  }
  return nlohmann::json({{"capabilities", agreed}}).dump();
}

}  // namespace ixylab::emulator::vfio_user
