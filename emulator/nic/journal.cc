#include "emulator/nic/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "emulator/sockets/address.h"

namespace ixylab::emulator::nic {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kSeldom = 10;  // a second

/// "    1.234567 ms  port 0  ": as the other programs' traces.
std::string Head(Nanoseconds now, unsigned port) {
  std::array<char, 64> head;
  std::snprintf(head.data(), head.size(), "%12.6f ms  port %u  ",
                static_cast<double>(now.count()) / 1e6, port);
  return head.data();
}

FileDescriptor OpenTrace(const std::string& path) {
  if (path.empty()) return {};
  // Without O_NONBLOCK, a FIFO that nobody reads would hold the start up.
  FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666));
  if (!file) FailWithErrno("write the trace to " + path);
  return file;
}

}  // namespace

Journal::Journal(bool trace, const std::string& trace_file)
    : traces_(trace), file_(OpenTrace(trace_file)), log_(STDERR_FILENO) {
  if (file_) file_sink_.emplace(file_.get());
}

void Journal::Log(Nanoseconds now, std::string_view line) {
  log_.Add(std::string("nic: ").append(line));
  if (!traces_ || !file_sink_) return;
  std::array<char, 32> time;
  std::snprintf(time.data(), time.size(), "%12.6f ms  ", static_cast<double>(now.count()) / 1e6);
  file_sink_->Add(std::string(time.data()).append(line));
}

void Journal::LogSeldom(Nanoseconds now, std::string_view line) {
  if (now - second_began_ >= 1s) {
    if (left_out_ != 0) Log(now, "... " + std::to_string(left_out_) + " more like that");
    second_began_ = now;
    in_second_ = 0;
    left_out_ = 0;
  }
  if (++in_second_ <= kSeldom) {
    Log(now, line);
  } else {
    ++left_out_;
  }
}

void Journal::Trace(Nanoseconds now, unsigned port, std::string_view line) {
  if (traces_) trace_sink().Add(Head(now, port).append(line));
}

void Journal::Trace(const Card& card, const RegisterAccess& access) {
  trace_sink().Add(
      Head(access.time, access.port)
          .append(access.write ? "W  " : "R  ")
          .append(card.Describe(access.region, access.offset, access.bytes, access.value)));
}

void Journal::Flush() {
  log_.Flush();
  if (file_sink_) file_sink_->Flush();
}

void Journal::End() {
  log_.End(1s);
  if (file_sink_) file_sink_->End(1s);
}

std::uint64_t Journal::dropped() const {
  return log_.dropped() + (file_sink_ ? file_sink_->dropped() : 0);
}

}  // namespace ixylab::emulator::nic
