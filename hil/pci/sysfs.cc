#include "hil/pci/sysfs.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

namespace ixylab::hil {

namespace fs = std::filesystem;

namespace {

constexpr off_t kCommand = 4;                  // PCI 3.0, 6.1: the command register
constexpr std::uint16_t kBusMaster = 1u << 2;  // PCI 3.0, 6.2.2
constexpr unsigned kUp = 1;                    // IFF_UP

/// One write call, as sysfs wants it. What went wrong, or nothing.
std::string WriteText(const fs::path& file, std::string_view text) {
  const int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC);
  const bool good = fd >= 0 && write(fd, text.data(), text.size()) >= 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  return good ? "" : "cannot write " + file.string() + ": " + std::strerror(error);
}

std::vector<std::string> Names(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string LinkName(const fs::path& link) {
  std::error_code error;
  return fs::read_symlink(link, error).filename().string();
}

std::uint16_t ReadCommand(const fs::path& config) {
  std::array<unsigned char, 2> bytes{};
  std::ifstream file(config, std::ios::binary);
  file.seekg(kCommand).read(reinterpret_cast<char*>(bytes.data()), bytes.size());
  return static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8);
}

void WriteCommand(const fs::path& config, std::uint16_t command) {
  const int fd = open(config.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  const std::array<unsigned char, 2> bytes = {static_cast<unsigned char>(command),
                                              static_cast<unsigned char>(command >> 8)};
  // What cannot be written shows when it is read back.
  [[maybe_unused]] const ssize_t written = pwrite(fd, bytes.data(), bytes.size(), kCommand);
  close(fd);
}

unsigned Flags(const std::string& text) {
  return static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, 16));
}

std::string Rename(const std::string& from, const std::string& to) {
  ifreq request{};
  from.copy(request.ifr_name, IFNAMSIZ - 1);
  to.copy(request.ifr_newname, IFNAMSIZ - 1);
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool good = fd >= 0 && ioctl(fd, SIOCSIFNAME, &request) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  return good ? "" : "interface " + from + " was " + to + ": " + std::strerror(error);
}

}  // namespace

