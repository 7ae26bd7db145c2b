#include "emulator/nic/server.h"

#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "emulator/82599/chip.h"
#include "emulator/virtio_net/card.h"

namespace ixylab::emulator::nic {
namespace {

using namespace std::chrono_literals;

// How long a file's reader waits for what is buffered.
constexpr Nanoseconds kFlushInterval = 100ms;

virtio_net::NetConfig VirtioConfig(const Options& options) {
  using virtio_net::Interface;
  virtio_net::NetConfig config{.ports = static_cast<unsigned>(options.sockets.size())};
  if (options.mac) config.mac = *options.mac;
  switch (options.model) {
    case Model::kVirtioLegacy:
      config.interface = Interface::kLegacy;
      break;
    case Model::kVirtioPacked:
      config.features |= virtio_net::VIRTIO_F_RING_PACKED;
      [[fallthrough]];
    case Model::kVirtioModern:
      config.interface = Interface::kModern;
      break;
    default:
      config.interface = Interface::kTransitional;
  }
  return config;
}

std::unique_ptr<Card> MakeCard(const Options& options, Host& host) {
  if (options.model != Model::k82599) {
    return std::make_unique<virtio_net::NetCard>(VirtioConfig(options), host);
  }
  intel82599::ChipConfig config{.ports = static_cast<unsigned>(options.sockets.size())};
  if (options.mac) config.mac = *options.mac;
  return std::make_unique<intel82599::Chip>(config, host);
}

/// Whether clients connect to it; else one is at its other end.
bool Listens(int socket) {
  int listens = 0;
  socklen_t size = sizeof(listens);
  return getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

}  // namespace

Server::Server(const Options& options)
    : options_(options),
      journal_(options.trace, options.trace_file),
      cables_(options.wires, loop_, [this](std::string_view line) { Log(line); }),
      host_(loop_, HostOptions()),
      card_(MakeCard(options, host_)),
      record_(*card_) {
  if (!options.report_file.empty()) report_.emplace(options.report_file);
  cables_.Connect(*card_);
  for (unsigned port = 0; port < options.sockets.size(); ++port) {
    functions_.push_back(std::make_unique<RecordedFunction>(card_->function(port), port, record_));
    host_.Plug(*functions_.back());
  }
  if (options.control) {
    control_.emplace(*options.control, loop_,
                     [this](std::string_view request) { return Answer(request); });
  }
  for (unsigned port = 0; port < options.sockets.size(); ++port) {
    Serve(port, options.sockets[port]);
  }
}

void Server::Serve(unsigned port, const SocketAddress& address) {
  if (address.kind == SocketAddress::Kind::kUnix) {
    Listener listener(address);
    host_.Listen(port, std::move(listener.socket));
    paths_.push_back(std::move(listener.path));
    others_may_come_ = true;
  } else if (Listens(address.fd)) {
    host_.Listen(port, FileDescriptor(address.fd));
    others_may_come_ = true;
  } else {
    host_.Attach(port, FileDescriptor(address.fd));
  }
}

VfioUserHost::Options Server::HostOptions() {
  VfioUserHost::Options host;
  host.map_doorbells = options_.map_doorbells;
  host.hooks.log = [this](unsigned port, std::string_view line) {
    journal_.LogSeldom(loop_.Now(), "port " + std::to_string(port) + ": " + std::string(line));
  };
  host.hooks.fault = [this](const DmaFault& fault) {
    record_.Fault(fault);
    journal_.LogSeldom(loop_.Now(), "DMA fault: " + Describe(fault));
  };
  if (journal_.traces()) {
    host.hooks.access = [this](const RegisterAccess& access) { journal_.Trace(*card_, access); };
    host.hooks.message = [this](unsigned port, unsigned vector) {
      journal_.Trace(loop_.Now(), port, "interrupt: message " + std::to_string(vector));
    };
    host.hooks.intx = [this](unsigned port, bool asserted) {
      if (std::exchange(intx_.at(port), asserted) == asserted) return;
      journal_.Trace(loop_.Now(), port, asserted ? "INTA# asserted" : "INTA# deasserted");
    };
  }
  host.hooks.connected = [this](unsigned port) {
    record_.Connected(port);
    cables_.SetPowered(port, true);
    Log("port " + std::to_string(port) + ": a client has connected");
  };
  host.hooks.gone = [this](unsigned port, std::string_view why) { OnGone(port, why); };
  return host;
}

void Server::OnGone(unsigned port, std::string_view why) {
  record_.Gone(port);
  cables_.SetPowered(port, false);
  Log("port " + std::to_string(port) + ": " + std::string(why));
  if (record_.clients_now() > 0) return;
  if (options_.once || !others_may_come_) end_ = "the last client has gone";
}

std::string Server::Description() const {
  const std::size_t ports = options_.sockets.size();
  std::string text =
      options_.model_name + ", " + std::to_string(ports) + (ports == 1 ? " port:" : " ports:");
  for (const SocketAddress& socket : options_.sockets) {
    text += " " + (socket.path.empty() ? socket.text : socket.path);
  }
  return text;
}

std::string Server::Answer(std::string_view request) {
  if (request == "link up" || request == "link down") {
    cables_.SetPlugged(request == "link up");
    return "";
  }
  const std::pair<std::string_view, std::string (*)(const Seen&)> questions[] = {
      {"counters", CountersText},   {"faults", FaultsText},   {"unknown", UnknownText},
      {"registers", RegistersText}, {"clients", ClientsText},
  };
  for (const auto& [question, answer] : questions) {
    if (request == question) return answer(seen());
  }
  throw std::runtime_error(
      "not known; there are link up, link down, counters, faults, unknown, registers, clients");
}

std::string Server::Run(int signals) {
  loop_.Watch(signals, [this, signals] {
    signalfd_siginfo signal;
    if (read(signals, &signal, sizeof(signal)) != sizeof(signal)) return;
    end_ = "SIG" + std::string(sigabbrev_np(static_cast<int>(signal.ssi_signo)));
  });
  Nanoseconds flushed = loop_.Now();
  while (end_.empty()) {
    // What is buffered goes out as soon as there is nothing better to do.
    if (!host_.Step(journal_.pending() ? 0ns : kFlushInterval)) journal_.Flush();
    if (loop_.Now() - flushed < kFlushInterval) continue;
    cables_.Flush();
    flushed = loop_.Now();
  }
  loop_.Unwatch(signals);
  Log("ends: " + end_);
  if (report_) report_->Write(ReportJson(seen(), options_.model_name, end_));
  cables_.Close();
  journal_.End();
  return end_;
}

std::string Server::Summary() const {
  return std::to_string(record_.unknown_accesses()) + " accesses to unknown registers, " +
         std::to_string(record_.fault_count()) + " DMA faults";
}

}  // namespace ixylab::emulator::nic
