#include "hil/regs/compare.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "emulator/82599/chip.h"

namespace ixylab::hil {

namespace {

using emulator::Field;
using emulator::RegisterInfo;
using emulator::intel82599::FindRegister;
using nlohmann::ordered_json;

constexpr std::uint32_t kAll = 0xFFFFFFFF;
constexpr std::string_view kDma = "an address of DMA memory";
constexpr std::string_view kMac = "the port's MAC address";
constexpr std::string_view kTimer = "a timer that runs";

constexpr NotCompared kNotCompared[] = {
    {.name = "EEC", .bits = 0x00007800, .reason = "the size of the board's EEPROM"},
    {.name = "EERD", .bits = 0xFFFF0000, .reason = "the contents of the EEPROM"},
    {.name = "ESDP", .bits = 0x000000FF, .reason = "levels of pins, as the board has wired them"},
    {.name = "FRTIMER", .bits = kAll, .reason = kTimer},
    {.name = "FWSM", .bits = 0x0007000E, .reason = "the firmware's mode, and how often it reset"},
    {.name = "RAH", .bits = 0x0000FFFF, .first_only = true, .reason = kMac},
    {.name = "RAL", .bits = kAll, .first_only = true, .reason = kMac},
    {.name = "RDBAH", .bits = kAll, .first_only = true, .reason = kDma},
    {.name = "RDBAL", .bits = kAll, .first_only = true, .reason = kDma},
    {.name = "RTFRTIMER", .bits = kAll, .reason = kTimer},
    {.name = "RXBUFDATA", .bits = kAll, .reason = "what the packet buffer happens to hold"},
    {.name = "STATUS", .bits = 0x0000000C, .reason = "which port of its chip it is"},
    {.name = "TDBAH", .bits = kAll, .first_only = true, .reason = kDma},
    {.name = "TDBAL", .bits = kAll, .first_only = true, .reason = kDma},
    {.name = "TXBUFDATA", .bits = kAll, .reason = "what the packet buffer happens to hold"},
    {.name = "WUPM", .bits = kAll, .reason = "the last packet that woke the machine"},
};

std::string Format(const char* format, auto... arguments) {
  std::array<char, 96> text;
  std::snprintf(text.data(), text.size(), format, arguments...);
  return text.data();
}

const NotCompared* FindNotCompared(std::uint32_t offset) {
  const RegisterInfo& row = *FindRegister(offset);
  for (const NotCompared& rule : kNotCompared) {
    if (rule.name != row.name) continue;
    const bool first = row.first_index == 0 && offset == row.offset;
    return rule.first_only && !first ? nullptr : &rule;
  }
  return nullptr;
}

std::uint32_t MaskOf(const Field& field) {
  return (field.width == 32 ? kAll : (1u << field.width) - 1) << field.low;
}

struct FieldDifference {
  std::string name;
  std::uint32_t a, b;
};

/// By field; bits that belong to none are one more, "other".
std::vector<FieldDifference> FieldsOf(const RegisterDifference& difference) {
  std::vector<FieldDifference> fields;
  std::uint32_t rest = difference.bits;
  for (const Field& field : FindRegister(difference.offset)->fields) {
    const std::uint32_t mask = MaskOf(field);
    if ((difference.bits & mask) == 0) continue;
    rest &= ~mask;
    fields.push_back({std::string(field.name), (difference.a & mask) >> field.low,
                      (difference.b & mask) >> field.low});
  }
  if (rest != 0) {
    fields.push_back({Format("bits 0x%08X", rest), difference.a & rest, difference.b & rest});
  }
  return fields;
}

/// "0x00150 FACTPS", ...: the registers that differ as `first` does, up to `last` of one array.
std::string LineOf(const RegisterDifference& first, const RegisterDifference& last) {
  const RegisterInfo& row = *FindRegister(first.offset);
  std::string line = "    " + RegisterName(&row, first.offset);
  if (last.offset != first.offset) {
    const std::string name = RegisterName(&row, last.offset);
    line.pop_back();
    line += ".." + name.substr(name.find('[') + 1);
  }
  line += Format(" 0x%05X", first.offset);
  if (!row.section.empty()) line += " (" + std::string(row.section) + ")";
  line += Format(": A 0x%08X, B 0x%08X", first.a, first.b);
  if (row.fields.empty()) return line + "\n";
  const char* separator = ": ";
  for (const FieldDifference& field : FieldsOf(first)) {
    line += separator + field.name + Format(" 0x%X, 0x%X", field.a, field.b);
    separator = "; ";
  }
  return line + "\n";
}

/// Of one provenance: those that are alike and next to each other in an array are one line.
std::string Lines(const std::vector<RegisterDifference>& differences) {
  std::string text;
  for (auto first = differences.begin(); first != differences.end();) {
    const RegisterInfo* const row = FindRegister(first->offset);
    auto last = first;
    for (auto next = last + 1; next != differences.end(); ++next) {
      if (FindRegister(next->offset) != row || next->offset != last->offset + row->stride ||
          next->a != first->a || next->b != first->b) {
        break;
      }
      last = next;
    }
    text += LineOf(*first, *last);
    first = last + 1;
  }
  return text;
}

std::string_view Heading(Trust trust) {
  switch (trust) {
    case Trust::kGuessed:
      return "Guessed by the model";
    case Trust::kOneSource:
      return "From one source";
    case Trust::kSeveral:
      return "From several sources";
  }
  return "";
}

using Provenance = std::pair<Trust, std::string_view>;

std::map<Provenance, std::vector<RegisterDifference>> ByProvenance(const DumpComparison& found) {
  std::map<Provenance, std::vector<RegisterDifference>> groups;
  for (const RegisterDifference& difference : found.differences) {
    const RegisterInfo& row = *FindRegister(difference.offset);
    groups[{TrustIn(row), row.provenance}].push_back(difference);
  }
  // One after the other in their arrays, not in order of offsets, which interleaves arrays.
  for (auto& [provenance, differences] : groups) {
    std::ranges::stable_sort(differences, {}, [](const RegisterDifference& difference) {
      return FindRegister(difference.offset)->offset;
    });
  }
  return groups;
}

std::string Names(const std::vector<std::uint32_t>& offsets) {
  std::string names;
  for (const std::uint32_t offset : offsets) {
    names += (names.empty() ? "" : " ") + RegisterName(FindRegister(offset), offset);
  }
  return names;
}

}  // namespace

std::span<const NotCompared> NotComparedRegisters() { return kNotCompared; }

std::uint32_t NotComparedBits(std::uint32_t offset) {
  const NotCompared* const rule = FindNotCompared(offset);
  return rule == nullptr ? 0 : rule->bits;
}

Trust TrustIn(const RegisterInfo& row) {
  if (row.provenance.find("guessed") != row.provenance.npos) return Trust::kGuessed;
  return row.provenance.find(';') == row.provenance.npos ? Trust::kOneSource : Trust::kSeveral;
}

DumpComparison Compare(const RegisterDump& a, const RegisterDump& b) {
  if (a.state != b.state || a.port != b.port) {
    throw RegsError("what is to be compared is in different states, or of different ports: " +
                    a.Title() + " and " + b.Title());
  }
  DumpComparison found;
  auto in_a = a.registers.begin();
  auto in_b = b.registers.begin();
  while (in_a != a.registers.end() || in_b != b.registers.end()) {
    if (in_b == b.registers.end() || (in_a != a.registers.end() && in_a->offset < in_b->offset)) {
      found.only_a.push_back((in_a++)->offset);
      continue;
    }
    if (in_a == a.registers.end() || in_b->offset < in_a->offset) {
      found.only_b.push_back((in_b++)->offset);
      continue;
    }
    ++found.compared;
    const std::uint32_t different = in_a->value ^ in_b->value;
    const NotCompared* const rule = FindNotCompared(in_a->offset);
    const std::uint32_t excused = rule == nullptr ? 0 : rule->bits;
    if ((different & ~excused) != 0) {
      found.differences.push_back({in_a->offset, in_a->value, in_b->value, different & ~excused});
    }
    if ((different & excused) != 0 &&
        std::ranges::find(found.excused, rule) == found.excused.end()) {
      found.excused.push_back(rule);
    }
    ++in_a, ++in_b;
  }
  return found;
}

std::string ToText(const DumpComparison& found, const RegisterDump& a, const RegisterDump& b) {
  std::string text = "A: " + a.Title() + "\nB: " + b.Title() + "\n";
  std::string_view heading;
  for (const auto& [provenance, differences] : ByProvenance(found)) {
    if (const std::string_view own = Heading(provenance.first); own != heading) {
      text += "\n" + std::string(heading = own) + ":\n";
    }
    text += "  " + std::string(provenance.second.empty() ? "(not said)" : provenance.second) + "\n";
    text += Lines(differences);
  }
  if (!found.excused.empty()) text += "\nDifferent, but not compared:\n";
  for (const NotCompared* rule : found.excused) {
    text += "    " + std::string(rule->name) + (rule->first_only ? "[0]" : "") +
            (rule->bits == kAll ? "" : Format(" bits 0x%08X", rule->bits)) + ": " +
            std::string(rule->reason) + "\n";
  }
  if (!found.only_a.empty()) text += "\nOnly in A: " + Names(found.only_a) + "\n";
  if (!found.only_b.empty()) text += "\nOnly in B: " + Names(found.only_b) + "\n";
  return text + "\n" + std::to_string(found.differences.size()) + " of " +
         std::to_string(found.compared) + " registers differ\n";
}

std::string ToJson(const DumpComparison& found, const RegisterDump& a, const RegisterDump& b) {
  ordered_json json = {{"a", a.Title()}, {"b", b.Title()}, {"compared", found.compared}};
  json["differences"] = ordered_json::array();
  for (const auto& [provenance, differences] : ByProvenance(found)) {
    for (const RegisterDifference& difference : differences) {
      const RegisterInfo& row = *FindRegister(difference.offset);
      ordered_json fields = ordered_json::array();
      for (const FieldDifference& field : FieldsOf(difference)) {
        fields.push_back({{"name", field.name}, {"a", field.a}, {"b", field.b}});
      }
      json["differences"].push_back({{"name", RegisterName(&row, difference.offset)},
                                     {"offset", Format("0x%05X", difference.offset)},
                                     {"a", Format("0x%08X", difference.a)},
                                     {"b", Format("0x%08X", difference.b)},
                                     {"bits", Format("0x%08X", difference.bits)},
                                     {"fields", std::move(fields)},
                                     {"section", row.section},
                                     {"provenance", row.provenance},
                                     {"guessed", provenance.first == Trust::kGuessed}});
    }
  }
  json["not_compared"] = ordered_json::array();
  for (const NotCompared* rule : found.excused) {
    json["not_compared"].push_back(
        {{"name", rule->name}, {"bits", Format("0x%08X", rule->bits)}, {"reason", rule->reason}});
  }
  return json.dump(1) + "\n";
}

}  // namespace ixylab::hil
