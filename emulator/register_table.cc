#include "emulator/register_table.h"

#include <cstdio>
#include <stdexcept>

namespace ixylab::emulator {
namespace {

template <typename... Arguments>
std::string Format(const char* format, Arguments... arguments) {
  char text[64];
  std::snprintf(text, sizeof text, format, arguments...);
  return text;
}

[[noreturn]] void Reject(const RegisterInfo& row, const std::string& why) {
  throw std::invalid_argument("register " + std::string(row.name) +
                              Format(" at 0x%05X: ", row.offset) + why);
}

void CheckFields(const RegisterInfo& row) {
  unsigned free_bit = 0;
  for (const Field& field : row.fields) {
    if (field.width == 0 || field.low < free_bit || field.low + field.width > 32) {
      Reject(row, "field " + std::string(field.name) + " overlaps, is out of order or too wide");
    }
    free_bit = field.low + field.width;
  }
}

std::uint32_t FieldValue(const Field& field, std::uint32_t value) {
  const std::uint32_t mask = field.width == 32 ? 0xFFFFFFFF : (1u << field.width) - 1;
  return (value >> field.low) & mask;
}

}  // namespace

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kReadWrite:
      return "RW";
    case Kind::kReadOnly:
      return "RO";
    case Kind::kWriteOnly:
      return "WO";
    case Kind::kReadClear:
      return "RC";
    case Kind::kReadClearPair:
      return "RC pair";
    case Kind::kWrite1Clear:
      return "W1C";
    case Kind::kWrite1Set:
      return "W1S";
  }
  return "?";
}

std::string RegisterName(const RegisterInfo* info, std::uint32_t offset) {
  if (info == nullptr) return Format("0x%05X?", offset);
  std::string name(info->name);
  if (info->count > 1 || info->first_index > 0) {
    name += Format("[%u]", info->first_index + (offset - info->offset) / info->stride);
  }
  return name;
}

std::string DescribeFields(std::span<const Field> fields, std::uint32_t value) {
  std::string text;
  for (const Field& field : fields) {
    const std::uint32_t number = FieldValue(field, value);
    if (number == 0) continue;
    text += (text.empty() ? "" : " ") + std::string(field.name) +
            Format(number < 10 ? "=%u" : "=0x%X", number);
  }
  return text;
}

std::string DescribeAccess(const RegisterInfo* info, std::uint32_t offset, std::uint32_t value) {
  const std::string text = RegisterName(info, offset) + Format(" 0x%05X = 0x%08X", offset, value);
  if (info == nullptr) return text;
  const std::string fields = DescribeFields(info->fields, value);
  return fields.empty() ? text : text + " {" + fields + "}";
}

RegisterMap::RegisterMap(std::span<const RegisterInfo* const> rows, std::uint32_t bytes)
    : entries_(bytes / 4), reset_values_(bytes / 4) {
  if (rows.size() >= kNoRow || entries_.size() > 0x10000) {
    throw std::invalid_argument("register table: too many rows or too large a BAR");
  }
  for (std::uint16_t row = 0; row < rows.size(); ++row) Claim(rows, row);
  for (std::uint16_t row = 0; row < rows.size(); ++row) {
    if (rows[row]->alias_of != RegisterInfo::kNoAlias) Resolve(rows, row);
  }
}

void RegisterMap::Claim(std::span<const RegisterInfo* const> rows, std::uint16_t row) {
  const RegisterInfo& info = *rows[row];
  if (info.offset % 4 != 0 || info.stride % 4 != 0 || info.stride == 0) {
    Reject(info, "offset and stride must be multiples of 4 bytes");
  }
  if (info.count == 0 || info.count > entries_.size()) Reject(info, "impossible count");
  if ((info.reset & ~info.readable) != 0) Reject(info, "reset value has bits that read 0");
  CheckFields(info);
  for (std::uint32_t place = 0; place < info.count; ++place) {
    const std::uint64_t offset = info.offset + std::uint64_t{place} * info.stride;
    if (offset / 4 >= entries_.size()) Reject(info, "leaves the BAR");
    Entry& entry = entries_[offset / 4];
    if (entry.own_row != kNoRow) {
      Reject(info, "overlaps " + RegisterName(rows[entry.own_row], offset));
    }
    entry = {.row = row,
             .place = static_cast<std::uint16_t>(place),
             .word = static_cast<std::uint16_t>(offset / 4),
             .own_row = row};
    reset_values_[offset / 4] = info.reset;
  }
  if (info.kind == Kind::kReadClearPair && info.offset == 0) Reject(info, "has no lower half");
}

void RegisterMap::Resolve(std::span<const RegisterInfo* const> rows, std::uint16_t row) {
  const RegisterInfo& info = *rows[row];
  if (info.alias_of / 4 >= entries_.size()) Reject(info, "is an alias of nothing");
  const Entry first = entries_[info.alias_of / 4];
  if (first.own_row == kNoRow || first.own_row == row ||
      rows[first.own_row]->alias_of != RegisterInfo::kNoAlias) {
    Reject(info, "is an alias of nothing");
  }
  const RegisterInfo& original = *rows[first.own_row];
  if (first.place + info.count > original.count) {
    Reject(info, "is longer than " + std::string(original.name));
  }
  for (std::uint32_t place = 0; place < info.count; ++place) {
    const std::uint32_t offset = original.offset + (first.place + place) * original.stride;
    const std::uint32_t own_word = (info.offset + place * info.stride) / 4;
    entries_[own_word] = entries_[offset / 4];
    entries_[own_word].own_row = row;
  }
}

}  // namespace ixylab::emulator
