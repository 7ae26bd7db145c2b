#include "hil/agent/last_use.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hil/agent/words.h"

namespace ixylab::hil {

using nlohmann::json;

namespace {

/// Whichever of the two comes first in the request.
std::string FileOf(const PortPair& pair) {
  const auto& [low, high] = std::minmax(pair.addresses[0], pair.addresses[1]);
  return "last-use-" + low + "," + high + ".json";
}

}  // namespace

std::string LastUse(const StateFolder& folder, const PortPair& pair) {
  const json use = json::parse(folder.Read(FileOf(pair)).value_or(""), nullptr, false);
  try {
    if (use.is_discarded()) return "not used before";
    const Time when = std::chrono::system_clock::from_time_t(use.at("when").get<std::time_t>());
    return "last used " + InWords(std::chrono::system_clock::now() - when) + " ago by " +
           InWords(use.at("owner").get<std::string>(), use.at("purpose").get<std::string>()) +
           ": " + use.at("outcome").get<std::string>();
  } catch (const json::exception&) {
    return "when they were used last is not readable";
  }
}

void WriteUse(const StateFolder& folder, const PortPair& pair, const Claim& claim,
              const std::string& outcome) {
  const json use = {
      {"when", std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())},
      {"owner", claim.owner},
      {"purpose", claim.purpose},
      {"outcome", outcome}};
  folder.Write(FileOf(pair), use.dump(2, ' ', false, json::error_handler_t::replace));
}

}  // namespace ixylab::hil
