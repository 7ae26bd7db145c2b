#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "tests/emulator/host/vfio_user/client.h"

namespace ixylab::emulator {
namespace {

class Interrupts : public testing::Test {
 protected:
  int SetEvents(std::uint32_t index, std::uint32_t start, std::uint32_t count) {
    std::vector<int> fds;
    for (std::uint32_t i = 0; i < count; ++i) fds.push_back(events_[start + i].get());
    return client_.SetIrqs(index, kEventfd | kTrigger, start, count, fds);
  }
  int Remove(std::uint32_t index, std::uint32_t start, std::uint32_t count) {
    return client_.SetIrqs(index, kEventfd | kTrigger, start, count);
  }
  ScriptedFunction& function() { return *rig_.functions[0]; }
  bool Masked(unsigned vector) { return function().TableWord(vector, 3) == 1; }

  Rig rig_;
  Client client_ = rig_.Negotiated();
  std::array<FileDescriptor, 4> events_ = {MakeEventfd(EFD_NONBLOCK), MakeEventfd(EFD_NONBLOCK),
                                           MakeEventfd(EFD_NONBLOCK), MakeEventfd(EFD_NONBLOCK)};
};

TEST_F(Interrupts, MsixByEventfd) {
  rig_.host.RaiseVector(0, 1);
  ASSERT_EQ(SetEvents(kMsix, 0, 4), 0);
  rig_.host.RaiseVector(0, 1);
  rig_.host.RaiseVector(0, 1);
  rig_.host.RaiseVector(0, 3);
  rig_.host.RaiseVector(0, 4);
  rig_.host.RaiseVector(0, ~0u);
  rig_.host.RaiseVector(7, 0);
  EXPECT_EQ(TakeEvents(events_[0]), 0u);
  EXPECT_EQ(TakeEvents(events_[1]), 2u);
  EXPECT_EQ(TakeEvents(events_[2]), 0u);
  EXPECT_EQ(TakeEvents(events_[3]), 1u);
}

TEST_F(Interrupts, AnEventfdUnmasksItsVectorInTheFunctionsTable) {
  ASSERT_EQ(SetEvents(kMsix, 1, 2), 0);
  EXPECT_TRUE(Masked(0));
  EXPECT_FALSE(Masked(1));
  EXPECT_FALSE(Masked(2));
  EXPECT_TRUE(Masked(3));
  EXPECT_NE(function().TableWord(1, 0), 0u) << "an address";
  EXPECT_EQ(function().TableWord(2, 2), 2u) << "data";
  ASSERT_EQ(Remove(kMsix, 1, 1), 0);
  EXPECT_TRUE(Masked(1));
  EXPECT_FALSE(Masked(2));
  rig_.host.RaiseVector(0, 1);
  EXPECT_EQ(TakeEvents(events_[1]), 0u);
  ASSERT_EQ(client_.SetIrqs(kMsix, kNone | kTrigger, 0, 0), 0) << "all of them";
  EXPECT_TRUE(Masked(2));
}

TEST_F(Interrupts, AResetLeavesEventfdsAsTheyWere) {
  ASSERT_EQ(SetEvents(kMsix, 0, 1), 0);
  ASSERT_TRUE(client_.Call(kReset).ok());
  EXPECT_FALSE(Masked(0));
  EXPECT_TRUE(Masked(1));
  // The function may have reset itself, because the configuration space told it to.
  function().ResetFunction();
  ASSERT_TRUE(Masked(0));
  client_.WriteRegister(kConfig, 0xA8, 0x8000, 2);
  EXPECT_FALSE(Masked(0));
  EXPECT_TRUE(Masked(1));
}

TEST_F(Interrupts, MsiByEventfd) {
  ASSERT_EQ(SetEvents(kMsi, 0, 4), 0);
  rig_.host.RaiseVector(0, 0);
  EXPECT_EQ(TakeEvents(events_[0]), 1u);
  EXPECT_TRUE(Masked(0)) << "MSI-X is another matter";
  ASSERT_EQ(client_.SetIrqs(kMsi, kNone | kTrigger, 0, 0), 0);
  rig_.host.RaiseVector(0, 0);
  EXPECT_EQ(TakeEvents(events_[0]), 0u);
}

TEST_F(Interrupts, IntxMasksItselfUntilUnmasked) {
  ASSERT_EQ(SetEvents(kIntx, 0, 1), 0);
  EXPECT_EQ(TakeEvents(events_[0]), 0u);
  rig_.host.SetIntx(0, true);
  EXPECT_EQ(TakeEvents(events_[0]), 1u);
  rig_.host.SetIntx(0, true);
  rig_.host.SetIntx(0, false);
  rig_.host.SetIntx(0, true);
  EXPECT_EQ(TakeEvents(events_[0]), 0u) << "masked";
  ASSERT_EQ(client_.SetIrqs(kIntx, kNone | kUnmask, 0, 1), 0);
  EXPECT_EQ(TakeEvents(events_[0]), 1u) << "still asserted";
  rig_.host.SetIntx(0, false);
  ASSERT_EQ(client_.SetIrqs(kIntx, kNone | kUnmask, 0, 1), 0);
  EXPECT_EQ(TakeEvents(events_[0]), 0u);
  rig_.host.SetIntx(0, true);
  EXPECT_EQ(TakeEvents(events_[0]), 1u);
}

TEST_F(Interrupts, IntxCanBeMasked) {
  ASSERT_EQ(SetEvents(kIntx, 0, 1), 0);
  ASSERT_EQ(client_.SetIrqs(kIntx, kBool | kMask, 0, 1, {}, Bytes{std::byte{1}}), 0);
  rig_.host.SetIntx(0, true);
  EXPECT_EQ(TakeEvents(events_[0]), 0u);
  ASSERT_EQ(client_.SetIrqs(kIntx, kBool | kUnmask, 0, 1, {}, Bytes{std::byte{0}}), 0);
  EXPECT_EQ(TakeEvents(events_[0]), 0u) << "false: not this one";
  ASSERT_EQ(client_.SetIrqs(kIntx, kBool | kUnmask, 0, 1, {}, Bytes{std::byte{1}}), 0);
  EXPECT_EQ(TakeEvents(events_[0]), 1u);
}

TEST_F(Interrupts, IntxThatIsAssertedSignalsANewEventfd) {
  rig_.host.SetIntx(0, true);
  ASSERT_EQ(SetEvents(kIntx, 0, 1), 0);
  EXPECT_EQ(TakeEvents(events_[0]), 1u);
  ASSERT_EQ(Remove(kIntx, 0, 1), 0);
  ASSERT_EQ(SetEvents(kIntx, 0, 1), 0);
  EXPECT_EQ(TakeEvents(events_[0]), 1u);
}

TEST_F(Interrupts, AClientCanTriggerThem) {
  ASSERT_EQ(SetEvents(kMsix, 0, 4), 0);
  ASSERT_EQ(client_.SetIrqs(kMsix, kBool | kTrigger, 1, 3, {},
                            Bytes{std::byte{1}, std::byte{0}, std::byte{1}}),
            0);
  ASSERT_EQ(client_.SetIrqs(kMsix, kNone | kTrigger, 0, 2), 0);
  EXPECT_EQ(TakeEvents(events_[0]), 1u);
  EXPECT_EQ(TakeEvents(events_[1]), 2u);
  EXPECT_EQ(TakeEvents(events_[2]), 0u);
  EXPECT_EQ(TakeEvents(events_[3]), 1u);
}

TEST_F(Interrupts, ErrorsAndRequestsAreAccepted) {
  EXPECT_EQ(SetEvents(kErr, 0, 1), 0);
  EXPECT_EQ(SetEvents(kReq, 0, 1), 0);
  EXPECT_EQ(Remove(kErr, 0, 1), 0);
}

TEST_F(Interrupts, AFullCounterDoesNotBlock) {
  for (const int flags : {0, int{EFD_NONBLOCK}}) {
    const FileDescriptor event = MakeEventfd(flags);
    constexpr std::uint64_t kFull = ~std::uint64_t{0} - 1;
    ASSERT_EQ(eventfd_write(event.get(), kFull), 0);
    const int fd = event.get();
    ASSERT_EQ(client_.SetIrqs(kMsix, kEventfd | kTrigger, 0, 1, std::span(&fd, 1)), 0);
    rig_.host.RaiseVector(0, 0);
    EXPECT_EQ(TakeEvents(event), kFull);
    rig_.host.RaiseVector(0, 0);
    EXPECT_EQ(TakeEvents(event), 1u);
  }
}

TEST_F(Interrupts, OnlyEventfdsWillDo) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const FileDescriptor reader(ends[0]), writer(ends[1]);
  EXPECT_EQ(client_.SetIrqs(kMsix, kEventfd | kTrigger, 0, 1, std::span(&ends[1], 1)), EINVAL);
  const std::array<int, 2> one_bad = {events_[0].get(), ends[1]};
  EXPECT_EQ(client_.SetIrqs(kMsix, kEventfd | kTrigger, 0, 2, one_bad), EINVAL);
  EXPECT_TRUE(Masked(0)) << "all or nothing";
}

TEST_F(Interrupts, NonsenseIsRefused) {
  const int fd = events_[0].get();
  const std::span<const int> one(&fd, 1);
  struct {
    std::uint32_t index, flags, start, count;
    bool with_fd;
    int error;
  } const kNonsense[] = {
      {5, kEventfd | kTrigger, 0, 1, true, EINVAL},
      {~0u, kNone | kTrigger, 0, 0, false, EINVAL},
      {kMsix, kEventfd | kTrigger, 4, 1, true, EINVAL},
      {kMsix, kEventfd | kTrigger, 0, 5, true, EINVAL},
      {kMsix, kEventfd | kTrigger, 0, 2, true, EINVAL},
      {kMsix, kEventfd | kTrigger, ~0u, 2, true, EINVAL},
      {kMsix, kEventfd | kTrigger, 1, ~0u, true, EINVAL},
      {kMsix, kEventfd | kTrigger, 0, 0, true, EINVAL},
      {kMsix, kEventfd | kBool | kTrigger, 0, 1, true, EINVAL},
      {kMsix, kEventfd | kMask | kTrigger, 0, 1, true, EINVAL},
      {kMsix, kEventfd, 0, 1, true, EINVAL},
      {kMsix, kTrigger, 0, 1, false, EINVAL},
      {kMsix, 0, 0, 0, false, EINVAL},
      {kMsix, ~0u, 0, 1, true, EINVAL},
      {kMsix, kNone | kTrigger | 64, 0, 1, false, EINVAL},
      {kMsix, kNone | kMask, 0, 1, false, ENOTSUP},
      {kMsix, kNone | kMask, 0, 0, false, EINVAL},
      {kMsix, kBool | kTrigger, 0, 4, false, EINVAL},  // no data
      {kIntx, kEventfd | kMask, 0, 1, true, ENOTSUP},
      {kIntx, kEventfd | kTrigger, 0, 2, true, EINVAL},
  };
  for (const auto& [index, flags, start, count, with_fd, error] : kNonsense) {
    EXPECT_EQ(client_.SetIrqs(index, flags, start, count, with_fd ? one : std::span<const int>()),
              error)
        << index << " " << flags << " " << start << " " << count;
  }
  EXPECT_TRUE(Masked(0));
}

}  // namespace
}  // namespace ixylab::emulator
