// Who has which ports of this machine, between users on different machines: a file in the state
// folder, changed by one process at a time.
#ifndef HIL_AGENT_RESERVATIONS_H_
#define HIL_AGENT_RESERVATIONS_H_

#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "hil/agent/words.h"
#include "hil/lab/protocol.h"
#include "hil/pci/process_identity.h"
#include "hil/pci/state_folder.h"

namespace ixylab::hil {

/// All pairs are reserved; one line: by whom, what for and until when.
class BusyError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A pair of ports that is taken together. Lapses at `until`, and once none of the `processes` that
/// it is for lives; one by hand has none.
struct Reservation {
  std::array<std::string, 2> ports;
  std::string owner;
  std::string purpose;
  Time until;
  bool by_hand = false;
  std::vector<ProcessIdentity> processes;  // the agent first
};

/// A file that makes no sense is set aside, of which `note` is told. Functions throw PciError if
/// the folder does not let them.
class Reservations {
 public:
  using Note = std::function<void(const std::string& line)>;
  Reservations(const StateFolder& folder, std::filesystem::path root, Note note);

  /// Takes the first pair that is free for this process: one that its owner has reserved by hand if
  /// there is one. Gives its index. Throws BusyError of the pair that is free first.
  std::size_t Take(std::span<const PortPair> pairs, const Claim& claim);
  /// What this process has taken is for `process` as well.
  void Keep(const PortPair& pair, const ProcessIdentity& process);
  /// Gives back what this process has taken.
  void GiveBack(const PortPair& pair);

  /// By hand: the first pair that is free, or that this owner has so already. Throws BusyError.
  std::size_t Reserve(std::span<const PortPair> pairs, const Claim& claim);
  /// What the owner has reserved by hand of these pairs; gives how many there were.
  std::size_t Release(std::span<const PortPair> pairs, const std::string& owner);

 private:
  std::vector<Reservation> Load() const;
  void Save(const std::vector<Reservation>& reservations) const;
  std::string Describe(const PortPair& pair, const Reservation& by) const;
  bool Holds(const Reservation& reservation) const;
  std::size_t Add(std::span<const PortPair> pairs, const Claim& claim, bool by_hand);

  const StateFolder& folder_;
  const std::filesystem::path root_;
  const Note note_;
};

}  // namespace ixylab::hil

#endif  // HIL_AGENT_RESERVATIONS_H_
