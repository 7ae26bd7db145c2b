#include "emulator/dma.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace ixylab::emulator {
namespace {

/// Two windows of 4 KiB side by side at 1 MiB, with unlike memory behind them, and one alone.
class TwoWindows final : public Host {
 public:
  DmaWindow Map(unsigned, std::uint64_t iova) override {
    ++lookups;
    if (!mapped) return {};
    for (std::uint64_t window = 0; window < memory_.size(); ++window) {
      const std::uint64_t base = kBase + window * kSize;
      if (iova - base < kSize) return {base, kSize, memory_[window].data(), writable};
    }
    return {};
  }
  const std::atomic<std::uint64_t>& map_epoch() const override { return epoch; }
  void ReportFault(const DmaFault& fault) override { faults.push_back(fault); }
  bool traces_dma() const override { return tracing; }
  void TraceDma(unsigned, bool write, std::uint64_t iova,
                std::span<const std::byte> data) override {
    traced.push_back({write, iova, data.size()});
  }
  void RaiseVector(unsigned, unsigned) override {}
  void SetIntx(unsigned, bool) override {}
  Nanoseconds Now() override { return {}; }
  void Schedule(Nanoseconds, std::function<void()>) override {}
  void Log(unsigned, std::string) override {}

  static constexpr std::uint64_t kBase = 1 << 20, kSize = 4096;
  struct Access {
    bool write;
    std::uint64_t iova, size;
    friend bool operator==(const Access&, const Access&) = default;
  };
  std::atomic<std::uint64_t> epoch = 0;
  bool mapped = true, writable = true, tracing = false;
  unsigned lookups = 0;
  std::vector<DmaFault> faults;
  std::vector<Access> traced;

 private:
  std::array<std::array<std::byte, kSize>, 2> memory_{};
};

constexpr std::uint64_t kBase = TwoWindows::kBase, kSize = TwoWindows::kSize;

TEST(Dma, FindsWhatIsInOneWindow) {
  TwoWindows host;
  Dma dma(host, 0);
  std::byte* const start = dma.Find(kBase, kSize);
  ASSERT_NE(start, nullptr);
  EXPECT_EQ(dma.Find(kBase + 100, kSize - 100), start + 100);
  EXPECT_EQ(dma.Find(kBase + 100, kSize - 99), nullptr);
  EXPECT_EQ(dma.Find(kBase - 1, 1), nullptr);
  EXPECT_EQ(dma.Find(kBase + 2 * kSize, 1), nullptr);
  EXPECT_EQ(dma.Find(kBase, ~std::uint64_t{0}), nullptr);
}

TEST(Dma, RemembersAWindowUntilTheEpochMoves) {
  TwoWindows host;
  Dma dma(host, 0);
  dma.Find(kBase, 1);
  const unsigned before = host.lookups;
  for (int i = 0; i < 100; ++i) EXPECT_NE(dma.Find(kBase + i, 8), nullptr);
  EXPECT_EQ(host.lookups, before);
  host.mapped = false;
  ++host.epoch;
  EXPECT_EQ(dma.Find(kBase, 1), nullptr);
}

TEST(Dma, OnlyReadsWhatIsReadOnly) {
  TwoWindows host;
  Dma dma(host, 0);
  std::array<std::byte, 8> bytes{std::byte{0x11}};
  ASSERT_TRUE(dma.Write(kBase, bytes));
  host.writable = false;
  ++host.epoch;
  EXPECT_EQ(dma.Find(kBase, 8), nullptr) << "whoever gets a pointer may write";
  EXPECT_FALSE(dma.Write(kBase, std::array<std::byte, 8>{}));
  bytes = {};
  EXPECT_TRUE(dma.Read(kBase, bytes));
  EXPECT_EQ(bytes[0], std::byte{0x11});
}

TEST(Dma, CopiesAcrossWindowsOrNotAtAll) {
  TwoWindows host;
  Dma dma(host, 0);
  std::vector<std::byte> out(100), in(100);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::byte(i + 1);
  ASSERT_TRUE(dma.Write(kBase + kSize - 50, out));
  ASSERT_TRUE(dma.Read(kBase + kSize - 50, in));
  EXPECT_EQ(in, out);
  EXPECT_EQ(*dma.Find(kBase + kSize, 1), std::byte{51});
  EXPECT_FALSE(dma.Write(kBase + 2 * kSize - 50, out));
  EXPECT_EQ(*dma.Find(kBase + 2 * kSize - 50, 1), std::byte{0});
  EXPECT_FALSE(dma.Read(~std::uint64_t{0} - 10, in)) << "over the end of all addresses";
  EXPECT_TRUE(host.faults.empty()) << "the caller knows what to report";
}

TEST(Dma, ReportsFaultsAndTraces) {
  TwoWindows host;
  Dma dma(host, 3);
  dma.Fault(Dma::Access::kWrite, 5, 6, "what");
  ASSERT_EQ(host.faults.size(), 1u);
  EXPECT_EQ(host.faults[0].port, 3u);
  EXPECT_TRUE(host.faults[0].write);
  EXPECT_EQ(host.faults[0].what, "what");

  host.tracing = true;
  ++host.epoch;
  std::array<std::byte, 16> data{};
  dma.Epoch();
  EXPECT_TRUE(dma.tracing());
  dma.Read(kBase, data);
  dma.Write(kBase + kSize - 8, data);
  EXPECT_EQ(host.traced,
            (std::vector<TwoWindows::Access>{{false, kBase, 16}, {true, kBase + kSize - 8, 16}}));
}

}  // namespace
}  // namespace ixylab::emulator
