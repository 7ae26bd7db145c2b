// What the process says: its log on stderr, and the trace of what its clients do.
#ifndef EMULATOR_NIC_JOURNAL_H_
#define EMULATOR_NIC_JOURNAL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/card.h"
#include "emulator/host.h"
#include "emulator/host/file_descriptor.h"
#include "emulator/host/vfio_user/vfio_user_host.h"
#include "emulator/nic/line_sink.h"

namespace ixylab::emulator::nic {

class Journal {
 public:
  /// `trace_file` empty: the trace is on stderr, with the log. Throws SocketError if the file
  /// cannot be written.
  Journal(bool trace, const std::string& trace_file);

  bool traces() const { return traces_; }
  /// A line of the log. The trace shows it too, with its place among the accesses.
  void Log(Nanoseconds now, std::string_view line);
  /// As Log, but at most some a second: a guest could do so without end.
  void LogSeldom(Nanoseconds now, std::string_view line);
  /// Only in the trace.
  void Trace(Nanoseconds now, unsigned port, std::string_view line);
  void Trace(const Card& card, const RegisterAccess& access);

  bool pending() const { return !log_.empty() || (file_sink_ && !file_sink_->empty()); }
  void Flush();
  /// Waits for who reads, for a second at most.
  void End();
  /// Lines that nobody read.
  std::uint64_t dropped() const;

 private:
  /// What the log line is in the trace, if that has a file of its own.
  LineSink& trace_sink() { return file_sink_ ? *file_sink_ : log_; }

  const bool traces_;
  FileDescriptor file_;
  LineSink log_;
  std::optional<LineSink> file_sink_;
  // LogSeldom: of the current second.
  Nanoseconds second_began_{0};
  unsigned in_second_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace ixylab::emulator::nic

#endif  // EMULATOR_NIC_JOURNAL_H_
