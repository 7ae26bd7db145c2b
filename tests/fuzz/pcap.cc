// Any file as the capture that a wire plays.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "emulator/host/file_descriptor.h"
#include "emulator/wire/pcap/pcap_player.h"
#include "emulator/wire/wire.h"
#include "tests/fuzz/input.h"

namespace ixylab::fuzz {
namespace {

constexpr std::size_t kLongest = 1514;

/// Adds up what arrives.
class Listener final : public emulator::Endpoint {
 public:
  void OnFrame(const emulator::Frame& frame) override {
    Require(
        frame.bytes.size() >= emulator::PcapPlayer::kMinFrameSize && frame.bytes.size() <= kLongest,
        "a frame is neither too short nor too long");
    ++frames;
    for (const std::byte byte : frame.bytes) sum = sum * 31 + std::to_integer<std::uint64_t>(byte);
  }
  std::uint64_t frames = 0, sum = 0;
  friend bool operator==(const Listener& a, const Listener& b) {
    return a.frames == b.frames && a.sum == b.sum;
  }
};

/// Until the file's end, or where it is damaged.
Listener Play(emulator::PcapPlayer& player, emulator::Wire& wire) {
  Listener listener;
  wire.Attach(1, &listener);
  try {
    while (player.SendNext()) {
    }
  } catch (const emulator::PcapError&) {
    ++listener.sum;
  }
  wire.Attach(1, nullptr);
  return listener;
}

}  // namespace
}  // namespace ixylab::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ixylab::fuzz;
  static const ixylab::emulator::FileDescriptor file(memfd_create("capture", MFD_CLOEXEC));
  static const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  Require(ftruncate(file.get(), 0) == 0 &&
              pwrite(file.get(), data, size, 0) == static_cast<ssize_t>(size),
          "the file can be written");
  ixylab::emulator::Wire wire;
  try {
    ixylab::emulator::PcapPlayer player(path, kLongest);
    player.Plug(wire, 0);
    const Listener first = Play(player, wire);
    Require(player.sent() == first.frames, "what was sent was counted");
    // A record has a header of 16 bytes at least.
    Require(player.sent() + player.skipped().total() <= size / 16, "no more frames than fit");
    player.Rewind();
    Require(Play(player, wire) == first, "the same again after a rewind");
  } catch (const ixylab::emulator::PcapError& error) {
    Require(std::string_view(error.what()).starts_with("cannot read "), "an error says what it is");
  }
  return 0;
}
