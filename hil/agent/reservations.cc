#include "hil/agent/reservations.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace ixylab::hil {

using nlohmann::json;

static void to_json(json& out, const Reservation& reservation) {
  out = {{"ports", reservation.ports},
         {"owner", reservation.owner},
         {"purpose", reservation.purpose},
         {"until", std::chrono::system_clock::to_time_t(reservation.until)},
         {"by_hand", reservation.by_hand},
         {"processes", reservation.processes}};
}

static void from_json(const json& in, Reservation& reservation) {
  in.at("ports").get_to(reservation.ports);
  in.at("owner").get_to(reservation.owner);
  in.at("purpose").get_to(reservation.purpose);
  reservation.until = std::chrono::system_clock::from_time_t(in.at("until").get<std::time_t>());
  in.at("by_hand").get_to(reservation.by_hand);
  in.at("processes").get_to(reservation.processes);
}

namespace {

const std::string kFile = "reservations.json";
constexpr std::string_view kLock = "reservations";

Time Now() { return std::chrono::system_clock::now(); }

bool Overlap(const Reservation& reservation, const PortPair& pair) {
  return std::ranges::find_first_of(reservation.ports, pair.addresses) != reservation.ports.end();
}

/// Of those that keep `owner` from having the pair the one that lasts longest, or null.
const Reservation* Blocker(const std::vector<Reservation>& reservations, const PortPair& pair,
                           const std::string& owner, bool by_hand) {
  const Reservation* last = nullptr;
  for (const Reservation& reservation : reservations) {
    const bool his_own = reservation.owner == owner && (reservation.by_hand || by_hand);
    if (his_own || !Overlap(reservation, pair)) continue;
    if (last == nullptr || last->until < reservation.until) last = &reservation;
  }
  return last;
}

}  // namespace

Reservations::Reservations(const StateFolder& folder, std::filesystem::path root, Note note)
    : folder_(folder), root_(std::move(root)), note_(std::move(note)) {}

std::string Reservations::Describe(const PortPair& pair, const Reservation& by) const {
  const std::string who = InWords(by.owner, by.purpose);
  if (!by.by_hand && !IsAlive(by.processes.front(), root_)) {
    return InWords(pair.addresses) + ": the run of " + who +
           " has ended, and its guard is giving them back; try again in a minute";
  }
  return InWords(pair.addresses) + ": reserved by " + who + " until " + InWords(by.until) +
         " (in " + InWords(by.until - Now()) + ")";
}

bool Reservations::Holds(const Reservation& reservation) const {
  if (reservation.until <= Now()) return false;
  return reservation.by_hand ||
         std::ranges::any_of(reservation.processes,
                             [&](const auto& process) { return IsAlive(process, root_); });
}

std::vector<Reservation> Reservations::Load() const {
  const std::optional<std::string> text = folder_.Read(kFile);
  if (!text) return {};
  std::vector<Reservation> reservations;
  try {
    reservations = json::parse(*text).get<std::vector<Reservation>>();
  } catch (const json::exception&) {
    note_("the file of reservations makes no sense and is set aside as " + folder_.SetAside(kFile) +
          "; what was reserved no longer is");
    return {};
  }
  std::erase_if(reservations, [&](const Reservation& one) { return !Holds(one); });
  return reservations;
}

void Reservations::Save(const std::vector<Reservation>& reservations) const {
  folder_.Write(kFile, json(reservations).dump(2, ' ', false, json::error_handler_t::replace));
}

std::size_t Reservations::Add(std::span<const PortPair> pairs, const Claim& claim, bool by_hand) {
  const Descriptor lock = folder_.Lock(kLock);
  std::vector<Reservation> reservations = Load();
  std::optional<std::size_t> chosen;
  const Reservation* first_free = nullptr;
  std::string busy = "no ports are asked for";
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Reservation* blocker = Blocker(reservations, pairs[i], claim.owner, by_hand);
    if (blocker != nullptr) {
      if (first_free != nullptr && first_free->until <= blocker->until) continue;
      first_free = blocker;
      busy = Describe(pairs[i], *blocker);
      continue;
    }
    const bool his_own = std::ranges::any_of(reservations, [&](const Reservation& reservation) {
      return reservation.by_hand && reservation.owner == claim.owner &&
             Overlap(reservation, pairs[i]);
    });
    if (his_own || !chosen) chosen = i;
    if (his_own) break;
  }
  if (!chosen) throw BusyError(busy);
  const PortPair& pair = pairs[*chosen];
  if (by_hand) {
    std::erase_if(reservations, [&](const Reservation& reservation) {
      return reservation.by_hand && Overlap(reservation, pair);
    });
  }
  Reservation mine{.ports = pair.addresses,
                   .owner = claim.owner,
                   .purpose = claim.purpose,
                   .until = Now() + claim.duration,
                   .by_hand = by_hand,
                   .processes = {}};
  if (!by_hand) mine.processes.push_back(IdentityOf(getpid(), root_));
  reservations.push_back(std::move(mine));
  Save(reservations);
  return *chosen;
}

std::size_t Reservations::Take(std::span<const PortPair> pairs, const Claim& claim) {
  return Add(pairs, claim, /*by_hand=*/false);
}

std::size_t Reservations::Reserve(std::span<const PortPair> pairs, const Claim& claim) {
  return Add(pairs, claim, /*by_hand=*/true);
}

void Reservations::Keep(const PortPair& pair, const ProcessIdentity& process) {
  const Descriptor lock = folder_.Lock(kLock);
  std::vector<Reservation> reservations = Load();
  for (Reservation& reservation : reservations) {
    if (reservation.ports != pair.addresses || reservation.processes.empty()) continue;
    if (reservation.processes.front().pid == getpid()) reservation.processes.push_back(process);
  }
  Save(reservations);
}

void Reservations::GiveBack(const PortPair& pair) {
  const Descriptor lock = folder_.Lock(kLock);
  std::vector<Reservation> reservations = Load();
  std::erase_if(reservations, [&](const Reservation& reservation) {
    return reservation.ports == pair.addresses && !reservation.processes.empty() &&
           reservation.processes.front().pid == getpid();
  });
  Save(reservations);
}

std::size_t Reservations::Release(std::span<const PortPair> pairs, const std::string& owner) {
  const Descriptor lock = folder_.Lock(kLock);
  std::vector<Reservation> reservations = Load();
  const std::size_t released = std::erase_if(reservations, [&](const Reservation& reservation) {
    return reservation.by_hand && reservation.owner == owner &&
           std::ranges::any_of(pairs,
                               [&](const PortPair& pair) { return Overlap(reservation, pair); });
  });
  Save(reservations);
  return released;
}

}  // namespace ixylab::hil
