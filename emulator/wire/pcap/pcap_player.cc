#include "emulator/wire/pcap/pcap_player.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace ixylab::emulator {

void PcapPlayer::Closer::operator()(pcap* file) const { pcap_close(file); }

PcapPlayer::PcapPlayer(std::string path, std::size_t max_frame_size)
    : path_(std::move(path)), max_frame_size_(max_frame_size) {
  OpenFile();
}

PcapPlayer::~PcapPlayer() = default;

void PcapPlayer::Plug(Wire& wire, unsigned end) {
  wire_ = &wire;
  end_ = end;
  wire.Attach(end, this);
  wire.SetSignal(end, true);
}

bool PcapPlayer::SendNext() {
  const std::optional<std::span<const std::byte>> frame = NextFrame();
  if (!frame) return false;
  std::array<std::byte, kMinFrameSize> padded{};
  if (frame->size() < kMinFrameSize) {
    std::ranges::copy(*frame, padded.begin());
    wire_->Send(end_, {.bytes = padded});
  } else {
    wire_->Send(end_, {.bytes = *frame});
  }
  ++sent_;
  return true;
}

std::size_t PcapPlayer::SendUpTo(std::size_t n) {
  std::size_t sent = 0;
  while (sent < n && SendNext()) ++sent;
  return sent;
}

void PcapPlayer::Rewind() { OpenFile(); }

void PcapPlayer::OpenFile() {
  constexpr std::string_view kHint = "give a pcap or pcapng file of Ethernet frames";
  file_.reset();
  record_ = 0;
  std::FILE* stream = std::fopen(path_.c_str(), "rbe");
  if (stream == nullptr) Fail(std::strerror(errno), kHint);

  std::array<char, PCAP_ERRBUF_SIZE> error{};
  file_.reset(pcap_fopen_offline(stream, error.data()));
  if (file_ == nullptr) {
    std::fclose(stream);
    Fail(error.data(), kHint);
  }
  if (const int link_type = pcap_datalink(file_.get()); link_type != DLT_EN10MB) {
    const char* name = pcap_datalink_val_to_name(link_type);
    Fail("its frames are not Ethernet but " +
             (name != nullptr ? std::string(name) : "of link type " + std::to_string(link_type)),
         "capture on one Ethernet interface (tcpdump -i eth0), not on \"any\"");
  }
}

std::optional<std::span<const std::byte>> PcapPlayer::NextFrame() {
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  int result = 0;
  while ((result = pcap_next_ex(file_.get(), &header, &data)) == 1) {
    ++record_;
    if (header->caplen < header->len) {
      ++skipped_.cut_off;
    } else if (header->caplen > header->len || header->len == 0) {
      ++skipped_.damaged;
    } else if (header->len > max_frame_size_) {
      ++skipped_.too_long;
    } else {
      return std::as_bytes(std::span(data, header->len));
    }
  }
  if (result != PCAP_ERROR_BREAK) {
    Fail("packet " + std::to_string(record_ + 1) + ": " + pcap_geterr(file_.get()),
         "the file is damaged: capture again, or replay only what tcpdump can read of it");
  }
  return std::nullopt;
}

void PcapPlayer::Fail(std::string_view what, std::string_view hint) const {
  throw PcapError(std::string("cannot read ")
                      .append(path_)
                      .append(": ")
                      .append(what)
                      .append("; ")
                      .append(hint));
}

}  // namespace ixylab::emulator
