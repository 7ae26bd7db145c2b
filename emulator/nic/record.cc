#include "emulator/nic/record.h"

#include <cstdio>

namespace ixylab::emulator::nic {

Record::Record(Card& card) : card_(card) {
  for (unsigned bar = 0; bar < kBars; ++bar) {
    touched_[bar].resize((card.function(0).RegionBytes(bar) + 3) / 4);
  }
}

void Record::Access(const Place& place) {
  if (place.region < kBars && place.offset / 4 < touched_[place.region].size()) {
    touched_[place.region][place.offset / 4] = true;
  }
  const std::uint64_t unknown = card_.unknown_accesses();
  if (unknown == unknown_seen_) [[likely]]
    return;
  unknown_seen_ = unknown;
  if (const auto found = unknown_.find(place); found != unknown_.end()) {
    ++found->second;
  } else if (unknown_.size() < kMostKept) {
    unknown_[place] = 1;
  }
}

void Record::Fault(const DmaFault& fault) {
  ++fault_count_;
  if (faults_.size() < kMostKept) faults_.push_back(Describe(fault));
}

void Record::Connected(unsigned port) {
  clients_[port].there = true;
  ++clients_[port].came;
}

void Record::Gone(unsigned port) { clients_[port].there = false; }

std::map<std::string, Record::Touched, std::less<>> Record::TouchedByProvenance() const {
  std::map<std::string, Touched, std::less<>> all;
  for (unsigned bar = 0; bar < kBars; ++bar) {
    for (std::uint32_t word = 0; word < touched_[bar].size(); ++word) {
      const std::string_view provenance = card_.Provenance(bar, 4 * word);
      if (provenance.empty()) continue;
      Touched& row = all[std::string(provenance)];
      ++row.in_table;
      row.touched += touched_[bar][word];
    }
  }
  return all;
}

std::string Describe(const DmaFault& fault) {
  char where[96];
  std::snprintf(where, sizeof(where), "port %u %s of %llu bytes at 0x%llx: ", fault.port,
                fault.write ? "write" : "read", static_cast<unsigned long long>(fault.size),
                static_cast<unsigned long long>(fault.iova));
  return where + fault.what;
}

std::string Describe(const Record::Place& place) {
  char text[64];
  std::snprintf(text, sizeof(text), "port %u region %u offset 0x%05x", place.port, place.region,
                place.offset);
  return text;
}

Record::Touched Sum(const std::map<std::string, Record::Touched, std::less<>>& by_provenance) {
  Record::Touched sum;
  for (const auto& [provenance, row] : by_provenance) {
    sum.touched += row.touched;
    sum.in_table += row.in_table;
  }
  return sum;
}

}  // namespace ixylab::emulator::nic
