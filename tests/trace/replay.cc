#include "tests/trace/replay.h"

#include <chrono>
#include <cstdio>

namespace ixylab::trace {

namespace {

using emulator::Kind;
using emulator::RegisterInfo;
using emulator::intel82599::FindRegister;

/// The register that an access to `offset` reaches, or null: for a second address, the original.
const RegisterInfo* Original(std::uint32_t offset) {
  const RegisterInfo* row = FindRegister(offset);
  if (row == nullptr || row->alias_of == RegisterInfo::kNoAlias) return row;
  return FindRegister(row->alias_of);
}

/// The index of the register at `offset`, which the table has.
std::uint32_t Index(std::uint32_t offset) {
  const RegisterInfo& own = *FindRegister(offset);
  const RegisterInfo& original = *Original(offset);
  const std::uint32_t first =
      &own == &original ? 0 : (own.alias_of - original.offset) / original.stride;
  return original.first_index + first + (offset - own.offset) / own.stride;
}

/// Writes that the register keeps: bits beyond these are lost.
std::uint32_t KeptBits(const RegisterInfo& row) {
  switch (row.kind) {
    case Kind::kReadOnly:
    case Kind::kReadClear:
    case Kind::kReadClearPair:
      return 0;
    default:
      return row.writable | row.self_clearing;
  }
}

void Observe(ObservedByName& observed, const RegisterInfo& row, std::uint32_t bits,
             const std::string& first) {
  Observed& entry = observed[std::string(row.name)];
  if (entry.bits == 0) entry.first = first;
  entry.bits |= bits;
}

}  // namespace

Replay::Replay(std::span<const Access> recording, std::span<const Poll> polls, Compare compare)
    : polls_(polls), comparing_(compare == Compare::kFromTheStart) {
  host_.Plug(chip_.function(0));
  chip_.Connect(0, wire_, 0);
  wire_.Attach(1, &partner_);
  wire_.SetSignal(1, true);
  host_.Sleep(std::chrono::seconds(1));  // power-up is long over when a driver is loaded
  EnableMsix();
  for (const Access& access : recording) {
    ++place_;
    if (access.pause.count() > 0) host_.Sleep(access.pause);
    const RegisterInfo* row = Original(access.offset);
    if (row == nullptr) {
      unknown_.insert(access.offset);
    } else if (access.write) {
      Write(*row, access);
    } else {
      Read(*row, access);
    }
  }
}

/// The driver used MSI-X; what the kernel does for that is not in BAR 0, which was recorded.
void Replay::EnableMsix() {
  constexpr unsigned kTableBar = 4, kVectors = 64;
  constexpr std::uint32_t kMessageControl = 0x72, kEnable = 0x8000;
  host_.Write(0, emulator::NicFunction::kConfigSpace, kMessageControl, 2, kEnable);
  for (std::uint32_t vector = 0; vector < kVectors; ++vector) {
    host_.Write(0, kTableBar, 16 * vector + 12, 4, 0);
  }
}

std::string Replay::Describe(const Access& access) const {
  return "access " + std::to_string(place_) + (access.write ? " W " : " R ") +
         DescribeAccess(FindRegister(access.offset), access.offset, access.value);
}

void Replay::Write(const RegisterInfo& row, const Access& access) {
  constexpr std::uint32_t kReset = 1u << 26;  // CTRL
  if (row.name == "CTRL" && (access.value & kReset) != 0) comparing_ = true;
  const auto read = last_read_.find(access.offset);
  const std::uint32_t written_back = read == last_read_.end() ? 0 : read->second;
  const std::uint32_t lost = access.value & ~KeptBits(row) & ~written_back;
  if (lost != 0) Observe(ignored_writes_, row, lost, Describe(access));
  host_.Write32(0, access.offset, access.value);
  const std::uint32_t index = Index(access.offset);
  for (const Poll& poll : polls_) {
    if (poll.trigger.name == row.name) {
      pending_.erase({&poll, index});
      if (poll.trigger.Matches(access.value)) pending_.insert({&poll, index});
    }
  }
}

void Replay::Read(const RegisterInfo& row, const Access& access) {
  std::uint32_t value = host_.Read32(0, access.offset);
  const std::uint32_t index = Index(access.offset);
  for (const Poll& poll : polls_) {
    if (poll.polled.name != row.name || pending_.erase({&poll, index}) == 0) continue;
    for (unsigned tries = 1; !poll.Ends(value) && tries < poll.tries; ++tries) {
      host_.Sleep(poll.interval);
      value = host_.Read32(0, access.offset);
    }
    if (poll.Ends(value)) {
      ++polls_ended_[&poll];
    } else {
      endless_polls_.push_back(std::string(poll.what) + ": " + Describe(access));
    }
  }
  last_read_[access.offset] = access.value;
  const std::uint32_t different = value ^ access.value;
  if (different == 0 || !comparing_) return;
  char model[40];
  std::snprintf(model, sizeof model, ", model: 0x%08X", value);
  Observe(read_differences_, row, different, Describe(access) + model);
}

}  // namespace ixylab::trace
