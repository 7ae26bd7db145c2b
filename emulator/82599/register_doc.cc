#include "emulator/82599/register_doc.h"

#include <cstdio>
#include <string_view>

#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::string_view kPreface = R"(# Registers of the 82599 model

From the table in `registers_*.h`; renewed by `bazel run //hil -- regs --doc`.

- Kind: RW; RO (writes are ignored); WO (reads 0); RC (cleared by reading); RC pair (the upper half
  of a counter: a read clears both halves); W1C and W1S (writing 1 clears or sets); hook: behaviour
  beyond storage. An alias is a second address of the registers from the offset given.
- Offset: n counts from 0 within the row.
- Reset: the value after reset. "reads" and "writes" are the bits that can be, where not all.
- Fields: bits and name. Sections are those of the 82599 datasheet, chapter 8.
- Source: who says so. "guessed": nobody did.

| Offset | Register | Kind | Reset | Fields | Section | Source |
|---|---|---|---|---|---|---|
)";

std::string Hex(std::uint32_t value, int digits) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%0*X", digits, value);
  return text;
}

std::string Offset(const RegisterInfo& row) {
  std::string text = Hex(row.offset, 5);
  if (row.count > 1)
    text += " + " + (row.stride < 10 ? std::to_string(row.stride) : Hex(row.stride, 2)) + "n";
  return text;
}

std::string Name(const RegisterInfo& row) {
  std::string name(row.name);
  if (row.count > 1) {
    name += "[" + std::to_string(row.first_index) + ".." +
            std::to_string(row.first_index + row.count - 1) + "]";
  } else if (row.first_index > 0) {
    name += "[" + std::to_string(row.first_index) + "]";
  }
  return name;
}

std::string KindOf(const Register<Port>& row) {
  if (row.alias_of != RegisterInfo::kNoAlias) return "alias of " + Hex(row.alias_of, 5);
  std::string kind(KindName(row.kind));
  if (row.hooks.on_read != nullptr || row.hooks.on_write != nullptr) kind += ", hook";
  return kind;
}

std::string Reset(const RegisterInfo& row) {
  if (row.alias_of != RegisterInfo::kNoAlias) return "";
  constexpr std::uint32_t kAll = 0xFFFFFFFF;
  std::string text = Hex(row.reset, 8);
  if (row.readable != kAll) text += ", reads " + Hex(row.readable, 8);
  if (row.writable != kAll) text += ", writes " + Hex(row.writable, 8);
  if (row.self_clearing != 0) text += ", self-clearing " + Hex(row.self_clearing, 8);
  return text;
}

std::string Fields(const RegisterInfo& row) {
  if (row.alias_of != RegisterInfo::kNoAlias) return "";
  std::string text;
  for (const Field& field : row.fields) {
    if (!text.empty()) text += ", ";
    const unsigned high = field.low + field.width - 1u;
    if (high > field.low) text += std::to_string(high) + ":";
    text += std::to_string(field.low) + " " + std::string(field.name);
  }
  return text;
}

}  // namespace

std::string RegisterDocument() {
  std::string document(kPreface);
  for (const Register<Port>& row : Registers().rows()) {
    document += "| " + Offset(row) + " | " + Name(row) + " | " + KindOf(row) + " | " + Reset(row) +
                " | " + Fields(row) + " | " + std::string(row.section) + " | " +
                std::string(row.provenance) + " |\n";
  }
  return document;
}

}  // namespace ixylab::emulator::intel82599
