#include "hil/pci/journal.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace ixylab::hil {

using nlohmann::json;

// Found by argument-dependent lookup, for the structs of sysfs.h.
static void to_json(json& out, const InterfaceState& state) {
  out = {{"name", state.name}, {"up", state.up}, {"mtu", state.mtu}};
}
static void from_json(const json& in, InterfaceState& state) {
  in.at("name").get_to(state.name);
  in.at("up").get_to(state.up);
  in.at("mtu").get_to(state.mtu);
}
static void to_json(json& out, const PortState& state) {
  out = {{"driver", state.driver},
         {"driver_override", state.driver_override},
         {"enabled", state.enabled},
         {"command", state.command},
         {"interfaces", state.interfaces}};
}
static void from_json(const json& in, PortState& state) {
  in.at("driver").get_to(state.driver);
  in.at("driver_override").get_to(state.driver_override);
  in.at("enabled").get_to(state.enabled);
  in.at("command").get_to(state.command);
  in.at("interfaces").get_to(state.interfaces);
}

std::string JournalName(const std::array<std::string, 2>& addresses) {
  return std::string(kJournalPrefix) + addresses[0] + "," + addresses[1] + ".json";
}

std::string ToText(const Journal& journal) {
  const json out = {
      {"addresses", journal.addresses},
      {"ports", journal.ports},
      {"huge_pages", journal.huge_pages ? json(*journal.huge_pages) : json()},
      {"modules", journal.modules},
      {"processes", journal.processes},
      {"owner", journal.owner},
      {"purpose", journal.purpose},
      {"since", std::chrono::system_clock::to_time_t(journal.since)},
  };
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Journal ParseJournal(std::string_view text) try {
  const json in = json::parse(text);
  Journal journal{.addresses = in.at("addresses").get<std::array<std::string, 2>>(),
                  .ports = in.at("ports").get<std::array<PortState, 2>>()};
  if (!in.at("huge_pages").is_null()) journal.huge_pages = in.at("huge_pages").get<std::size_t>();
  in.at("modules").get_to(journal.modules);
  in.at("processes").get_to(journal.processes);
  in.at("owner").get_to(journal.owner);
  in.at("purpose").get_to(journal.purpose);
  journal.since = std::chrono::system_clock::from_time_t(in.at("since").get<std::time_t>());
  return journal;
} catch (const json::exception& error) {
  throw std::runtime_error(std::string("no journal: ") + error.what());
}

}  // namespace ixylab::hil
