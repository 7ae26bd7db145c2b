// The forwarder of the ixy paper between two capture files: what comes in at port 0 leaves at
// port 1.
#ifndef TOOLS_FWD_FORWARDER_H_
#define TOOLS_FWD_FORWARDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "driver/device.h"
#include "driver/memory_pool.h"
#include "emulator/wire/pcap/pcap_player.h"
#include "emulator/wire/pcap/pcap_recorder.h"
#include "hil/target/model_target.h"

namespace ixylab::fwd {

struct Options {
  std::string in;   // capture that is replayed at port 0
  std::string out;  // capture of what leaves port 1
  std::string target = "model:82599";
  std::size_t batch = 32;        // packets a call, 1..kMaxBatch
  std::uint64_t loop = 1;        // replays of `in`, 1 or more
  std::uint64_t seed = 1;        // of the device addresses
  hil::Target::TraceSink trace;  // gets each register access, if not null
};
inline constexpr std::size_t kMaxBatch = 256;

struct Totals {
  std::uint64_t in = 0;                   // frames sent to port 0
  std::uint64_t forwarded = 0;            // received from port 0 and queued at port 1
  std::uint64_t out = 0;                  // frames that left port 1
  std::uint64_t out_bytes = 0;            // without FCS
  std::uint64_t missed = 0;               // dropped by port 0 for want of a descriptor
  std::uint64_t errors = 0;               // dropped by port 0 as bad
  emulator::PcapPlayer::Skipped skipped;  // in the capture, but not sent
};

class Forwarder {
 public:
  /// Opens the files and the ports. Overwrites the output file once the options and the input are
  /// known to be good. Throws TargetError, PcapError, DeviceError.
  explicit Forwarder(const Options& options);

  /// Forwards until all of the input has come out; once `stopped` is true, until what is under way
  /// has come out. Calls `watch` after each batch. Throws DeviceError.
  void Run(const std::function<bool()>& stopped, const std::function<void()>& watch);

  Totals ReadTotals();

  /// Ends the output file. Throws PcapError if it is not whole.
  void Close() { recorder_.Close(); }
  /// Where Run found the input damaged: why. What stood before that has been forwarded.
  const std::string& input_error() const { return input_error_; }

 private:
  std::unique_ptr<Device> OpenPort(unsigned port);
  void Feed();
  std::size_t ForwardBatch();
  std::uint64_t UnderWay() const;

  // In the order of their lives: the files hang on the target's wires, the buffers are in its
  // memory, the ports use them.
  const Options options_;
  hil::ModelOptions model_;
  emulator::PcapPlayer player_;
  emulator::PcapRecorder recorder_;
  std::unique_ptr<hil::ModelTarget> target_;
  std::unique_ptr<MemoryPool> pool_;
  std::unique_ptr<Device> port0_;
  std::unique_ptr<Device> port1_;

  std::vector<PacketBuffer*> batch_;
  std::uint64_t replays_ = 0;
  bool input_ended_ = false;
  std::string input_error_;
  std::uint64_t forwarded_ = 0;
  std::uint64_t lost_ = 0;  // given up waiting for
};

}  // namespace ixylab::fwd

#endif  // TOOLS_FWD_FORWARDER_H_
