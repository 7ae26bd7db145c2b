// The forwarder of the ixy paper (section 5): what one port receives the other one sends.
//
//   forward 0000:03:00.0 0000:03:00.1     (as root; Ctrl-C ends it)
#include <signal.h>

#include <cstdio>

#include "driver/ixgbe/ixgbe.h"
#include "driver/pci/pci.h"

namespace ixylab {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

std::unique_ptr<Device> OpenPort(const std::string& address, DmaSpace& memory, MemoryPool& pool) {
  std::unique_ptr<Bus> bus = OpenSysfsBus(address, memory);
  std::unique_ptr<Device> port = ixgbe::Open(*bus, {.pools = {&pool}});
  port->Keep(std::move(bus));
  return port;
}

// One batch. What the other port has no room for, or does not send for its length, is dropped.
void Forward(Device& from, Device& to) {
  std::array<PacketBuffer*, 32> batch;
  const auto received = std::span(batch).first(from.Receive(0, batch));
  std::size_t sent = 0;
  try {
    sent = to.Transmit(0, received);
  } catch (const FrameError& error) {
    sent = error.accepted;
  }
  MemoryPool::Free(received.subspan(sent));
}

void Run(const std::string& first, const std::string& second) {
  // Blocked, so that they come where the program asks for them, and the ports are given back.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);

  HugepageMemory memory;
  MemoryPool pool(memory, 4096);
  const auto a = OpenPort(first, memory, pool), b = OpenPort(second, memory, pool);
  if (!a->WaitForLink(10s)) throw DeviceError(first + ": no link within 10 s");
  if (!b->WaitForLink(10s)) throw DeviceError(second + ": no link within 10 s");

  auto start = steady_clock::now();
  for (constexpr timespec kNoTime{}; sigtimedwait(&signals, nullptr, &kNoTime) < 0;) {
    for (int i = 0; i < 1000; ++i) {
      Forward(*a, *b);
      Forward(*b, *a);
    }
    const std::chrono::duration<double, std::micro> elapsed = steady_clock::now() - start;
    if (elapsed < 1s) continue;
    start = steady_clock::now();
    for (Device* port : {a.get(), b.get()}) {
      const Statistics total = port->ReadStatistics();
      port->ResetStatistics();
      std::printf("%.2f Mpps in, %.2f Mpps out; ", total.received_packets / elapsed.count(),
                  total.transmitted_packets / elapsed.count());
    }
    std::puts("");
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace ixylab

int main(int argc, char** argv) try {
  if (argc != 3) throw ixylab::DeviceError("two PCI addresses are needed");
  ixylab::Run(argv[1], argv[2]);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "forward: %s\n", error.what());
  return 1;
}
