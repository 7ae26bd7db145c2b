#include "tests/driver/mock_bus.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace ixylab {
namespace {

using testing::AtLeast;
using testing::DoAll;
using testing::InvokeWithoutArgs;
using testing::Return;

std::string Hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", value);
  return text;
}

std::string Place(unsigned region, std::uint32_t offset, unsigned bytes) {
  return region == 0 && bytes == 4 ? Hex(offset)
                                   : Hex(offset) + " in region " + std::to_string(region) + ", " +
                                         std::to_string(bytes) + " bytes";
}

MATCHER_P(Is, value, "is " + Hex(value)) {
  *result_listener << "which is " << Hex(arg);
  return arg == value;
}

MATCHER_P3(IsOneOf, first, count, stride,
           "is one of " + std::to_string(count) + " from " + Hex(first)) {
  *result_listener << "which is " << Hex(arg);
  return arg >= first && arg < first + count * stride && (arg - first) % stride == 0;
}

}  // namespace

MockBus::MockBus(DmaSpace& dma) : dma_(dma) {
  // In one line, in front of GoogleMock's list of all that was expected.
  const auto refuse = [](const std::string& access) {
    ADD_FAILURE() << "not expected here: " << access;
    throw DeviceError("an access that the test does not expect");
  };
  ON_CALL(*this, Read).WillByDefault([=](unsigned region, std::uint32_t offset, unsigned bytes) {
    refuse("read of " + Place(region, offset, bytes));
    return std::uint32_t{0};
  });
  ON_CALL(*this, Write)
      .WillByDefault(
          [=](unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) {
            refuse("write of " + Hex(value) + " to " + Place(region, offset, bytes));
          });
  ON_CALL(*this, LongSleep).WillByDefault([=](Nanoseconds duration) {
    refuse("sleep of " + std::to_string(duration.count()) + " ns");
  });
}

void MockBus::ExpectRead(unsigned region, std::uint32_t offset, unsigned bytes,
                         std::uint32_t value) {
  EXPECT_CALL(*this, Read(region, Is(offset), bytes))
      .InSequence(sequence_)
      .WillOnce(DoAll(InvokeWithoutArgs(TakeCheck()), Return(value)));
}

void MockBus::ExpectWrite(unsigned region, std::uint32_t offset, unsigned bytes,
                          std::uint32_t value) {
  EXPECT_CALL(*this, Write(region, Is(offset), bytes, Is(value)))
      .InSequence(sequence_)
      .WillOnce(InvokeWithoutArgs(TakeCheck()));
}

void MockBus::ExpectPolls(unsigned region, std::uint32_t offset, unsigned bytes,
                          std::uint32_t value) {
  EXPECT_CALL(*this, Read(region, Is(offset), bytes))
      .Times(AtLeast(2))
      .InSequence(sequence_)
      .WillRepeatedly(Return(value));
}

void MockBus::ExpectMask32(std::uint32_t offset, Bits bits) {
  const std::uint32_t before = Garbage();
  ExpectRead32(offset, before);
  ExpectWrite32(offset, (before & ~bits.clear) | bits.set);
}

void MockBus::ExpectPoll32(std::uint32_t offset, std::uint32_t mask, std::uint32_t value,
                           int early) {
  for (; early > 0; --early) ExpectRead32(offset, (Garbage() & ~mask) | (~value & mask));
  ExpectRead32(offset, (Garbage() & ~mask) | value);
}

void MockBus::ExpectPollInVain32(std::uint32_t offset, std::uint32_t mask, std::uint32_t value) {
  EXPECT_CALL(*this, Read(0, Is(offset), 4))
      .Times(AtLeast(2))
      .InSequence(sequence_)
      .WillRepeatedly([this, mask, value] { return (Garbage() & ~mask) | (~value & mask); });
}

void MockBus::ExpectWriteTable32(std::uint32_t offset, std::uint32_t count, std::uint32_t value,
                                 std::uint32_t stride) {
  auto written = std::make_shared<std::set<std::uint32_t>>();
  EXPECT_CALL(*this, Write(0, IsOneOf(offset, count, stride), 4, Is(value)))
      .Times(static_cast<int>(count))
      .InSequence(sequence_)
      .WillRepeatedly([written](unsigned, std::uint32_t at, unsigned, std::uint32_t) {
        EXPECT_TRUE(written->insert(at).second) << Hex(at) << " is written twice";
      });
}

void MockBus::ExpectSleep(Nanoseconds duration) {
  EXPECT_CALL(*this, LongSleep(duration))
      .InSequence(sequence_)
      .WillOnce(InvokeWithoutArgs(TakeCheck()));
}

void* MockBus::MapRegister(unsigned region, std::uint32_t offset) {
  const auto found = mapped_.find({region, offset});
  return found == mapped_.end() ? nullptr : found->second;
}

void MockBus::Sleep(Nanoseconds duration) {
  time_ += duration;
  if (duration >= std::chrono::milliseconds(1)) LongSleep(duration);
}

}  // namespace ixylab
