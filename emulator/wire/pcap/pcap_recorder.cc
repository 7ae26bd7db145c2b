#include "emulator/wire/pcap/pcap_recorder.h"

#include <pcap/pcap.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace ixylab::emulator {
namespace {

[[noreturn]] void Fail(const std::string& path, int error) {
  throw PcapError("cannot write " + path + ": " + std::strerror(error) +
                  (error == ENOSPC ? "; make room or give another place"
                                   : "; give a file in a folder that you may write to"));
}

/// The same for a program that reads standard output as for a file.
std::FILE* OpenStream(const std::string& path) {
  return path == "-" ? fdopen(dup(STDOUT_FILENO), "wb") : std::fopen(path.c_str(), "wbe");
}

}  // namespace

void PcapRecorder::Closer::operator()(pcap* format) const { pcap_close(format); }
void PcapRecorder::Closer::operator()(pcap_dumper* file) const { pcap_dump_close(file); }

PcapRecorder::PcapRecorder(std::string path, Clock clock, std::uint32_t snap_length)
    : path_(std::move(path)),
      clock_(std::move(clock)),
      snap_length_(snap_length),
      format_(pcap_open_dead_with_tstamp_precision(DLT_EN10MB, static_cast<int>(snap_length),
                                                   PCAP_TSTAMP_PRECISION_NANO)) {
  if (format_ == nullptr) Fail(path_, ENOMEM);
  std::FILE* stream = OpenStream(path_);
  if (stream == nullptr) Fail(path_, errno);
  file_.reset(pcap_dump_fopen(format_.get(), stream));
  if (file_ == nullptr)
    throw PcapError("cannot write " + path_ + ": " + pcap_geterr(format_.get()));
}

PcapRecorder::~PcapRecorder() = default;

void PcapRecorder::Plug(Wire& wire, unsigned end) {
  wire.Attach(end, this);
  wire.SetSignal(end, true);
}

void PcapRecorder::OnFrame(const Frame& frame) {
  if (file_ == nullptr || !ok()) return;
  const auto now = clock_();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto size = static_cast<bpf_u_int32>(frame.bytes.size());
  const pcap_pkthdr header{.ts = {.tv_sec = static_cast<time_t>(seconds.count()),
                                  .tv_usec = static_cast<suseconds_t>((now - seconds).count())},
                           .caplen = std::min(size, snap_length_),
                           .len = size};
  // pcap_dump returns nothing; the stream remembers whether a write failed.
  pcap_dump(reinterpret_cast<u_char*>(file_.get()), &header,
            reinterpret_cast<const u_char*>(frame.bytes.data()));
  if (std::ferror(pcap_dump_file(file_.get())) != 0) {
    error_ = errno;
    return;
  }
  ++recorded_;
  recorded_bytes_ += size;
}

void PcapRecorder::Flush() {
  if (file_ != nullptr && pcap_dump_flush(file_.get()) != 0 && ok()) error_ = errno;
}

void PcapRecorder::Close() {
  if (file_ == nullptr) return;
  Flush();
  file_.reset();
  if (!ok()) Fail(path_, error_);
}

}  // namespace ixylab::emulator
