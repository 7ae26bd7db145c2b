#include "hil/lab/lab_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "hil/files.h"
#include "hil/lab/toml_section.h"

namespace ixylab::hil {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxSize = 1 << 20;  // of the file

/// Neither a blank nor what ssh takes for an option or for a user's name.
bool IsSshName(const std::string& name) {
  return name[0] != '-' && name.find_first_of(" @") == name.npos;
}

std::string Home() {
  const char* home = std::getenv("HOME");
  return home == nullptr ? "" : home;
}

/// "~/..." is in the user's home; another relative path is relative to the lab file.
std::string KeyPath(const std::string& key, const std::string& lab) {
  if (key.starts_with("~/")) return Home() + key.substr(1);
  return (fs::absolute(lab).parent_path() / key).string();
}

LabPort ReadPort(const std::string& name, const TomlSection& section) {
  section.AllowOnly({"address", "cable", "speed", "sfp"});
  LabPort port{.name = name,
               .address = section.RequiredText("address", "0000:03:00.0"),
               .cable = section.RequiredText("cable", "b"),
               .megabits_per_second = section.MegabitsPerSecond("speed"),
               .sfp = section.Text("sfp")};
  if (!IsPciAddress(port.address)) {
    section.Refuse("address",
                   "\"" + port.address + "\" is not a PCI address such as 0000:03:00.0 (lspci -D)");
  }
  return port;
}

void CheckCable(const LabPort& port, const std::vector<LabPort>& ports,
                const TomlSection& section) {
  if (port.cable == port.name) section.Refuse("cable", "leads from the port to itself");
  if (port.cable.find('/') != port.cable.npos) {
    section.Refuse("cable", "\"" + port.cable +
                                "\" is on another machine, and the suite needs both ends of a "
                                "cable in one: name a port of this machine");
  }
  const auto other = std::ranges::find(ports, port.cable, &LabPort::name);
  if (other == ports.end()) {
    std::string names;
    for (const LabPort& known : ports) names += " " + known.name;
    section.Refuse("cable", "leads to \"" + port.cable + "\"; the machine has only" + names);
  }
  if (other->cable != port.name) {
    section.Refuse("cable", "leads to " + port.cable + ", but that one's cable to " + other->cable +
                                ": the two ends of a cable name each other");
  }
}

std::vector<LabPort> ReadPorts(const TomlSection& machine) {
  std::vector<LabPort> ports;
  std::map<std::string, std::string> names;  // by address
  const auto sections = machine.Sections(
      "port", "ports expected, each as [machine.NAME.port.NAME] (that of ssh is ssh_port)");
  for (const auto& [name, section] : sections) {
    const LabPort& port = ports.emplace_back(ReadPort(name, section));
    const auto [other, is_new] = names.emplace(port.address, name);
    if (is_new) continue;
    section.Refuse("address", port.address + " is that of port " + other->second + " already");
  }
  for (std::size_t i = 0; i < ports.size(); ++i) CheckCable(ports[i], ports, sections[i].second);
  return ports;
}

LabMachine ReadMachine(const std::string& name, const TomlSection& section,
                       const std::string& path) {
  section.AllowOnly(
      {"host", "ssh_port", "user", "key", "ssh_options", "sudo", "iommu", "notes", "port"});
  LabMachine machine{.name = name,
                     .host = section.RequiredText("host", "192.0.2.17"),
                     .port = section.TcpPort("ssh_port"),
                     .user = section.Text("user"),
                     .key = section.Text("key"),
                     .ssh_options = section.Texts("ssh_options"),
                     .sudo = section.Flag("sudo"),
                     .iommu = section.Flag("iommu"),
                     .notes = section.Text("notes"),
                     .ports = {}};
  if (!IsSshName(machine.host)) {
    section.Refuse("host", "\"" + machine.host + "\" is no host (the user's name goes to user)");
  }
  if (!machine.user.empty() && !IsSshName(machine.user)) {
    section.Refuse("user", "\"" + machine.user + "\" is no user's name");
  }
  for (const std::string& option : machine.ssh_options) {
    const std::size_t equals = option.find('=');
    if (equals != option.npos && equals > 0 && option[0] != '-') continue;
    section.Refuse("ssh_options", "\"" + option + "\": NAME=VALUE expected, as ssh -o takes it");
  }
  if (!machine.key.empty()) machine.key = KeyPath(machine.key, path);
  machine.ports = ReadPorts(section);
  return machine;
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxSize + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    if (errno != ENOENT) throw LabError("cannot read " + path + ": " + std::strerror(errno));
    throw LabError("no lab file: there is no " + path +
                   "; write it (hil/lab/README.md has an example), or say where it is with "
                   "--lab=FILE or $IXYLAB_LAB");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxSize) throw LabError(path + " is no lab file: larger than 1 MiB");
  return text;
}

}  // namespace

std::vector<std::array<LabPort, 2>> LabMachine::Pairs(std::string_view port) const {
  std::vector<std::array<LabPort, 2>> pairs;
  std::string names;
  for (const LabPort& first : ports) {
    names += " " + first.name;
    const LabPort& second = *std::ranges::find(ports, first.cable, &LabPort::name);
    const bool is_first = std::ranges::find(ports, first.name, &LabPort::name) <
                          std::ranges::find(ports, second.name, &LabPort::name);
    if (port.empty() ? is_first : first.name == port) pairs.push_back({first, second});
  }
  if (pairs.empty()) {
    throw LabError("lab machine " + name + " has no port \"" + std::string(port) +
                   "\"; there are:" + names);
  }
  return pairs;
}

const LabMachine& Lab::Find(std::string_view machine) const {
  const auto found = std::ranges::find(machines, machine, &LabMachine::name);
  if (found != machines.end()) return *found;
  std::string names;
  for (const LabMachine& known : machines) names += " " + known.name;
  throw LabError("no lab machine \"" + std::string(machine) + "\" in " + path +
                 "; there are:" + names);
}

Lab ParseLab(std::string_view text, const std::string& path) {
  toml::table table;
  try {
    table = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    throw LabError(path + ":" + std::to_string(error.source().begin.line) +
                   ": not TOML: " + std::string(error.description()));
  }
  const TomlSection file(table, "", path);
  file.AllowOnly({"machine"});
  Lab lab{.path = path, .machines = {}};
  for (const auto& [name, section] :
       file.Sections("machine", "machines expected, each as [machine.NAME]")) {
    lab.machines.push_back(ReadMachine(name, section, path));
  }
  return lab;
}

Lab ReadLab(const std::string& path) { return ParseLab(ReadText(path), path); }

Lab ReadLab(const LabOptions& options) {
  if (!options.file.empty()) return ReadLab(FromUser(options.file));
  if (const char* file = std::getenv("IXYLAB_LAB"); file != nullptr && *file != '\0') {
    return ReadLab(FromUser(file));
  }
  return ReadLab(Home() + "/.config/ixylab/lab.toml");
}

}  // namespace ixylab::hil
