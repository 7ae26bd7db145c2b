// A table of a TOML file, whose values are looked at as they are read.
#ifndef HIL_LAB_TOML_SECTION_H_
#define HIL_LAB_TOML_SECTION_H_

#include <toml++/toml.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ixylab::hil {

/// What is wrong with a value is thrown as LabError, "FILE:LINE: KEY: why", with the whole key.
/// Both the table and the file's name outlive it.
class TomlSection {
 public:
  /// `key` is the table's own: "machine.rack1"; empty for the file.
  TomlSection(const toml::table& table, std::string key, const std::string& path)
      : table_(table), key_(std::move(key)), path_(path) {}

  /// The value of `key`, or the table if it has none, is wrong.
  [[noreturn]] void Refuse(const std::string& key, const std::string& why) const;
  void AllowOnly(std::initializer_list<std::string_view> keys) const;

  // Values: what stands for nothing (an empty text, false, 0) if they are not there. A text is one
  // line and not empty.
  std::string Text(const std::string& key) const;
  std::string RequiredText(const std::string& key, const std::string& example) const;
  std::vector<std::string> Texts(const std::string& key) const;
  bool Flag(const std::string& key) const;
  std::uint16_t TcpPort(const std::string& key) const;
  /// Given in Gbit/s.
  std::uint32_t MegabitsPerSecond(const std::string& key) const;

  /// The tables within the table `key`, at least one, in the order of the file. Their names can
  /// stand in targets, "lab:MACHINE/PORT,vfio". `what` says what is expected there.
  std::vector<std::pair<std::string, TomlSection>> Sections(const std::string& key,
                                                            const std::string& what) const;

 private:
  [[noreturn]] void Refuse(const toml::source_region& place, const std::string& key,
                           const std::string& why) const;
  void CheckName(const std::string& name) const;
  std::string AsText(const std::string& key, const toml::node& value) const;

  const toml::table& table_;
  std::string key_;
  const std::string& path_;
};

}  // namespace ixylab::hil

#endif  // HIL_LAB_TOML_SECTION_H_
