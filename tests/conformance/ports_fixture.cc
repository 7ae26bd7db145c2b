#include "tests/conformance/ports_fixture.h"

#include <algorithm>
#include <ostream>
#include <stdexcept>

#include "tests/conformance/chains.h"
#include "tests/conformance/opener.h"

namespace ixylab {

void PrintTo(const Statistics& s, std::ostream* out) {
  *out << "received " << s.received_packets << " (" << s.received_bytes << " B), transmitted "
       << s.transmitted_packets << " (" << s.transmitted_bytes << " B), missed " << s.missed_packets
       << ", errors " << s.receive_errors;
}

}  // namespace ixylab

namespace ixylab::conformance {

PortsTest::PortsTest()
    : target_(hil::OpenTarget(CurrentSession().target, CurrentSession().seed,
                              CurrentSession().control)),
      random_(CurrentSession().seed) {
  CurrentSession().open = target_.get();
  if (CurrentSession().trace) target_->SetTrace(CurrentSession().trace);
}

PortsTest::~PortsTest() { CurrentSession().open = nullptr; }

void PortsTest::TearDown() {
  // What a failed test left under way must not fail the next one.
  for (unsigned number : {0u, 1u}) {
    if (HasFailure() && ports_[number].device) MemoryPool::Free(CollectRest(number));
  }
  for (Port& port : ports_) port.device.reset();
  for (unsigned number : {0u, 1u}) {
    for (const auto& pool : ports_[number].pools) {
      EXPECT_EQ(pool->available(), pool->size()) << "buffers of port " << number << " are lost";
    }
  }
  if (can().reports_faults) {
    EXPECT_EQ(target().dma_faults(), std::vector<std::string>());
  }
}

std::uint32_t PortsTest::RandomLength() {
  return std::uniform_int_distribution<std::uint32_t>(kShortestFrame, kLongestFrame)(random_);
}

void PortsTest::Open(unsigned number, const PortOptions& options) {
  Port& port = ports_[number];
  port.device.reset();
  port.pools.clear();
  options_[number] = options;
  const std::size_t buffers =
      options.buffers != 0 ? options.buffers
                           : options.receive_descriptors + options.transmit_descriptors + 1024;
  for (std::size_t queue = 0; queue < options.queues; ++queue) {
    port.pools.push_back(std::make_unique<MemoryPool>(target().dma(), buffers));
  }
  Reopen(number);
}

void PortsTest::Reopen(unsigned number) {
  Port& port = ports_[number];
  port.device.reset();
  const PortOptions& options = options_[number];
  DeviceConfig config = Config();
  config.receive_descriptors = options.receive_descriptors;
  config.transmit_descriptors = options.transmit_descriptors;
  config.promiscuous = options.promiscuous;
  config.checksum_offload = options.checksum_offload;
  config.vlan_offload = options.vlan_offload;
  config.max_frame_size = options.max_frame_size;
  config.receive_wait = options.receive_wait;
  config.interrupt_interval = options.interrupt_interval;
  for (const auto& pool : port.pools) config.pools.push_back(pool.get());
  port.device = OpenDevice(options.bus != nullptr ? *options.bus : target().bus(number), config);
}

void PortsTest::OpenBoth(const PortOptions& options) {
  Open(0, options);
  Open(1, options);
  WaitForLinks();
}

void PortsTest::WaitForLinks() {
  for (Port& port : ports_) ASSERT_TRUE(port->WaitForLink(kDeadline)) << "no link";
}

Stream PortsTest::StreamFrom(unsigned from) {
  return Stream(CurrentSession().seed + from, port(1 - from)->mac_address(),
                port(from)->mac_address(), can().pads_short_frames);
}

PacketBuffer* PortsTest::Make(unsigned number, const Stream& stream, std::uint64_t frame,
                              std::uint32_t length, std::size_t queue) {
  PacketBuffer* buffer = port(number).pool(queue).Allocate();
  if (buffer == nullptr) throw std::logic_error("a test has used up its pool");
  stream.Fill(*buffer, frame, length);
  return buffer;
}

PacketBuffer* PortsTest::MakeFrame(unsigned number, std::span<const std::byte> bytes,
                                   std::size_t queue) {
  PacketBuffer* buffer = port(number).pool(queue).Allocate();
  if (buffer == nullptr) throw std::logic_error("a test has used up its pool");
  std::ranges::copy(bytes, buffer->data());
  buffer->size = static_cast<std::uint32_t>(bytes.size());
  return buffer;
}

std::size_t PortsTest::Offer(unsigned number, std::span<PacketBuffer* const> frames) {
  std::size_t sent = 0;
  const auto some_go = [&] {
    const std::size_t n = port(number)->Transmit(0, frames.subspan(sent));
    sent += n;
    return n > 0;
  };
  while (sent < frames.size() && target().Until(some_go, can().quiet)) {
  }
  return sent;
}

void PortsTest::SendAll(unsigned number, std::span<PacketBuffer* const> frames,
                        std::uint16_t queue) {
  std::size_t sent = 0;
  const bool all = target().Until(
      [&] {
        sent += port(number)->Transmit(queue, frames.subspan(sent));
        return sent == frames.size();
      },
      kDeadline);
  if (!all) MemoryPool::Free(frames.subspan(sent));
  ASSERT_TRUE(all) << "port " << number << " took " << sent << " of " << frames.size() << " frames";
}

std::vector<PacketBuffer*> PortsTest::Collect(unsigned number, std::size_t count,
                                              std::uint16_t queue) {
  std::vector<PacketBuffer*> frames(count);
  std::size_t received = 0;
  target().Until(
      [&] {
        received += port(number)->Receive(queue, std::span(frames).subspan(received));
        return received == count;
      },
      kDeadline);
  frames.resize(received);
  return frames;
}

std::vector<PacketBuffer*> PortsTest::CollectRest(unsigned number) {
  std::vector<PacketBuffer*> frames;
  std::array<PacketBuffer*, 64> batch;
  const auto some = [&] {
    const std::size_t n = port(number)->Receive(0, batch);
    frames.insert(frames.end(), batch.begin(), batch.begin() + n);
    return n > 0;
  };
  while (target().Until(some, can().quiet)) {
  }
  return frames;
}

void PortsTest::WaitUntilSent(unsigned number, std::uint64_t packets) {
  ASSERT_TRUE(target().Until(
      [&] { return port(number)->ReadStatistics().transmitted_packets >= packets; }, kDeadline))
      << "port " << number << " has sent " << port(number)->ReadStatistics().transmitted_packets
      << " of " << packets << " frames";
}

void PortsTest::ExpectQuiet(unsigned number) {
  PacketBuffer* frame = nullptr;
  if (!target().Until([&] { return port(number)->Receive(0, {&frame, 1}) > 0; }, kMoment)) return;
  ADD_FAILURE() << "port " << number << " received a frame, number " << Stream::NumberOf(*frame)
                << " of " << frame->size << " bytes";
  MemoryPool::Free(frame);
}

void PortsTest::Send(unsigned from, const Exchange& exchange) {
  const unsigned to = 1 - from;
  const Stream stream = StreamFrom(from);
  const std::uint64_t window =
      std::min<std::uint64_t>(exchange.window, RingSize(options_[to].receive_descriptors) / 2);
  std::uint64_t number = 0;
  while (number < exchange.count) {
    const std::uint64_t first = number;
    const std::uint64_t last = std::min(first + window, exchange.count);
    while (number < last) {
      std::vector<PacketBuffer*> batch(std::min<std::uint64_t>(exchange.batch, last - number));
      for (PacketBuffer*& buffer : batch) {
        buffer = Make(from, stream, number, exchange.length(number));
        ++number;
      }
      ASSERT_NO_FATAL_FAILURE(SendAll(from, batch));
    }
    const std::vector<PacketBuffer*> frames = Collect(to, last - first);
    testing::AssertionResult good = testing::AssertionSuccess();
    for (std::size_t i = 0; i < frames.size() && good; ++i) {
      good = stream.Matches(*frames[i], first + i, exchange.length(first + i));
    }
    MemoryPool::Free(frames);
    ASSERT_TRUE(good) << "from port " << from;
    ASSERT_EQ(frames.size(), last - first)
        << "frames from port " << from << " that arrived after number " << first << "; port "
        << from << ": " << testing::PrintToString(port(from)->ReadStatistics()) << "; port " << to
        << ": " << testing::PrintToString(port(to)->ReadStatistics());
  }
}

void PortsTest::SendChains(unsigned from, std::span<PacketBuffer* const> frames) {
  std::vector<Bytes> expected;
  for (const PacketBuffer* frame : frames) {
    Bytes& bytes = expected.emplace_back(ChainBytes(*frame));
    if (can().pads_short_frames) bytes.resize(std::max<std::size_t>(bytes.size(), kShortestFrame));
  }
  ASSERT_NO_FATAL_FAILURE(SendAll(from, frames));
  const std::vector<PacketBuffer*> received = Collect(1 - from, frames.size());
  for (std::size_t i = 0; i < received.size(); ++i) {
    const Bytes bytes = ChainBytes(*received[i]);
    ASSERT_EQ(bytes.size(), expected[i].size()) << "frame " << i << " from port " << from;
    EXPECT_TRUE(bytes == expected[i])
        << "frame " << i << " of " << bytes.size() << " bytes from port " << from
        << " differs at byte " << std::ranges::mismatch(bytes, expected[i]).in1 - bytes.begin();
  }
  FreeChains(received);
  ASSERT_EQ(received.size(), frames.size()) << "frames from port " << from << " that arrived";
}

void PortsTest::ExpectTraffic(std::uint64_t count) {
  std::vector<std::uint32_t> lengths(count);
  for (std::uint32_t& length : lengths) length = RandomLength();
  for (unsigned from : {0u, 1u}) {
    ASSERT_NO_FATAL_FAILURE(
        Send(from, {.count = count, .window = 32, .length = [&](std::uint64_t number) {
                      return lengths[number];
                    }}));
  }
}

void PortsTest::ExpectStatistics(unsigned number, const Statistics& expected) {
  Statistics seen;
  target().Until(
      [&] {
        seen = port(number)->ReadStatistics();
        return seen == expected;
      },
      can().virtual_time ? Nanoseconds(100ms) : kDeadline);
  EXPECT_EQ(seen, expected) << "port " << number;
}

}  // namespace ixylab::conformance
