// A capture file on one end of a wire: sends the frames of the file, in their order, whenever its
// owner asks it to.
#ifndef EMULATOR_WIRE_PCAP_PCAP_PLAYER_H_
#define EMULATOR_WIRE_PCAP_PCAP_PLAYER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "emulator/wire/pcap/pcap_error.h"
#include "emulator/wire/wire.h"

struct pcap;  // libpcap's pcap_t

namespace ixylab::emulator {

/// Reads what libpcap reads: pcap and pcapng, of either byte order. Trusts nothing in the file.
class PcapPlayer final : public Endpoint {
 public:
  /// Shorter frames are sent with zeros up to this length, as any sender's MAC does: a capture made
  /// on the sending machine has them without (IEEE 802.3 clause 3.2.8).
  static constexpr std::size_t kMinFrameSize = 60;

  /// Frames of the file that were not sent, by reason.
  struct Skipped {
    std::uint64_t cut_off = 0;   // the file has fewer bytes than the frame had (a snap length)
    std::uint64_t too_long = 0;  // longer than max_frame_size
    std::uint64_t damaged = 0;   // no bytes at all, or more bytes than the frame had
    std::uint64_t total() const { return cut_off + too_long + damaged; }
    friend bool operator==(const Skipped&, const Skipped&) = default;
  };

  /// Opens the capture at `path`. `max_frame_size` is the longest frame, in bytes without FCS, that
  /// the port at the other end takes. Throws PcapError: no such file, not a capture, not Ethernet.
  explicit PcapPlayer(std::string path, std::size_t max_frame_size = 1514);
  ~PcapPlayer() override;

  /// Plugs itself into `end` of `wire` and switches its signal on. The wire must outlive it.
  void Plug(Wire& wire, unsigned end);

  /// Sends the next frame that can be sent; false at the end of the file. Throws PcapError where
  /// the file is damaged: what stood before that has been sent. Plug() comes first.
  bool SendNext();
  /// Sends up to `n` frames and returns how many; fewer only at the end of the file.
  std::size_t SendUpTo(std::size_t n);
  /// Starts over with the file's first frame. Throws PcapError, as for a pipe.
  void Rewind();

  std::uint64_t sent() const { return sent_; }
  const Skipped& skipped() const { return skipped_; }

  /// A capture file listens to nobody.
  void OnFrame(const Frame&) override {}

 private:
  struct Closer {
    void operator()(pcap* file) const;
  };
  void OpenFile();
  std::optional<std::span<const std::byte>> NextFrame();
  [[noreturn]] void Fail(std::string_view what, std::string_view hint) const;

  std::string path_;
  std::size_t max_frame_size_;
  std::unique_ptr<pcap, Closer> file_;
  std::uint64_t record_ = 0;  // packets read of the file so far
  Wire* wire_ = nullptr;
  unsigned end_ = 0;
  std::uint64_t sent_ = 0;
  Skipped skipped_;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_WIRE_PCAP_PCAP_PLAYER_H_
