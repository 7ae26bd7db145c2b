#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "emulator/wire/wire.h"
#include "tools/capture/capture.h"
#include "tools/common/guest.h"
#include "tools/common/replay.h"
#include "tools/common/socket_end.h"

namespace ixylab::capture {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = 10s;  // while frames are under way and nothing happens
constexpr int kPollMilliseconds = 20;

/// Counts the frames of a pcap file that comes in pieces: a header, then for each frame a header of
/// its own, whose third word says how many bytes of the frame follow.
class FrameCounter {
 public:
  void Add(std::span<const char> bytes) {
    while (!bytes.empty()) {
      if (skip_ > 0) {
        const std::size_t skipped = std::min(skip_, bytes.size());
        skip_ -= skipped;
        bytes = bytes.subspan(skipped);
        continue;
      }
      header_.push_back(bytes.front());
      bytes = bytes.subspan(1);
      if (header_.size() < kRecordHeaderSize) continue;
      std::uint32_t captured = 0;
      std::memcpy(&captured, header_.data() + 8, sizeof(captured));
      skip_ = captured;
      header_.clear();
      ++frames_;
    }
  }
  bool has_header() const { return skip_ < kFileHeaderSize || frames_ > 0; }
  std::uint64_t frames() const { return frames_; }

 private:
  static constexpr std::size_t kFileHeaderSize = 24;
  static constexpr std::size_t kRecordHeaderSize = 16;

  std::size_t skip_ = kFileHeaderSize;
  std::vector<char> header_;
  std::uint64_t frames_ = 0;
};

/// The file that the guest's capture goes to.
class Output {
 public:
  explicit Output(const std::string& path)
      : path_(path), file_(std::fopen(path == "-" ? "/dev/stdout" : path.c_str(), "wbe")) {
    if (file_ == nullptr) error_ = errno;
    Check();
  }
  void Write(std::span<const char> bytes) {
    if (error_ != 0) return;
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size() ||
        std::fflush(file_.get()) != 0) {
      error_ = errno;
    }
  }
  bool ok() const { return error_ == 0; }
  /// Throws unless all is written or who reads it has seen enough.
  void Check() const {
    if (error_ == 0 || error_ == EPIPE) return;
    throw std::runtime_error("cannot write " + path_ + ": " + std::strerror(error_));
  }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
  int error_ = 0;
};

/// Feeds the card and hands on what the guest captures, until the guest is gone.
void FeedAndWrite(const Options& options, tools::Host& host, tools::Replay& replay,
                  Output& output) {
  emulator::Wire wire;
  tools::SocketEnd card(host.wire(options.port), wire, 1);
  replay.player().Plug(wire, 0);
  FrameCounter counter;
  std::array<char, 65536> bytes;
  Clock::time_point last_progress = Clock::now();
  while (true) {
    if (counter.has_header() && !host.interrupted()) {
      replay.Feed(options.common.batch, counter.frames());
    }
    const bool all = replay.ended() && replay.UnderWay(counter.frames()) == 0;
    if (all || host.interrupted() || !output.ok()) host.Stop();

    pollfd event = {.fd = host.stream(), .events = POLLIN, .revents = 0};
    if (poll(&event, 1, kPollMilliseconds) <= 0) {
      if (Clock::now() - last_progress > kPatience) replay.GiveUp(counter.frames());
      continue;
    }
    const ssize_t size = read(host.stream(), bytes.data(), bytes.size());
    if (size <= 0) return;
    const auto piece = std::span(bytes).first(static_cast<std::size_t>(size));
    counter.Add(piece);
    output.Write(piece);
    last_progress = Clock::now();
  }
}

}  // namespace

void CaptureInVm(const Options& options) {
  tools::Replay replay(options.in, 1);
  Output output(options.write);
  tools::GuestTask task;
  task.arguments = {"--write=" + std::string(tools::kStreamPort),
                    "--port=" + std::to_string(options.port),
                    "--snaplen=" + std::to_string(options.snap_length)};
  if (options.count > 0) task.arguments.push_back("--count=" + std::to_string(options.count));
  task.has_wires = true;
  bool interrupted = false;
  task.work = [&](tools::Host& host) {
    FeedAndWrite(options, host, replay, output);
    interrupted = host.interrupted();
  };
  tools::RunInGuest(options.common, "capture", task);
  output.Check();
  if (!interrupted && !replay.error().empty()) throw std::runtime_error(replay.error());
}

}  // namespace ixylab::capture
