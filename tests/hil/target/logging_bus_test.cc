#include "hil/target/logging_bus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace ixylab::hil {
namespace {

using std::chrono_literals::operator""us;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Return;

class MockBus : public Bus {
 public:
  MOCK_METHOD(PciId, id, (), (const, override));
  MOCK_METHOD(std::uint32_t, Read, (unsigned region, std::uint32_t offset, unsigned bytes),
              (override));
  MOCK_METHOD(void, Write,
              (unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value),
              (override));
  MOCK_METHOD(void*, MapRegister, (unsigned region, std::uint32_t offset), (override));
  MOCK_METHOD(DmaSpace&, dma, (), (override));
  MOCK_METHOD(Interrupts, EnableInterrupts, (std::uint32_t vectors), (override));
  MOCK_METHOD(bool, WaitForInterrupt, (std::uint32_t vector, Nanoseconds timeout), (override));
  MOCK_METHOD(Nanoseconds, Now, (), (override));
  MOCK_METHOD(void, Sleep, (Nanoseconds duration), (override));
};

struct LoggingBusTest : testing::Test {
  testing::StrictMock<MockBus> device;
  AccessLog log{[](const RegisterAccess& access) {
    return "R" + std::to_string(access.offset) + " = " + std::to_string(access.value);
  }};
  LoggingBus bus{device, 1, log, LoggingBus::Doorbells::kLogged};
};

TEST_F(LoggingBusTest, PassesOnAndRemembers) {
  EXPECT_CALL(device, Read(0, 8, 4)).WillOnce(Return(17));
  EXPECT_CALL(device, Write(0, 12, 4, 5));
  EXPECT_EQ(bus.Read32(8), 17u);
  bus.Write32(12, 5);
  EXPECT_THAT(log.Lines(), ElementsAre("    0.000000 ms  port 1  R  R8 = 17",
                                       "    0.000000 ms  port 1  W  R12 = 5"));
}

TEST_F(LoggingBusTest, KeepsTheLast32InOrder) {
  EXPECT_CALL(device, Write).Times(100);
  for (std::uint32_t i = 0; i < 100; ++i) bus.Write32(i, 0);
  const std::vector<std::string> lines = log.Lines();
  ASSERT_EQ(lines.size(), AccessLog::kKept);
  EXPECT_THAT(lines.front(), HasSubstr("R68 ="));
  EXPECT_THAT(lines.back(), HasSubstr("R99 ="));
}

TEST_F(LoggingBusTest, TimeIsWhatTheDriverSawAndAsksForNone) {
  EXPECT_CALL(device, Now).WillOnce(Return(Nanoseconds(1'234'567)));
  EXPECT_CALL(device, Sleep(Nanoseconds(10us)));
  EXPECT_CALL(device, Write).Times(2);
  bus.Now();
  bus.Write32(0, 0);
  bus.Sleep(10us);
  bus.Write32(0, 1);
  EXPECT_THAT(log.Lines(), ElementsAre("    1.234567 ms  port 1  W  R0 = 0",
                                       "    1.244567 ms  port 1  W  R0 = 1"));
}

TEST_F(LoggingBusTest, TraceBeginsAndEnds) {
  EXPECT_CALL(device, Write).Times(3);
  std::vector<std::string> trace;
  bus.Write32(1, 0);
  log.SetSink([&](std::string_view line) { trace.emplace_back(line); });
  bus.Write32(2, 0);
  log.SetSink(nullptr);
  bus.Write32(3, 0);
  EXPECT_THAT(trace, ElementsAre(HasSubstr("R2 = 0")));
}

TEST_F(LoggingBusTest, DoorbellsAreLoggedOrMapped) {
  std::uint32_t doorbell = 0;
  EXPECT_EQ(bus.MapRegister(0, 4), nullptr);
  LoggingBus mapped(device, 0, log, LoggingBus::Doorbells::kMapped);
  EXPECT_CALL(device, MapRegister(0, 4)).WillOnce(Return(&doorbell));
  EXPECT_EQ(mapped.MapRegister(0, 4), &doorbell);
}

TEST_F(LoggingBusTest, TwoThreadsMayUseIt) {
  testing::NiceMock<MockBus> other;
  LoggingBus second(other, 0, log, LoggingBus::Doorbells::kMapped);
  EXPECT_CALL(device, Write).Times(1000);
  std::thread thread([&] {
    for (std::uint32_t i = 0; i < 1000; ++i) second.Write32(i, i);
  });
  for (std::uint32_t i = 0; i < 1000; ++i) bus.Write32(i, i);
  thread.join();
  const std::vector<std::string> lines = log.Lines();
  ASSERT_EQ(lines.size(), AccessLog::kKept);
  // The value is the offset in every line: none is made of two.
  for (const std::string& line : lines) {
    const std::string access = line.substr(line.find("  R") + 3);
    EXPECT_EQ(access.substr(0, access.find(' ')), access.substr(access.rfind(' ') + 1)) << line;
  }
}

}  // namespace
}  // namespace ixylab::hil
