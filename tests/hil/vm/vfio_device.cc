// In a guest: an 82599 through vfio-pci, its messages (MSI-X) and its IOMMU; or an 82540, which has
// INTx alone. A line for each step.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <thread>

#include "driver/pci/pci.h"
#include "driver/pci/vfio.h"

namespace ixylab {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// Intel 82599 datasheet, 8.2.3.5 (interrupts) and 8.2.3.9 (transmit).
constexpr std::uint32_t kEicr = 0x0800, kEics = 0x0808, kEiac = 0x0810, kEims = 0x0880,
                        kEimc = 0x0888, kGpie = 0x0898, kIvar0 = 0x0900, kDmaTxCtl = 0x4A80,
                        kTdbal = 0x6000, kTdbah = 0x6004, kTdlen = 0x6008, kTdt = 0x6018,
                        kTxdctl = 0x6028;
constexpr std::uint32_t kMultipleMsix = 1u << 4, kPbaSupport = 1u << 31;
constexpr std::uint32_t kTransmitEnable = 1, kQueueEnable = 1u << 25;
constexpr std::uint32_t kCause1 = 1u << 1, kCause2 = 1u << 2;

// Intel 8254x software developer's manual, 13.4.17 to 13.4.21.
constexpr PciId k82540{0x8086, 0x100E};
constexpr std::uint32_t kIcr = 0xC0, kIcs = 0xC8, kIms = 0xD0, kImc = 0xD8;
constexpr std::uint32_t kLinkChange = 1u << 2;

constexpr Nanoseconds kNone = 100ms;  // what has not come by then does not come
constexpr Nanoseconds kDeadline = 20s;
constexpr std::size_t kRounds = 500;

void Say(const char* name, bool came) {
  std::printf("%s: %s\n", name, came ? "interrupt" : "none");
  std::fflush(stdout);
}

void Enable(Bus& bus, std::uint32_t vectors) {
  constexpr const char* kNames[] = {"none", "a level", "messages"};
  std::printf("interrupts: %s\n", kNames[static_cast<int>(bus.EnableInterrupts(vectors))]);
}

void Level(Bus& bus) {
  Enable(bus, 3);
  bus.Write32(kImc, 0xFFFF'FFFF);
  bus.Read32(kIcr);
  Say("at first", bus.WaitForInterrupt(0, kNone));
  bus.Write32(kIms, kLinkChange);
  bus.Write32(kIcs, kLinkChange);
  Say("unmasked", bus.WaitForInterrupt(0, kDeadline));
  Say("the cause is still there", bus.WaitForInterrupt(0, kDeadline));
  bus.Read32(kIcr);  // clears, but the one before may have come twice
  bus.WaitForInterrupt(0, 0ms);
  Say("cleared", bus.WaitForInterrupt(0, kNone));
  std::thread device([&] {
    std::this_thread::sleep_for(50ms);
    bus.Write32(kIcs, kLinkChange);
  });
  Say("while it waits", bus.WaitForInterrupt(0, kDeadline));
  device.join();
  bus.Write32(kImc, 0xFFFF'FFFF);
}

void Messages(Bus& bus) {
  Enable(bus, 3);
  bus.Write32(kEimc, 0x7FFF'FFFF);
  bus.Read32(kEicr);
  bus.Write32(kGpie, kMultipleMsix | kPbaSupport);
  bus.Write32(kIvar0, 0x0082'0081);  // receive queues 0 and 1: vectors 1 and 2
  bus.Write32(kEiac, kCause1 | kCause2);
  Say("at first", bus.WaitForInterrupt(1, 0ms));
  bus.Write32(kEics, kCause1);
  Say("masked", bus.WaitForInterrupt(1, kNone));
  bus.Write32(kEims, kCause1 | kCause2);
  Say("unmasked", bus.WaitForInterrupt(1, kDeadline));
  Say("again", bus.WaitForInterrupt(1, kNone));
  Say("another vector", bus.WaitForInterrupt(2, 0ms));

  std::array<bool, 3> came = {};
  std::array<std::thread, 2> waiters;
  for (const std::uint32_t vector : {1u, 2u}) {
    waiters[vector - 1] =
        std::thread([&, vector] { came[vector] = bus.WaitForInterrupt(vector, kDeadline); });
  }
  std::this_thread::sleep_for(50ms);
  bus.Write32(kEics, kCause1 | kCause2);
  for (std::thread& waiter : waiters) waiter.join();
  Say("two threads wait", came[1] && came[2]);

  std::array<double, kRounds> microseconds;
  for (double& latency : microseconds) {
    const Nanoseconds start = bus.Now();
    bus.Write32(kEics, kCause1);
    if (!bus.WaitForInterrupt(1, kDeadline)) return Say("one of many", false);
    latency = std::chrono::duration<double, std::micro>(bus.Now() - start).count();
  }
  std::ranges::sort(microseconds);
  std::printf("figure: EICS to eventfd, us: best %.0f, median %.0f, 99 %% %.0f\n", microseconds[0],
              microseconds[kRounds / 2], microseconds[kRounds * 99 / 100]);
  bus.Write32(kEimc, 0x7FFF'FFFF);
}

/// The device fetches descriptors from memory that it has no more.
void Fault(Bus& bus, VfioMemory& space) {
  std::uint64_t iova = 0;
  {
    const DmaMemory memory = space.Allocate(4096);
    iova = memory.iova(0);
    const bool same = HugepageMemory().PhysicalAddress(memory.bytes().data()) == iova;
    std::printf("device address: 0x%llx, %s\n", static_cast<unsigned long long>(iova),
                same ? "the physical one" : "not the physical one");
    bus.Write32(kTdbal, static_cast<std::uint32_t>(iova));
    bus.Write32(kTdbah, static_cast<std::uint32_t>(iova >> 32));
    bus.Write32(kTdlen, 4096);
    bus.Write32(kDmaTxCtl, kTransmitEnable);
    bus.Write32(kTxdctl, kQueueEnable);
    bus.Read32(kTxdctl);
  }
  bus.Write32(kTdt, 1);
  bus.Read32(kTdt);
}

void Run(const char* address) {
  VfioMemory memory;
  const std::unique_ptr<Bus> bus = OpenVfioBus(address, memory);
  std::printf("id: %04x:%04x\n", bus->id().vendor, bus->id().device);
  std::printf("BAR 0: %s\n", bus->MapRegister(0, kEicr) != nullptr ? "mapped" : "not mapped");
  if (bus->id() == k82540) return Level(*bus);
  Messages(*bus);
  Fault(*bus, memory);
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
