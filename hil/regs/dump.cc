#include "hil/regs/dump.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>

#include "emulator/82599/chip.h"
#include "emulator/register_table.h"
#include "hil/process.h"
#include "hil/regs/safe.h"
#include "hil/target/two_ports.h"

namespace ixylab::hil {

namespace {

using emulator::RegisterInfo;
using emulator::intel82599::AllRegisters;
using emulator::intel82599::FindRegister;
using nlohmann::ordered_json;

constexpr std::string_view kNic = "82599";
// Linux waits as long after a reset (ixgbe_reset_hw_82599).
constexpr Nanoseconds kAfterReset = std::chrono::milliseconds(50);

std::string Format(const char* format, auto... arguments) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), format, arguments...);
  return text.data();
}

std::string Now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text;
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

void Check82599(Target& target, TwoPorts& ports) {
  if (ports.device(0).driver_name() == "ixgbe") return;
  throw RegsError("target \"" + std::string(target.name()) +
                  "\": not an 82599, whose registers these are");
}

/// One that is read, with its index where there are several.
ordered_json ToJson(const RegisterValue& reg) {
  const RegisterInfo& row = *FindRegister(reg.offset);
  ordered_json json = {{"name", row.name}};
  if (row.count > 1 || row.first_index > 0) {
    json["index"] = row.first_index + (reg.offset - row.offset) / row.stride;
  }
  json["offset"] = Format("0x%05X", reg.offset);
  json["value"] = Format("0x%08X", reg.value);
  for (const emulator::Field& field : row.fields) {
    const std::uint32_t mask = field.width == 32 ? 0xFFFFFFFF : (1u << field.width) - 1;
    if (const std::uint32_t value = reg.value >> field.low & mask; value != 0) {
      json["fields"][std::string(field.name)] = value;
    }
  }
  return json;
}

std::uint32_t ParseHex(const std::string& text) {
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  if (!text.starts_with("0x")) throw RegsError("\"" + text + "\" is no hexadecimal number");
  const auto [stop, error] = std::from_chars(text.data() + 2, end, value, 16);
  if (error != std::errc() || stop != end) {
    throw RegsError("\"" + text + "\" is no hexadecimal number of 32 bits");
  }
  return value;
}

RegisterValue ParseRegister(const ordered_json& json) {
  const RegisterValue reg = {.offset = ParseHex(json.at("offset").get<std::string>()),
                             .value = ParseHex(json.at("value").get<std::string>())};
  const std::string name = json.at("name");
  const RegisterInfo* const row = FindRegister(reg.offset);
  if (row == nullptr || row->name != name || reg.offset % 4 != 0 ||
      row->alias_of != RegisterInfo::kNoAlias) {
    throw RegsError("there is no " + name + " at " + Format("0x%05X", reg.offset));
  }
  return reg;
}

}  // namespace

std::string_view StateName(DeviceState state) {
  return state == DeviceState::kOpen ? "open" : "reset";
}

DeviceState ParseState(std::string_view name) {
  for (const DeviceState state : {DeviceState::kOpen, DeviceState::kReset}) {
    if (StateName(state) == name) return state;
  }
  throw RegsError("state \"" + std::string(name) + "\": open or reset expected");
}

std::string RegisterDump::Title() const {
  return target + ", port " + std::to_string(port) + ", " + std::string(StateName(state)) + " (" +
         machine + ", " + date + ")";
}

RegisterDump ReadRegisters(Target& target, unsigned port, DeviceState state) {
  auto ports = std::make_unique<TwoPorts>(target);
  Check82599(target, *ports);
  if (const auto down = ports->WaitForLinks()) {
    throw RegsError("target \"" + std::string(target.name()) + "\": port " + std::to_string(*down) +
                    " has no link within 10 s; is its cable in?");
  }
  Bus& bus = target.bus(port);
  if (state == DeviceState::kReset) {
    ports.reset();
    bus.Sleep(kAfterReset);
  }
  const PciId id = bus.id();
  RegisterDump dump = {.target = std::string(target.name()),
                       .machine = HostName(),
                       .date = Now(),
                       .device = Format("%04x:%04x", id.vendor, id.device),
                       .state = state,
                       .port = port,
                       .registers = {}};
  for (const RegisterInfo* row : AllRegisters()) {
    if (!WhyNotRead(*row).empty()) continue;
    for (std::uint32_t n = 0; n < row->count; ++n) {
      const std::uint32_t offset = row->offset + n * row->stride;
      dump.registers.push_back({offset, bus.Read32(offset)});
    }
  }
  std::ranges::sort(dump.registers, {}, &RegisterValue::offset);
  return dump;
}

std::string ToText(const RegisterDump& dump) {
  std::string text = dump.Title() + "\n";
  for (const auto& [offset, value] : dump.registers) {
    text += DescribeAccess(FindRegister(offset), offset, value) + "\n";
  }
  return text;
}

std::string ToJson(const RegisterDump& dump) {
  const ordered_json head = {{"nic", kNic},           {"device", dump.device},
                             {"target", dump.target}, {"machine", dump.machine},
                             {"date", dump.date},     {"state", StateName(dump.state)},
                             {"port", dump.port}};
  std::string text = head.dump(0);
  text.resize(text.size() - 2);  // "\n}"
  text += ",\n\"registers\": [";
  const char* separator = "\n";
  for (const RegisterValue& reg : dump.registers) {
    text += separator + ToJson(reg).dump();
    separator = ",\n";
  }
  return text + "\n]\n}\n";
}

RegisterDump ParseDump(std::string_view text, const std::string& name) {
  try {
    const ordered_json json = ordered_json::parse(text);
    if (!json.is_object() || !json.contains("nic")) throw RegsError("not a dump of registers");
    if (json["nic"] != kNic) throw RegsError("a dump of another device: " + json["nic"].dump());
    RegisterDump dump = {.target = json.at("target"),
                         .machine = json.at("machine"),
                         .date = json.at("date"),
                         .device = json.at("device"),
                         .state = ParseState(json.at("state").get<std::string>()),
                         .port = json.at("port"),
                         .registers = {}};
    for (const ordered_json& reg : json.at("registers")) {
      dump.registers.push_back(ParseRegister(reg));
      if (dump.registers.size() > 1 &&
          dump.registers.end()[-2].offset >= dump.registers.back().offset)
        throw RegsError("the registers are not in order of their offsets");
    }
    if (dump.registers.empty()) throw RegsError("there are no registers in it");
    return dump;
  } catch (const std::exception& error) {
    throw RegsError(name + ": " + error.what());
  }
}

}  // namespace ixylab::hil
