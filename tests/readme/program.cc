#include <cstdio>

#include "driver/open.h"
#include "hil/target/target.h"

int main() {
  const auto target = ixylab::hil::OpenTarget("model:82599", /*seed=*/1);  // two cabled ports
  ixylab::MemoryPool pool(target->dma(), 2048);
  const auto a = ixylab::Open(target->bus(0), {.pools = {&pool}});
  const auto b = ixylab::Open(target->bus(1), {.pools = {&pool}});
  if (!a->WaitForLink(std::chrono::seconds(10))) return 1;

  ixylab::PacketBuffer* packets[32];
  const std::size_t allocated = pool.Allocate(packets);
  for (ixylab::PacketBuffer* packet : packets) packet->size = 60;  // fill packet->frame() here
  const std::size_t sent = a->Transmit(0, {packets, allocated});   // the rest is still ours
  const std::size_t received = b->Receive(0, packets);             // these are ours now
  ixylab::MemoryPool::Free({packets, received});
  std::printf("sent %zu, received %zu, missed %zu\n", sent, received,
              std::size_t{b->ReadStatistics().missed_packets});
  return sent == 32 && received == 32 ? 0 : 1;
}