std::string ReadText(const fs::path& file) {
  std::ifstream stream(file);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

PciFunction::PciFunction(std::string address, const fs::path& root)
    : address_(std::move(address)),
      root_(root),
      directory_(root / "sys/bus/pci/devices" / address_) {}

bool PciFunction::Exists() const { return fs::exists(directory_); }

std::uint16_t PciFunction::vendor() const {
  return static_cast<std::uint16_t>(
      std::strtoul(ReadText(directory_ / "vendor").c_str(), nullptr, 16));
}

std::uint16_t PciFunction::device() const {
  return static_cast<std::uint16_t>(
      std::strtoul(ReadText(directory_ / "device").c_str(), nullptr, 16));
}

std::string PciFunction::Id() const {
  char text[10];
  std::snprintf(text, sizeof(text), "%04x:%04x", vendor(), device());
  return text;
}

std::string PciFunction::Driver() const { return LinkName(directory_ / "driver"); }

std::string PciFunction::DriverOverride() const {
  const std::string name = ReadText(directory_ / "driver_override");
  return name == "(null)" ? "" : name;
}

std::vector<fs::path> PciFunction::InterfaceDirectories() const {
  std::vector<fs::path> directories = {directory_ / "net"};
  // A virtio device is a bus of its own, and the interface is on that.
  for (const std::string& child : Names(directory_)) {
    if (child.starts_with("virtio")) directories.push_back(directory_ / child / "net");
  }
  std::erase_if(directories, [](const fs::path& directory) { return !fs::exists(directory); });
  return directories;
}

std::vector<std::string> PciFunction::Interfaces() const {
  std::vector<std::string> names;
  for (const fs::path& directory : InterfaceDirectories()) {
    std::ranges::copy(Names(directory), std::back_inserter(names));
  }
  return names;
}

std::optional<std::string> PciFunction::IommuGroup() const {
  const std::string group = LinkName(directory_ / "iommu_group");
  return group.empty() ? std::nullopt : std::optional(group);
}

std::optional<std::string> PciFunction::User() const {
  std::error_code error;
  std::vector<std::string> files = {fs::canonical(directory_, error).string() + "/resource"};
  if (const auto group = IommuGroup()) files.push_back((root_ / "dev/vfio" / *group).string());
  for (const std::string& uio : Names(directory_ / "uio")) {
    files.push_back((root_ / "dev" / uio).string());
  }
  return Holder(files);
}

std::optional<std::string> PciFunction::LockHolder() const {
  std::error_code error;
  return Holder({fs::canonical(LockFile(), error).string()});
}

/// `files`: whole paths, but "/resource" may have a number behind it.
std::optional<std::string> PciFunction::Holder(const std::vector<std::string>& files) const {
  std::error_code error;
  const auto is_ours = [&](const std::string& path) {
    return std::ranges::any_of(files, [&](const std::string& file) {
      if (!path.starts_with(file)) return false;
      return path.size() == file.size() || file.ends_with("/resource");
    });
  };
  for (const std::string& pid : Names(root_ / "proc")) {
    if (pid.find_first_not_of("0123456789") != pid.npos || pid == std::to_string(getpid()))
      continue;
    const fs::path process = root_ / "proc" / pid;
    bool holds = false;
    for (const std::string& fd : Names(process / "fd")) {
      holds = holds || is_ours(fs::read_symlink(process / "fd" / fd, error).string());
    }
    std::ifstream maps(process / "maps");
    for (std::string line; !holds && std::getline(maps, line);) {
      const std::size_t path = line.find('/');
      holds = path != line.npos && is_ours(line.substr(path));
    }
    if (holds) return "process " + pid + " (" + ReadText(process / "comm") + ")";
  }
  return std::nullopt;
}

fs::path PciFunction::InterfaceFile(std::string_view interface, std::string_view file) const {
  return root_ / "sys/class/net" / interface / file;
}

PortState PciFunction::Read() const {
  PortState state{.driver = Driver(),
                  .driver_override = DriverOverride(),
                  .enabled = std::atoi(ReadText(directory_ / "enable").c_str()),
                  .command = ReadCommand(directory_ / "config"),
                  .interfaces = {}};
  for (const std::string& name : Interfaces()) {
    const unsigned flags = Flags(ReadText(InterfaceFile(name, "flags")));
    state.interfaces.push_back(
        {.name = name, .up = (flags & kUp) != 0, .mtu = ReadText(InterfaceFile(name, "mtu"))});
  }
  return state;
}

void PciFunction::Take() const {
  const auto must = [&](const std::string& error) {
    if (!error.empty()) throw PciError(address_ + ": " + error);
  };
  for (const std::string& name : Interfaces()) {
    const unsigned flags = Flags(ReadText(InterfaceFile(name, "flags")));
    char text[16];
    std::snprintf(text, sizeof(text), "0x%x", flags & ~kUp);
    must(WriteText(InterfaceFile(name, "flags"), text));
  }
  if (!Driver().empty()) must(WriteText(directory_ / "driver/unbind", address_));
}

std::vector<std::string> PciFunction::Restore(const PortState& state,
                                              std::chrono::milliseconds deadline) const {
  std::vector<std::string> failures;
  const auto note = [&](const std::string& error) {
    if (!error.empty()) failures.push_back(address_ + ": " + error);
  };
  const std::string current = Driver();
  if (current.empty() || current != state.driver) {
    if (!current.empty()) note(WriteText(directory_ / "driver/unbind", address_));
    // Whatever rings a program left in the device: it reaches no memory from now on. Without a
    // driver that stays so, since nobody resets the device.
    const fs::path config = directory_ / "config";
    WriteCommand(config, static_cast<std::uint16_t>(state.command & ~kBusMaster));
    // A kernel driver's own enabling went with it, and comes back with it.
    const int expected = state.driver.empty() ? state.enabled : std::max(0, state.enabled - 1);
    for (int enabled = std::atoi(ReadText(directory_ / "enable").c_str()); enabled > expected;
         --enabled) {
      note(WriteText(directory_ / "enable", "0"));
    }
    if (DriverOverride() != state.driver_override) {
      note(WriteText(directory_ / "driver_override", state.driver_override + "\n"));
    }
    if (!state.driver.empty()) {
      note(WriteText(root_ / "sys/bus/pci/drivers" / state.driver / "bind", address_));
    }
  }
  for (const std::string& failure : RestoreInterfaces(state.interfaces, deadline)) note(failure);
  return failures;
}

std::vector<std::string> PciFunction::RestoreInterfaces(
    const std::vector<InterfaceState>& interfaces, std::chrono::milliseconds deadline) const {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (Interfaces().size() < interfaces.size()) {
    if (std::chrono::steady_clock::now() > end) {
      return {"its network interface " + interfaces[0].name + " does not come back"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::vector<std::string> failures;
  const auto note = [&](const std::string& error) {
    if (!error.empty()) failures.push_back(error);
  };
  const std::vector<std::string> names = Interfaces();
  for (std::size_t i = 0; i < interfaces.size(); ++i) {
    const InterfaceState& before = interfaces[i];
    const bool has_name = std::ranges::find(names, before.name) != names.end();
    if (!has_name) note(Rename(names[i], before.name));
    if (ReadText(InterfaceFile(before.name, "mtu")) != before.mtu) {
      note(WriteText(InterfaceFile(before.name, "mtu"), before.mtu));
    }
    const unsigned flags = Flags(ReadText(InterfaceFile(before.name, "flags")));
    if (((flags & kUp) != 0) != before.up) {
      char text[16];
      std::snprintf(text, sizeof(text), "0x%x", flags ^ kUp);
      note(WriteText(InterfaceFile(before.name, "flags"), text));
    }
  }
  return failures;
}

}  // namespace ixylab::hil
