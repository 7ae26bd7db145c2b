#include "emulator/wire/pcap/pcap_recorder.h"

#include <pcap/pcap.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace ixylab::emulator {
namespace {

// What tcpdump writes there too: longer than any frame.
constexpr int kSnapLength = 262'144;

[[noreturn]] void Fail(const std::string& path, int error) {
  throw PcapError("cannot write " + path + ": " + std::strerror(error) +
                  (error == ENOSPC ? "; make room or give another place"
                                   : "; give a file in a folder that you may write to"));
}

}  // namespace

void PcapRecorder::Closer::operator()(pcap* format) const { pcap_close(format); }
void PcapRecorder::Closer::operator()(pcap_dumper* file) const { pcap_dump_close(file); }

PcapRecorder::PcapRecorder(std::string path, Clock clock)
    : path_(std::move(path)),
      clock_(std::move(clock)),
      format_(pcap_open_dead_with_tstamp_precision(DLT_EN10MB, kSnapLength,
                                                   PCAP_TSTAMP_PRECISION_NANO)) {
  if (format_ == nullptr) Fail(path_, ENOMEM);
  std::FILE* stream = std::fopen(path_.c_str(), "wbe");
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
                           .caplen = size,
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

void PcapRecorder::Close() {
  if (file_ == nullptr) return;
  if (pcap_dump_flush(file_.get()) != 0 && ok()) error_ = errno;
  file_.reset();
  if (!ok()) Fail(path_, error_);
}

}  // namespace ixylab::emulator
