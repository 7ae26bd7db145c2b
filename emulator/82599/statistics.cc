// Statistics registers (datasheet 8.2.3.23): cleared by reading, and they "stick at 0xFF...F when
// the maximum value is reached" (X550 datasheet 8.2.2.17).
#include "emulator/82599/statistics.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint64_t kLargest32 = 0xFFFF'FFFF, kLargest36 = 0xF'FFFF'FFFF;

constexpr RegisterInfo kGprc = Row("GPRC"), kPrc64 = Row("PRC64"), kPtc64 = Row("PTC64"),
                       kQprc = Row("QPRC"), kQbrcL = Row("QBRC_L"), kQprdc = Row("QPRDC"),
                       kQptc = Row("QPTC"), kQbtcL = Row("QBTC_L"), kRxmpc = Row("RXMPC");

template <typename T>
T Sum(const std::array<T, 6>& values) {
  return std::accumulate(values.begin(), values.end(), T{0});
}

}  // namespace

/// Since the port was made, for its card.
std::vector<NamedCounter> Port::counters() const {
  const Statistics all = Combine(lifetime_, statistics_, std::plus());
  const auto total = [](const auto& queues, std::uint64_t QueueCounters::*member) {
    std::uint64_t sum = 0;
    for (const QueueCounters& queue : queues) sum += queue.*member;
    return sum;
  };
  const std::uint64_t bad =
      all.crc_errors + all.undersize + all.fragments + all.oversize + all.jabbers;
  return {{"sent", total(all.sent_by_queue, &QueueCounters::packets)},
          {"sent bytes", total(all.sent_by_queue, &QueueCounters::octets)},
          {"received", total(all.received_by_queue, &QueueCounters::packets)},
          {"received bytes", total(all.received_by_queue, &QueueCounters::octets)},
          {"bad", bad},
          {"filtered", all.total_packets - bad - Sum(all.received.by_size)},
          {"receiver off", all.receiver_off},
          {"missed", all.missed},
          {"dropped", std::reduce(all.dropped_by_queue.begin(), all.dropped_by_queue.end())}};
}

/// Before a read of `offset`: moves into the registers what was counted since the last time. An
/// upper half whose lower half was read just before is left as it was then: the two are one
/// reading.
void Port::FoldStatistics(std::uint32_t offset) {
  const RegisterInfo* row = Registers().Find(offset);
  if (row == nullptr || row->section != kGprc.section) return;

  const Statistics before = statistics_;
  const auto add = [this](std::uint32_t to, std::uint64_t count) {
    if (count != 0) registers_.Poke(to, std::min(registers_.Peek(to) + count, kLargest32));
  };
  const auto move = [&](std::uint32_t to, std::uint64_t& count) {
    add(to, count);
    count = 0;
  };
  const auto move_pair = [&](std::uint32_t low, std::uint64_t& count) {
    const std::uint32_t high = low + 4;
    if (count == 0 || (offset == high && last_read_ == low)) return;
    const std::uint64_t old = registers_.Peek(low) | std::uint64_t{registers_.Peek(high)} << 32;
    const std::uint64_t sum = std::min(old + count, kLargest36);
    registers_.Poke(low, static_cast<std::uint32_t>(sum));
    registers_.Poke(high, static_cast<std::uint32_t>(sum >> 32));
    count = 0;
  };

  Statistics& counted = statistics_;
  move(Row("TPR").offset, counted.total_packets);
  move_pair(Row("TORL").offset, counted.total_octets);
  move(Row("CRCERRS").offset, counted.crc_errors);
  move(Row("RUC").offset, counted.undersize);
  move(Row("RFC").offset, counted.fragments);
  move(Row("ROC").offset, counted.oversize);
  move(Row("RJC").offset, counted.jabbers);
  move(Row("MLFC").offset, counted.local_faults);
  move(Row("XEC").offset, counted.checksum_errors);
  move(kRxmpc.At(0), counted.missed);
  move(Row("LXONRXCNT").offset, counted.xons_received);
  move(Row("LXOFFRXCNT").offset, counted.xoffs_received);
  move(Row("LXONTXC").offset, counted.xons_sent);
  move(Row("LXOFFTXC").offset, counted.xoffs_sent);

  FrameCounters& received = counted.received;
  add(kGprc.offset, Sum(received.by_size));
  move_pair(Row("GORCL").offset, received.octets);
  move(Row("MPRC").offset, received.multicast);
  move(Row("BPRC").offset, received.broadcast);
  FrameCounters& sent = counted.sent;
  add(Row("GPTC").offset, Sum(sent.by_size));
  add(Row("TPT").offset, Sum(sent.by_size));
  move(Row("TPT").offset, counted.sent_short);
  move_pair(Row("GOTCL").offset, sent.octets);
  move(Row("MPTC").offset, sent.multicast);
  move(Row("BPTC").offset, sent.broadcast);
  for (std::uint32_t size = 0; size < received.by_size.size(); ++size) {
    // Six registers in a row, by size.
    move(kPrc64.offset + 4 * size, received.by_size[size]);
    move(kPtc64.offset + 4 * size, sent.by_size[size]);
  }

  for (std::uint32_t set = 0; set < counted.dropped_by_queue.size(); ++set) {
    move(kQprc.At(set), counted.received_by_queue[set].packets);
    move_pair(kQbrcL.At(set), counted.received_by_queue[set].octets);
    move(kQprdc.At(set), counted.dropped_by_queue[set]);
    move(kQptc.At(set), counted.sent_by_queue[set].packets);
    move_pair(kQbtcL.At(set), counted.sent_by_queue[set].octets);
  }
  // What has left.
  lifetime_ = Combine(lifetime_, Combine(before, statistics_, std::minus()), std::plus());
}

/// For RQSMR and TQSM, which map four queues each.
void Port::WroteQueueCounters(std::uint32_t index, std::uint32_t) {
  for (std::uint32_t queue = 4 * index; queue < 4 * index + 4; ++queue) {
    UpdateRxQueue(queue);
    UpdateTxQueue(queue);
  }
}

}  // namespace ixylab::emulator::intel82599
