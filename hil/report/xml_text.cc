#include "hil/report/xml_text.h"

#include <cstddef>

namespace ixylab::hil {

namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Character {
  char32_t code = kReplacement;
  std::size_t bytes = 1;  // of the text that it takes
};

/// The first character of `text`, which is not empty; a replacement for a byte that begins none.
Character First(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {.code = byte(0)};
  // Two to four bytes; the lowest code that needs so many.
  constexpr char32_t kLowest[] = {0x80, 0x800, 0x10000};
  const std::size_t more = byte(0) >= 0xF0 ? 3 : byte(0) >= 0xE0 ? 2 : 1;
  if (byte(0) < 0xC0 || byte(0) >= 0xF8 || text.size() <= more) return {};
  char32_t code = byte(0) & (0x3Fu >> more);
  for (std::size_t i = 1; i <= more; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (code < kLowest[more - 1] || code > 0x10FFFF || surrogate) return {};
  return {.code = code, .bytes = more + 1};
}

char32_t Allowed(char32_t code) {
  if (code == '\t' || code == '\n') return code;
  if (code < 0x20) return 0x2400 + code;
  if (code == 0x7F) return 0x2421;
  const bool control = code >= 0x80 && code < 0xA0;
  return control || code == 0xFFFE || code == 0xFFFF ? kReplacement : code;
}

void Append(std::string& text, char32_t code) {
  const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
  } else {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
  }
  if (code >= 0x80) add(0x80 | (code & 0x3F));
}

}  // namespace

std::string XmlText(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const Character character = First(bytes);
    Append(text, Allowed(character.code));
    bytes.remove_prefix(character.bytes);
  }
  return text;
}

std::string XmlText(std::span<const std::string> lines) {
  std::string text;
  for (const std::string& line : lines) text += XmlText(line) + "\n";
  return text;
}

pugi::xml_node AddElement(pugi::xml_node parent, const char* name, std::string_view text) {
  pugi::xml_node node = parent.append_child(name);
  AddText(node, text);
  return node;
}

void AddText(pugi::xml_node parent, std::string_view text) {
  parent.append_child(pugi::node_pcdata).set_value(XmlText(text).c_str());
}

void SetAttribute(pugi::xml_node node, const char* name, std::string_view value) {
  node.append_attribute(name).set_value(XmlText(value).c_str());
}

}  // namespace ixylab::hil
