#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <cerrno>

#include "tests/emulator/host/vfio_user/client.h"

namespace ixylab::emulator {
namespace {

constexpr std::uint64_t kPage = 4096, kIova = std::uint64_t{5} << 32;

class DmaMap : public testing::Test {
 protected:
  bool Write(std::uint64_t iova, std::uint64_t value) {
    return dma_.Write(iova, std::as_bytes(std::span(&value, 1)));
  }
  std::optional<std::uint64_t> Read(std::uint64_t iova) {
    std::uint64_t value = 0;
    if (!dma_.Read(iova, std::as_writable_bytes(std::span(&value, 1)))) return std::nullopt;
    return value;
  }

  Rig rig_;
  Client client_ = rig_.Negotiated();
  Memory memory_{4 * kPage};
  Dma dma_{rig_.host, 0};
};

TEST_F(DmaMap, IsTheMemoryOfTheClient) {
  EXPECT_FALSE(Write(kIova, 1));
  ASSERT_EQ(client_.Map(kIova, 2 * kPage, memory_.fd(), kPage), 0);
  EXPECT_TRUE(Write(kIova + 8, 0x1122334455667788));
  EXPECT_EQ(Unpack<std::uint64_t>(memory_.bytes(), kPage + 8), 0x1122334455667788u);
  memory_.bytes()[3 * kPage - 8] = std::byte{0x99};
  EXPECT_EQ(Read(kIova + 2 * kPage - 8), 0x99u);
  EXPECT_FALSE(Write(kIova + 2 * kPage - 4, 1)) << "across the end";
  EXPECT_FALSE(Read(kIova - 1).has_value());
}

TEST_F(DmaMap, AnUnmapCountsAtOnce) {
  ASSERT_EQ(client_.Map(kIova, 4 * kPage, memory_.fd()), 0);
  ASSERT_NE(dma_.Find(kIova, 4 * kPage), nullptr);
  ASSERT_EQ(client_.Unmap(kIova, 4 * kPage), 0);
  EXPECT_EQ(dma_.Find(kIova, 1), nullptr) << "though it was remembered";
  EXPECT_FALSE(Write(kIova, 1));
  EXPECT_EQ(client_.Unmap(kIova, 4 * kPage), 0) << "nothing there any more";
  EXPECT_EQ(client_.Map(kIova, kPage, memory_.fd()), 0);
}

TEST_F(DmaMap, PartOfARunCanBeUnmapped) {
  ASSERT_EQ(client_.Map(kIova, 4 * kPage, memory_.fd()), 0);
  ASSERT_EQ(client_.Unmap(kIova + kPage, kPage), 0);
  EXPECT_TRUE(Write(kIova, 0x11));
  EXPECT_FALSE(Write(kIova + kPage, 0x22));
  EXPECT_TRUE(Write(kIova + 2 * kPage, 0x33));
  EXPECT_EQ(memory_.bytes()[0], std::byte{0x11});
  EXPECT_EQ(memory_.bytes()[kPage], std::byte{0});
  EXPECT_EQ(memory_.bytes()[2 * kPage], std::byte{0x33});
  ASSERT_EQ(client_.Unmap(0, ~std::uint64_t{0}), 0) << "more than there is";
  EXPECT_FALSE(Write(kIova, 1));
  EXPECT_FALSE(Write(kIova + 2 * kPage, 1));
}

TEST_F(DmaMap, AllOfItCanBeUnmapped) {
  ASSERT_EQ(client_.Map(0, kPage, memory_.fd()), 0);
  ASSERT_EQ(client_.Map(kIova, kPage, memory_.fd()), 0);
  EXPECT_EQ(client_.Unmap(0, 0, 1), ENOTSUP) << "a bitmap of dirty pages";
  EXPECT_TRUE(Write(0, 1));
  EXPECT_EQ(client_.Unmap(0, 0, 2), 0);
  EXPECT_FALSE(Write(0, 1));
  EXPECT_FALSE(Write(kIova, 1));
}

TEST_F(DmaMap, RunsDoNotOverlap) {
  ASSERT_EQ(client_.Map(kIova, 2 * kPage, memory_.fd()), 0);
  EXPECT_EQ(client_.Map(kIova, 2 * kPage, memory_.fd()), EEXIST);
  EXPECT_EQ(client_.Map(kIova + kPage, 2 * kPage, memory_.fd()), EEXIST);
  EXPECT_EQ(client_.Map(kIova - kPage, 2 * kPage, memory_.fd()), EEXIST);
  EXPECT_EQ(client_.Map(kIova - kPage, 4 * kPage, memory_.fd()), EEXIST);
  EXPECT_EQ(client_.Map(kIova + 2 * kPage, kPage, memory_.fd()), 0);
  EXPECT_EQ(client_.Map(kIova - kPage, kPage, memory_.fd()), 0);
}

TEST_F(DmaMap, WithoutADescriptorThereIsNoAccess) {
  ASSERT_EQ(client_.Map(kIova, kPage, -1), 0);
  EXPECT_FALSE(Read(kIova).has_value());
  EXPECT_EQ(client_.Map(kIova, kPage, memory_.fd()), EEXIST) << "it is there all the same";
  EXPECT_EQ(client_.Unmap(kIova, kPage), 0);
}

TEST_F(DmaMap, ReadOnlyIsReadOnly) {
  memory_.bytes()[0] = std::byte{0x42};
  ASSERT_EQ(client_.Map(kIova, kPage, memory_.fd(), 0, kReadable), 0);
  EXPECT_EQ(Read(kIova), 0x42u);
  EXPECT_FALSE(Write(kIova, 0));
  EXPECT_EQ(dma_.Find(kIova, 1), nullptr);
  EXPECT_EQ(memory_.bytes()[0], std::byte{0x42});
}

TEST_F(DmaMap, WhatIsNotInTheFileIsRefused) {
  EXPECT_EQ(client_.Map(kIova, 5 * kPage, memory_.fd()), EINVAL);
  EXPECT_EQ(client_.Map(kIova, kPage, memory_.fd(), 4 * kPage), EINVAL);
  EXPECT_EQ(client_.Map(kIova, kPage, memory_.fd(), ~std::uint64_t{0} - kPage + 1), EINVAL);
  EXPECT_EQ(client_.Map(kIova, std::uint64_t{1} << 62, memory_.fd()), EINVAL);
  const FileDescriptor event(eventfd(0, EFD_CLOEXEC));
  EXPECT_EQ(client_.Map(kIova, kPage, event.get()), EINVAL) << "no file that has bytes";
  EXPECT_EQ(client_.Map(kIova, 0, memory_.fd()), EINVAL);
  EXPECT_EQ(client_.Map(kIova + 8, kPage, memory_.fd()), EINVAL);
  EXPECT_EQ(client_.Map(kIova, 100, memory_.fd()), EINVAL);
  EXPECT_EQ(client_.Map(kIova, kPage, memory_.fd(), 100), EINVAL);
  EXPECT_EQ(client_.Map(~std::uint64_t{0} - kPage + 1, 2 * kPage, memory_.fd()), EINVAL);
  EXPECT_FALSE(Read(kIova).has_value());
  EXPECT_EQ(client_.Map(~std::uint64_t{0} - kPage + 1, kPage, memory_.fd()), 0) << "the last page";
  EXPECT_TRUE(Read(~std::uint64_t{0} - 7).has_value());
}

TEST_F(DmaMap, DescriptorsStayWithTheirMessages) {
  // As QEMU sends them: without waiting, some with a descriptor and some without.
  std::vector<std::unique_ptr<Memory>> memories;
  constexpr std::uint64_t kMaps = 20;
  for (std::uint64_t i = 0; i < kMaps; ++i) {
    memories.push_back(std::make_unique<Memory>(kPage));
    memories.back()->bytes()[0] = static_cast<std::byte>(i);
    const int fd = memories.back()->fd();
    client_.Send(kDmaMap,
                 Pack(std::uint32_t{32}, kReadable | kWritable, std::uint64_t{0}, i * kPage, kPage),
                 i % 3 == 0 ? std::span<const int>() : std::span<const int>(&fd, 1));
  }
  for (std::uint64_t i = 0; i < kMaps; ++i) EXPECT_TRUE(client_.Receive()->ok());
  for (std::uint64_t i = 0; i < kMaps; ++i) {
    EXPECT_EQ(Read(i * kPage), i % 3 == 0 ? std::nullopt : std::optional(i)) << i;
  }
}

TEST_F(DmaMap, ADescriptorMayComeWithTheHeaderAlone) {
  const int fd = memory_.fd();
  const Bytes header = Pack(std::uint16_t{1}, kDmaMap, std::uint32_t{48}, std::uint64_t{0});
  const Bytes payload =
      Pack(std::uint32_t{32}, kReadable | kWritable, std::uint64_t{0}, kIova, kPage);
  client_.SendBytes(header, std::span(&fd, 1));
  client_.SendBytes(payload);
  client_.Send(kReset);
  EXPECT_TRUE(client_.Receive()->ok());
  EXPECT_TRUE(client_.Receive()->ok());
  EXPECT_TRUE(Write(kIova, 1));
}

TEST_F(DmaMap, OfOnePortIsNotTheOthers) {
  Rig rig(2);
  Client first = rig.Negotiated(0);
  Client second = rig.Negotiated(1);
  ASSERT_EQ(first.Map(kIova, kPage, memory_.fd()), 0);
  EXPECT_NE(Dma(rig.host, 0).Find(kIova, 1), nullptr);
  EXPECT_EQ(Dma(rig.host, 1).Find(kIova, 1), nullptr);
  EXPECT_EQ(Dma(rig.host, 2).Find(kIova, 1), nullptr);
}

TEST_F(DmaMap, FaultsGoToTheHook) {
  dma_.Fault(Dma::Access::kWrite, kIova, 64, "RX queue 0 descriptor 3: buffer");
  ASSERT_EQ(rig_.faults.size(), 1u);
  EXPECT_EQ(rig_.faults[0].what, "RX queue 0 descriptor 3: buffer");
}

}  // namespace
}  // namespace ixylab::emulator
