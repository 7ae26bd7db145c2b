#include "emulator/nic/cables.h"

#include <sys/stat.h>

#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "emulator/sockets/address.h"
#include "emulator/wire/pcap/pcap_recorder.h"
#include "emulator/wire/socket/message_end.h"
#include "emulator/wire/socket/stream_end.h"
#include "emulator/wire/tap/tap.h"

namespace ixylab::emulator::nic {
namespace {

// Of a wire that leads out: the port is at the other one.
constexpr unsigned kPortEnd = 0, kFarEnd = 1;

Nanoseconds TimeOfDay() { return std::chrono::system_clock::now().time_since_epoch(); }

/// A pipe would hold the server up when nobody reads it.
void CheckFile(const std::string& path) {
  struct stat status;
  const bool special = stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  if (special || path == "-") {
    throw SocketError("--wire=pcap:" + path + ": give the name of a regular file");
  }
}

}  // namespace

/// What hangs on a wire's far end: one of them.
struct Cables::FarEnd {
  std::optional<PcapRecorder> file;
  std::optional<StreamEnd> stream;
  std::optional<MessageEnd> messages;  // of a datagram socket or a TAP interface
  bool failed = false;                 // the file, and the log says so
};

Cables::Cables(std::span<const WireSpec> wires, EventLoop& loop, LogLine log)
    : joined_(!wires.empty() && wires[0].kind == WireSpec::Kind::kBackToBack),
      log_(std::move(log)) {
  using Kind = WireSpec::Kind;
  Update();
  for (std::size_t port = 0; port < wires.size(); ++port) {
    const WireSpec& spec = wires[port];
    Wire& wire = wires_[port];
    auto end = std::make_unique<FarEnd>();
    switch (spec.kind) {
      case Kind::kNone:
      case Kind::kBackToBack:
        end.reset();
        break;
      case Kind::kPcap:
        CheckFile(spec.name);
        end->file.emplace(spec.name, TimeOfDay);
        end->file->Plug(wire, kFarEnd);
        break;
      case Kind::kTap: {
        MessageEnd::Options tap = OpenTap(spec.name);
        tap.log = log_;
        end->messages.emplace(loop, wire, kFarEnd, std::move(tap));
        break;
      }
      case Kind::kDgram: {
        MessageEnd::Options socket = OpenDatagram(spec.address, spec.remote);
        socket.log = log_;
        end->messages.emplace(loop, wire, kFarEnd, std::move(socket));
        break;
      }
      case Kind::kStreamConnect:
      case Kind::kStreamListen:
        end->stream.emplace(
            loop, wire, kFarEnd,
            StreamEnd::Options{
                .address = spec.address, .listen = spec.kind == Kind::kStreamListen, .log = log_});
        break;
    }
    far_ends_.push_back(std::move(end));
  }
}

Cables::~Cables() = default;

void Cables::Connect(Card& card) {
  for (unsigned port = 0; port < far_ends_.size(); ++port) {
    joined_ ? card.Connect(port, wires_[0], port) : card.Connect(port, wires_[port], kPortEnd);
  }
}

void Cables::SetPlugged(bool plugged) {
  plugged_ = plugged;
  Update();
}

void Cables::SetPowered(unsigned port, bool powered) {
  powered_[port] = powered;
  Update();
}

void Cables::Update() {
  if (joined_) return wires_[0].SetPlugged(plugged_ && powered_[0] && powered_[1]);
  for (unsigned port : {0u, 1u}) wires_[port].SetPlugged(plugged_ && powered_[port]);
}

std::vector<NamedCounter> Cables::counters(unsigned port) const {
  const Wire& wire = wires_[joined_ ? 0 : port];
  const unsigned end = joined_ ? port : kPortEnd;
  const Wire::Counters& sent = wire.counters(end);
  std::vector<NamedCounter> all = {{"out", sent.frames},
                                   {"out bytes", sent.bytes},
                                   {"out lost", sent.lost_frames},
                                   {"in", wire.counters(1 - end).frames}};
  const FarEnd* const far_end = far_ends_[port].get();
  if (far_end == nullptr || far_end->file) return all;
  const OutsideCounters& outside =
      far_end->stream ? far_end->stream->counters() : far_end->messages->counters();
  all.push_back({"out dropped", outside.out_dropped});
  all.push_back({"in bad", outside.in_bad});
  return all;
}

void Cables::Flush() {
  for (const auto& end : far_ends_) {
    if (end == nullptr || !end->file || end->failed) continue;
    end->file->Flush();
    if (end->file->ok()) continue;
    end->failed = true;
    log_(std::string("a capture file cannot be written any more: ") +
         std::strerror(end->file->error()));
  }
}

void Cables::Close() {
  for (const auto& end : far_ends_) {
    if (end != nullptr && end->file) end->file->Close();
  }
}

}  // namespace ixylab::emulator::nic
