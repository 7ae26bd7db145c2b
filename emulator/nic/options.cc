#include "emulator/nic/options.h"

#include <net/if.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

namespace ixylab::emulator::nic {
namespace {

constexpr std::size_t kMostPorts = 2;

constexpr std::pair<std::string_view, Model> kModels[] = {
    {"82599", Model::k82599},
    {"virtio-net", Model::kVirtioTransitional},
    {"virtio-net,legacy", Model::kVirtioLegacy},
    {"virtio-net,modern", Model::kVirtioModern},
    {"virtio-net,packed", Model::kVirtioPacked},
};

Model ParseModel(std::string_view name) {
  std::string known;
  for (const auto& [text, model] : kModels) {
    if (text == name) return model;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  throw UsageError("--nic=" + std::string(name) + " is not known; there are " + known);
}

/// What comes after `prefix`, if `text` begins with it.
std::optional<std::string_view> After(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return text.substr(prefix.size());
}

/// LOCAL,REMOTE or fd:N.
WireSpec ParseDgram(std::string_view text) {
  WireSpec wire{.kind = WireSpec::Kind::kDgram};
  const std::size_t comma = text.find(',');
  wire.address = ParseAddress(text.substr(0, comma));
  const bool inherited = wire.address.kind == SocketAddress::Kind::kInherited;
  if (inherited != (comma == std::string_view::npos)) {
    throw UsageError(inherited ? "dgram:fd:N takes no second address: its socket is connected"
                               : "dgram:LOCAL,REMOTE needs both addresses");
  }
  if (inherited) return wire;
  wire.remote = ParseAddress(text.substr(comma + 1));
  if (wire.remote->name.ss_family != wire.address.name.ss_family) {
    throw UsageError("both addresses of dgram:LOCAL,REMOTE have to be of one kind");
  }
  return wire;
}

WireSpec ParseWire(std::string_view text) {
  using Kind = WireSpec::Kind;
  if (text == "none") return {};
  if (text == "back-to-back") return {.kind = Kind::kBackToBack};
  if (const auto file = After(text, "pcap:"); file && !file->empty()) {
    return {.kind = Kind::kPcap, .name = std::string(*file)};
  }
  if (const auto name = After(text, "tap:"); name && !name->empty()) {
    if (name->size() >= IFNAMSIZ || name->find('/') != std::string_view::npos) {
      throw UsageError("names of interfaces have at most 15 bytes and no \"/\"");
    }
    return {.kind = Kind::kTap, .name = std::string(*name)};
  }
  if (const auto address = After(text, "stream:connect:")) {
    return {.kind = Kind::kStreamConnect, .address = ParseAddress(*address)};
  }
  if (const auto address = After(text, "stream:listen:")) {
    WireSpec wire{.kind = Kind::kStreamListen, .address = ParseAddress(*address)};
    if (wire.address.kind == SocketAddress::Kind::kInherited) {
      throw UsageError("a connected socket is stream:connect:fd:N");
    }
    return wire;
  }
  if (const auto addresses = After(text, "dgram:")) return ParseDgram(*addresses);
  throw UsageError(
      "not known; there are back-to-back, none, pcap:FILE, tap:NAME, stream:connect:ADDR, "
      "stream:listen:ADDR, dgram:LOCAL,REMOTE and dgram:fd:N");
}

std::vector<WireSpec> ParseWires(const std::vector<std::string>& texts, std::size_t ports) {
  using Kind = WireSpec::Kind;
  if (texts.size() > ports) {
    throw UsageError("--wire is given " + std::to_string(texts.size()) + " times for " +
                     std::to_string(ports) + (ports == 1 ? " port" : " ports") +
                     "; give it once for each --socket");
  }
  std::vector<WireSpec> wires;
  for (const std::string& text : texts) {
    try {
      wires.push_back(ParseWire(text));
    } catch (const std::runtime_error& error) {
      throw UsageError("--wire=" + text + ": " + error.what());
    }
  }
  if (texts.empty() && ports == 2) wires.push_back({.kind = Kind::kBackToBack});
  // It joins both ports, whoever of them says so.
  const bool joined = !wires.empty() && wires[0].kind == Kind::kBackToBack;
  if (joined && ports == 1) {
    throw UsageError("--wire=back-to-back joins two ports; give a second --socket");
  }
  while (wires.size() < ports) wires.push_back(joined ? wires[0] : WireSpec{});
  if (ports == 2 && joined != (wires[1].kind == Kind::kBackToBack)) {
    throw UsageError("--wire=back-to-back joins both ports; nothing else can be on one of them");
  }
  return wires;
}

/// Six bytes in hexadecimal with colons between them.
std::array<std::uint8_t, 6> ParseMac(std::string_view text) {
  std::array<std::uint8_t, 6> mac{};
  const UsageError error("--mac=" + std::string(text) +
                         " is no address of one station; give one such as 02:1b:21:00:00:00");
  if (text.size() != 17) throw error;
  for (std::size_t i = 0; i < mac.size(); ++i) {
    const std::string_view byte = text.substr(3 * i, 2);
    const auto [end, problem] = std::from_chars(byte.data(), byte.data() + 2, mac[i], 16);
    if (problem != std::errc() || end != byte.data() + 2) throw error;
    if (i < 5 && text[3 * i + 2] != ':') throw error;
  }
  if ((mac[0] & 1) != 0 || mac == std::array<std::uint8_t, 6>{}) throw error;
  return mac;
}

SocketAddress ParsePlace(const std::string& option, const std::string& text) {
  try {
    return text.starts_with("fd:") ? ParseAddress(text) : UnixAddress(text);
  } catch (const SocketError& error) {
    throw UsageError(option + ": " + error.what());
  }
}

/// Two users of one descriptor or path would take each other's messages.
void CheckDifferent(const Options& options) {
  std::set<std::string> seen;
  const auto check = [&](const SocketAddress& address) {
    if (!address.text.empty() && !seen.insert(address.text).second) {
      throw UsageError(address.text + " is given twice; each socket has one use");
    }
  };
  for (const SocketAddress& socket : options.sockets) check(socket);
  for (const WireSpec& wire : options.wires) {
    check(wire.address);
    if (wire.remote) check(*wire.remote);
  }
  if (options.control) check(*options.control);
  if (options.wires.size() == 2 && !options.wires[0].name.empty() &&
      options.wires[0].name == options.wires[1].name) {
    throw UsageError(options.wires[0].name + " is given for both wires; give each its own");
  }
}

}  // namespace

std::optional<Options> ParseOptions(int argc, char** argv) {
  CLI::App app("A network card as a process: serves its ports to QEMU's vfio-user-pci.", "nic");
  Options options;
  std::vector<std::string> sockets, wires;
  std::string mac, control, doorbells = "trapped";
  app.add_option("--nic", options.model_name,
                 "82599, virtio-net, virtio-net,legacy, virtio-net,modern or virtio-net,packed")
      ->capture_default_str();
  app.add_option("--socket", sockets,
                 "PATH of a port's socket, or fd:N, a connected one; once for each port")
      ->required()
      ->allow_extra_args(false);
  app.add_option("--wire", wires,
                 "What a port's cable leads to, once for each port: back-to-back, none, pcap:FILE, "
                 "tap:NAME, stream:connect:ADDR, stream:listen:ADDR, dgram:LOCAL,REMOTE or "
                 "dgram:fd:N; ADDR: unix:PATH, HOST:PORT or fd:N")
      ->allow_extra_args(false);
  app.add_option("--mac", mac, "Address of port 0; port 1 has the next one");
  CLI::Option* const trace =
      app.add_option("--trace", options.trace_file,
                     "Show each register access and interrupt, on stderr or in a file: "
                     "--trace=FILE")
          ->expected(0, 1);
  app.add_option("--report", options.report_file, "Write what was seen to this file at the end");
  app.add_option("--control", control, "PATH of a socket, or fd:N, that takes commands");
  app.add_option("--doorbells", doorbells,
                 "trapped: each access of a guest to a register is a message; mapped: rings of "
                 "queue 0 are memory that is polled")
      ->check(CLI::IsMember({"trapped", "mapped"}))
      ->capture_default_str();
  app.add_flag("--once", options.once, "End when the last client has gone");

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what() + std::string("; nic --help lists the options"));
  }

  // Under `bazel run`, paths are still relative to where the user stands.
  if (const char* folder = std::getenv("BUILD_WORKING_DIRECTORY")) {
    std::filesystem::current_path(folder);
  }
  options.model = ParseModel(options.model_name);
  if (sockets.size() > kMostPorts) {
    throw UsageError("--socket is given " + std::to_string(sockets.size()) +
                     " times; a card has one or two ports");
  }
  for (const std::string& text : sockets) {
    options.sockets.push_back(ParsePlace("--socket", text));
  }
  options.wires = ParseWires(wires, sockets.size());
  if (!mac.empty()) options.mac = ParseMac(mac);
  options.trace = trace->count() > 0;
  options.map_doorbells = doorbells == "mapped";
  if (!control.empty()) options.control = ParsePlace("--control", control);
  CheckDifferent(options);
  return options;
}

}  // namespace ixylab::emulator::nic
