#include "hil/lab/toml_section.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

#include "hil/lab/lab_file.h"

namespace ixylab::hil {

void TomlSection::Refuse(const toml::source_region& place, const std::string& key,
                         const std::string& why) const {
  std::string full = key_;
  if (!key.empty()) full += (full.empty() ? "" : ".") + key;
  throw LabError(path_ + ":" + std::to_string(place.begin.line) + ": " + full + ": " + why);
}

void TomlSection::Refuse(const std::string& key, const std::string& why) const {
  const toml::node* value = table_.get(key);
  Refuse(value == nullptr ? table_.source() : value->source(), key, why);
}

void TomlSection::AllowOnly(std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, value] : table_) {
    if (std::ranges::find(keys, key.str()) != keys.end()) continue;
    std::string known;
    for (const std::string_view name : keys) known.append(known.empty() ? "" : " ").append(name);
    Refuse(key.source(), std::string(key.str()), "unknown key; there are: " + known);
  }
}

std::string TomlSection::Text(const std::string& key) const {
  const toml::node* value = table_.get(key);
  return value == nullptr ? std::string() : AsText(key, *value);
}

std::string TomlSection::RequiredText(const std::string& key, const std::string& example) const {
  if (!table_.contains(key)) Refuse(key, "missing; such as " + key + " = \"" + example + "\"");
  return Text(key);
}

std::vector<std::string> TomlSection::Texts(const std::string& key) const {
  const toml::node* value = table_.get(key);
  if (value == nullptr) return {};
  if (!value->is_array()) Refuse(key, "a list expected, such as [\"...\", \"...\"]");
  std::vector<std::string> texts;
  for (const toml::node& text : *value->as_array()) texts.push_back(AsText(key, text));
  return texts;
}

bool TomlSection::Flag(const std::string& key) const {
  const toml::node* value = table_.get(key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) Refuse(key, "true or false expected");
  return value->as_boolean()->get();
}

std::uint16_t TomlSection::TcpPort(const std::string& key) const {
  const toml::node* value = table_.get(key);
  if (value == nullptr) return 0;
  const std::optional<std::int64_t> port = value->value_exact<std::int64_t>();
  if (!port || *port < 1 || *port > 65'535) Refuse(key, "a number from 1 to 65535 expected");
  return static_cast<std::uint16_t>(*port);
}

std::uint32_t TomlSection::MegabitsPerSecond(const std::string& key) const {
  const toml::node* value = table_.get(key);
  if (value == nullptr) return 0;
  const std::optional<double> speed = value->is_number() ? value->value<double>() : std::nullopt;
  // Written so that "nan" is refused as well.
  if (!speed || !(*speed >= 0.01 && *speed <= 1000)) {
    Refuse(key, "Gbit/s expected, a number from 0.01 to 1000");
  }
  return static_cast<std::uint32_t>(std::lround(*speed * 1000));
}

std::vector<std::pair<std::string, TomlSection>> TomlSection::Sections(
    const std::string& key, const std::string& what) const {
  const toml::node* value = table_.get(key);
  if (value == nullptr) Refuse(key, "missing; " + what);
  if (!value->is_table() || value->as_table()->empty()) Refuse(key, what);
  const TomlSection parent(*value->as_table(), key_.empty() ? key : key_ + "." + key, path_);
  std::vector<std::pair<toml::source_position, std::string>> names;
  for (const auto& [name, child] : parent.table_) {
    if (!child.is_table()) parent.Refuse(std::string(name.str()), what);
    names.emplace_back(child.source().begin, name.str());
  }
  std::ranges::sort(names, std::less<>());
  std::vector<std::pair<std::string, TomlSection>> sections;
  for (const auto& [place, name] : names) {
    parent.CheckName(name);
    sections.emplace_back(name, TomlSection(*parent.table_.get_as<toml::table>(name),
                                            parent.key_ + "." + name, path_));
  }
  return sections;
}

void TomlSection::CheckName(const std::string& name) const {
  const auto is_good = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  };
  if (!name.empty() && std::ranges::all_of(name, is_good)) return;
  const toml::source_region& place = table_.get(name)->source();
  throw LabError(path_ + ":" + std::to_string(place.begin.line) + ": " + key_ + ": \"" + name +
                 "\" is no name: letters, digits, \"-\", \"_\" and \".\" expected");
}

std::string TomlSection::AsText(const std::string& key, const toml::node& value) const {
  if (!value.is_string()) Refuse(value.source(), key, "a text in quotation marks expected");
  const std::string& text = value.as_string()->get();
  if (text.empty()) Refuse(value.source(), key, "empty; leave it out, or say it");
  if (std::ranges::any_of(text, [](unsigned char c) { return std::iscntrl(c) != 0; })) {
    Refuse(value.source(), key, "a single line of text expected");
  }
  return text;
}

}  // namespace ixylab::hil
