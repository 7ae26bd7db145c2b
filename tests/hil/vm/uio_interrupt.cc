// In a guest: the interrupt of an 82599 through uio_pci_generic. A line for each step: its name,
// and whether an interrupt came.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <thread>

#include "driver/pci/pci.h"
#include "driver/pci/uio.h"

namespace ixylab {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// Intel 82599 datasheet, 8.2.3.5; the cause is the TCP timer, which nobody starts.
constexpr std::uint32_t kEicr = 0x0800, kEics = 0x0808, kEims = 0x0880, kEimc = 0x0888;
constexpr std::uint32_t kCause = 1u << 30;

constexpr Nanoseconds kNone = 200ms;  // what has not come by then does not come
constexpr Nanoseconds kDeadline = 20s;

void Step(Bus& bus, const char* name, Nanoseconds timeout) {
  std::printf("%s: %s\n", name, bus.WaitForInterrupt(0, timeout) ? "interrupt" : "none");
  std::fflush(stdout);
}

/// Reads the cause, which clears it. QEMU takes each access to a BAR for the end of an interrupt
/// and has the level told again (its hw/vfio/region.c: "we don't know which access will service the
/// interrupt"), and nothing takes back what was told of a level that has fallen since.
std::uint32_t TakeCause(Bus& bus) {
  const std::uint32_t cause = bus.Read32(kEicr);
  bus.WaitForInterrupt(0, kNone);
  return cause;
}

void Run(const char* address) {
  HugepageMemory memory;
  const std::unique_ptr<Bus> bus = OpenUioBus(address, memory);
  bus->Write32(kEimc, 0x7FFF'FFFF);
  bus->Read32(kEicr);
  Step(*bus, "at first", kNone);
  bus->Write32(kEics, kCause);
  Step(*bus, "masked", kNone);
  bus->Write32(kEims, kCause);
  Step(*bus, "unmasked", kDeadline);
  Step(*bus, "the cause is still there", kDeadline);
  std::printf("cause: %08x\n", TakeCause(*bus));
  Step(*bus, "cleared", kNone);
  std::thread device([&] {
    std::this_thread::sleep_for(100ms);
    bus->Write32(kEics, kCause);
  });
  Step(*bus, "while it waits", kDeadline);
  device.join();
  bus->Write32(kEimc, 0x7FFF'FFFF);
  TakeCause(*bus);
  Step(*bus, "in the end", kNone);
}

}  // namespace
}  // namespace ixylab

int main(int argc, char** argv) {
  try {
    if (argc == 2) return ixylab::Run(argv[1]), 0;
  } catch (const ixylab::DeviceError& error) {
    std::printf("%s\n", error.what());
  }
  return 1;
}
