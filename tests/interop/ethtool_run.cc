#include "tests/interop/ethtool_run.h"

#include <chrono>
#include <cstdlib>
#include <sstream>

#include "hil/files.h"
#include "tests/interop/linux_vm.h"

namespace ixylab::hil {

namespace {

std::string Setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

bool Intx() { return Setting("INTEROP_INTERRUPTS") == "intx"; }

const GuestRun& TheRun() {
  static const GuestRun run = [] {
    VmOptions options = LinuxVm("82599", Setting("INTEROP_GUEST"));
    options.deadline = std::chrono::seconds(600);
    if (Intx()) options.kernel_arguments = {"pci=nomsi"};
    return RunGuest(options, {{"burst", FindRunfile("tests/interop/burst")}},
                    GuestScript("ethtool.sh", {"ixgbe", Setting("INTEROP_INTERRUPTS")}));
  }();
  return run;
}

Facts::Facts(const std::string& section, const std::string& name)
    : text_(TheRun().Value(section, name)) {}

std::int64_t Facts::operator[](const std::string& what) const {
  std::istringstream words(text_);
  for (std::string word; words >> word;) {
    if (word.starts_with(what + "=")) return std::stoll(word.substr(what.size() + 1));
  }
  return -1;
}

std::optional<std::uint64_t> Count(const std::string& section, const std::string& name) {
  const std::string value = TheRun().Value(section, name);
  if (value.starts_with('(')) return std::nullopt;
  return std::stoull(value);
}

}  // namespace ixylab::hil
