#include "tests/emulator/82599/rig.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

namespace ixylab::emulator::intel82599 {

TestRing::TestRing(InProcessHost& host, std::uint32_t descriptors)
    : host_(host),
      mapping_(host.Allocate(InProcessHost::kPageSize + descriptors * kBufferSize)),
      size_(descriptors) {}

void TestRing::Free() {
  if (mapped_) host_.Release(mapping_);
  mapped_ = false;
}

// Descriptors in the first page, buffers from the second one on.
std::uint64_t TestRing::buffer_iova(std::uint32_t index) const {
  const std::size_t offset = index * kBufferSize;
  return mapping_.pages[1 + offset / InProcessHost::kPageSize] + offset % InProcessHost::kPageSize;
}

std::span<std::byte> TestRing::buffer(std::uint32_t index) const {
  return mapping_.bytes.subspan(InProcessHost::kPageSize + index * kBufferSize, kBufferSize);
}

std::uint64_t& TestRing::word(std::uint32_t index, unsigned which) const {
  return *reinterpret_cast<std::uint64_t*>(mapping_.bytes.data() + 16 * index + 8 * which);
}

Bytes MakeFrame(std::size_t size, std::string_view destination, std::uint16_t type) {
  Bytes frame(std::max<std::size_t>(size, 14));
  for (std::size_t i = 0; i < 6; ++i) {
    frame[i] = std::byte(std::stoi(std::string(destination.substr(3 * i, 2)), nullptr, 16));
    frame[6 + i] = std::byte(0x10 + i);
  }
  frame[12] = std::byte(type >> 8);
  frame[13] = std::byte(type);
  for (std::size_t i = 14; i < frame.size(); ++i) frame[i] = std::byte(i * 7 + size);
  frame.resize(size);
  return frame;
}

Rig::Rig(const InProcessHost::Options& options, const ChipConfig& config)
    : host(options), chip(config, host) {
  for (unsigned port = 0; port < config.ports; ++port) host.Plug(chip.function(port));
  wire.Attach(1, &partner);
  wire.SetSignal(1, true);
  chip.Connect(0, wire, 0);
}

Rig::~Rig() { host.Stop(); }

bool Rig::Until(const std::function<bool()>& condition, Nanoseconds deadline) {
  const Nanoseconds end = host.Now() + deadline;
  while (!condition()) {
    if (host.Now() >= end) return false;
    host.Sleep(microseconds(10));
  }
  return true;
}

void Rig::EnableMsix() {
  host.Write(0, NicFunction::kConfigSpace, 0x72, 2, 0x8000);
  for (std::uint32_t vector = 0; vector < 64; ++vector) host.Write(0, 4, 16 * vector + 12, 4, 0);
}

void Rig::Reset() {
  Write(kEimc, 0x7FFFFFFF);
  Write(kCtrl, 1u << 26);
  host.Sleep(milliseconds(10));
  ASSERT_EQ(Read(kCtrl) & 1u << 26, 0u);
  ASSERT_NE(Read(kEec) & 1u << 9, 0u);
  ASSERT_NE(Read(kRdrxctl) & 1u << 3, 0u);
}

bool Rig::WaitForLink() {
  return Until([this] { return (Read(kLinks) & kLinkUp) != 0; });
}

void Rig::StartReceiver() {
  Set(kRdrxctl, 1u << 1);  // CRCSTRIP, as HLREG0 has it after reset
  Set(kFctrl, 1u << 10);   // BAM
  Write(kRxctrl, 1);
}

void Rig::StartRx(const TestRing& ring, std::uint32_t tail, std::uint32_t queue,
                  std::uint32_t srrctl) {
  const std::uint32_t at = queue * 0x40;
  for (std::uint32_t i = 0; i < ring.size(); ++i) {
    ring.word(i, 0) = ring.buffer_iova(i);
    ring.word(i, 1) = 0;
  }
  Write(kRdbal + at, static_cast<std::uint32_t>(ring.iova()));
  Write(kRdbah + at, static_cast<std::uint32_t>(ring.iova() >> 32));
  Write(kRdlen + at, ring.size() * 16);
  Write(kRdh + at, 0);
  Write(kSrrctl + at, srrctl);
  Write(kRxdctl + at, kEnable);
  ASSERT_TRUE(Until([&] { return (Read(kRxdctl + at) & kEnable) != 0; }));
  Write(kRdt + at, tail);
}

void Rig::StartTx(const TestRing& ring, std::uint32_t queue) {
  const std::uint32_t at = queue * 0x40;
  Write(kTdbal + at, static_cast<std::uint32_t>(ring.iova()));
  Write(kTdbah + at, static_cast<std::uint32_t>(ring.iova() >> 32));
  Write(kTdlen + at, ring.size() * 16);
  Write(kTdh + at, 0);
  Write(kTdt + at, 0);
  Set(kDmatxctl, 1);
  Write(kTxdctl + at, kEnable);
  ASSERT_TRUE(Until([&] { return (Read(kTxdctl + at) & kEnable) != 0; }));
}

void Rig::PutTx(const TestRing& ring, std::uint32_t index, std::span<const std::byte> frame,
                std::uint64_t command) {
  std::ranges::copy(frame, ring.buffer(index).begin());
  ring.word(index, 0) = ring.buffer_iova(index);
  ring.word(index, 1) = command | frame.size() | std::uint64_t{frame.size()} << 46;
}

void Rig::Send(std::span<const std::byte> frame, std::optional<std::uint32_t> fcs) {
  host.Inject([&] { wire.Send(1, {.bytes = frame, .fcs = fcs}); });
}

}  // namespace ixylab::emulator::intel82599
