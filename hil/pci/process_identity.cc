#include "hil/pci/process_identity.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "hil/pci/sysfs.h"

namespace ixylab::hil {

namespace {

/// Of a process that has not ended (proc(5), /proc/PID/stat, fields 3 and 22).
std::optional<std::uint64_t> StartTime(pid_t pid) {
  const std::string stat = ReadText("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = stat.rfind(')');  // the name may have any characters in it
  if (name_end == stat.npos) return std::nullopt;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int number = 3; number <= 22 && fields >> field; ++number) {
    if (number == 3 && (field == "Z" || field == "X")) return std::nullopt;
  }
  return std::strtoull(field.c_str(), nullptr, 10);
}

}  // namespace

std::string BootId(const std::filesystem::path& root) {
  return ReadText(root / "proc/sys/kernel/random/boot_id");
}

ProcessIdentity IdentityOf(pid_t pid, const std::filesystem::path& root) {
  return {.pid = pid, .start = StartTime(pid).value_or(0), .boot = BootId(root)};
}

bool IsAlive(const ProcessIdentity& process, const std::filesystem::path& root) {
  return process.boot == BootId(root) && StartTime(process.pid) == process.start;
}

void to_json(nlohmann::json& json, const ProcessIdentity& process) {
  json = {{"pid", process.pid}, {"start", process.start}, {"boot", process.boot}};
}

void from_json(const nlohmann::json& json, ProcessIdentity& process) {
  json.at("pid").get_to(process.pid);
  json.at("start").get_to(process.start);
  json.at("boot").get_to(process.boot);
}

}  // namespace ixylab::hil
