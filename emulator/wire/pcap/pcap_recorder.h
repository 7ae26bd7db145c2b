// A capture file on one end of a wire: records every frame that arrives.
#ifndef EMULATOR_WIRE_PCAP_PCAP_RECORDER_H_
#define EMULATOR_WIRE_PCAP_PCAP_RECORDER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "emulator/wire/pcap/pcap_error.h"
#include "emulator/wire/wire.h"

struct pcap;         // libpcap's pcap_t
struct pcap_dumper;  // libpcap's pcap_dumper_t

namespace ixylab::emulator {

/// Writes a pcap file with nanosecond timestamps. One thread may watch ok() and the counts while
/// another one brings frames.
class PcapRecorder final : public Endpoint {
 public:
  /// Time of a frame's arrival, since 1970. Under a virtual clock the same run gives the same file.
  using Clock = std::function<std::chrono::nanoseconds()>;

  /// What tcpdump takes by default: longer than any frame.
  static constexpr std::uint32_t kMaxSnapLength = 262'144;

  /// Creates or overwrites the file at `path`; "-" is standard output. Of each frame, `snap_length`
  /// bytes are recorded, at most kMaxSnapLength. Throws PcapError.
  PcapRecorder(std::string path, Clock clock, std::uint32_t snap_length = kMaxSnapLength);
  /// Closes the file, but can tell nobody about an error: call Close().
  ~PcapRecorder() override;

  /// Plugs itself into `end` of `wire` and switches its signal on. The wire must outlive it.
  void Plug(Wire& wire, unsigned end);

  /// Does not throw: after an error nothing more is recorded, and Close() reports it.
  void OnFrame(const Frame& frame) override;
  /// False once a write has failed.
  bool ok() const { return error_ == 0; }
  /// Why it failed, as errno, such as EPIPE; 0 if none has.
  int error() const { return error_; }
  /// Hands what is buffered to who reads the file.
  void Flush();
  /// Writes what is buffered and ends the file. Throws PcapError if not every frame is in it.
  void Close();

  /// Frames handed to the file; all of them are in it when Close() returns.
  std::uint64_t recorded() const { return recorded_; }
  std::uint64_t recorded_bytes() const { return recorded_bytes_; }

 private:
  struct Closer {
    void operator()(pcap* format) const;
    void operator()(pcap_dumper* file) const;
  };

  std::string path_;
  Clock clock_;
  std::uint32_t snap_length_;
  std::unique_ptr<pcap, Closer> format_;
  std::unique_ptr<pcap_dumper, Closer> file_;
  std::atomic<int> error_ = 0;  // errno of the first write that failed
  std::atomic<std::uint64_t> recorded_ = 0;
  std::atomic<std::uint64_t> recorded_bytes_ = 0;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_WIRE_PCAP_PCAP_RECORDER_H_
