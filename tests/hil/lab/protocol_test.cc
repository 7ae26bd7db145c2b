#include "hil/lab/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

namespace ixylab::hil {
namespace {

using std::chrono_literals::operator""s;
using testing::HasSubstr;
using testing::Not;

Request FullRequest() {
  return {.what = Request::What::kRun,
          .pairs = {{.addresses = {"0000:03:00.0", "0000:03:00.1"},
                     .names = {"a", "b"},
                     .megabits_per_second = 10'000},
                    {.addresses = {"10000:e1:00.0", "10000:e1:00.1"}, .names = {"c", "d"}}},
          .bus = PciBus::kVfio,
          .claim = {.owner = "mia@desk3", .purpose = "a \"look\"\nat \\ it", .duration = 720s},
          .deadline = 600s,
          .arguments = {"--seed=1", "--gtest_filter=A.*-*B", ""},
          .program = "/var/lib/ixylab/suite-1",
          .register_trace = true};
}

TEST(ProtocolTest, RequestsComeBackAsTheyWere) {
  for (const auto what :
       {Request::What::kCheck, Request::What::kRun, Request::What::kRegs, Request::What::kRecord,
        Request::What::kReserve, Request::What::kRelease}) {
    for (const PciBus bus : {PciBus::kSysfs, PciBus::kUio, PciBus::kVfio}) {
      Request request = FullRequest();
      request.what = what;
      request.bus = bus;
      const std::string line = ToLine(request);
      EXPECT_THAT(line, Not(HasSubstr("\n")));
      EXPECT_EQ(ParseRequest(line), request) << line;
    }
  }
  EXPECT_EQ(ParseRequest(ToLine(Request())), Request());
}

TEST(ProtocolTest, EventsComeBackAsTheyWere) {
  const std::string text("kernel: \0 \x01 \x1b[31m \xc3\xa4\nline 2\r\n", 28);
  for (const auto what : {Event::What::kNote, Event::What::kLine, Event::What::kFile,
                          Event::What::kBusy, Event::What::kFail, Event::What::kEnd}) {
    for (const auto end : {Event::End::kExited, Event::End::kSignalled, Event::End::kDeadline,
                           Event::End::kStopped, Event::End::kFailed}) {
      for (const int code : {0, 11, -1, std::numeric_limits<int>::max()}) {
        const Event event{
            .what = what, .name = "kernel.log", .text = text, .end = end, .code = code};
        const std::string line = ToLine(event);
        EXPECT_THAT(line, Not(HasSubstr("\n")));
        EXPECT_EQ(ParseEvent(line), event) << line;
      }
    }
  }
}

TEST(ProtocolTest, BytesThatAreNoTextAreReplaced) {
  const Event event{.what = Event::What::kLine,
                    .name = {},
                    .text =
                        "a\xff"
                        "b"};
  EXPECT_EQ(ParseEvent(ToLine(event)).text,
            "a\xef\xbf\xbd"
            "b");
}

/// What ParseRequest says of `line`; empty if it takes it.
template <typename Parse>
std::string Complaint(Parse parse, const std::string& line) {
  try {
    parse(line);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return {};
}

TEST(ProtocolTest, HostileLinesAreRefusedInOneLine) {
  const std::string deep(100'000, '[');
  for (const std::string& line :
       {std::string(), std::string("{}"), std::string("null"), std::string("7"),
        std::string("[\"event\"]"), std::string("{\"event\":\"end\""), std::string("\xff\xfe"),
        std::string("{\"event\":\"\xff\"}"), std::string(1000, 'x'), std::string("a\nb\0c", 5),
        std::string("{\"event\":7}"), std::string("{\"event\":\"nonsense\"}"), deep}) {
    for (const std::string& complaint :
         {Complaint(ParseEvent, line), Complaint(ParseRequest, line)}) {
      EXPECT_THAT(complaint, testing::StartsWith("no ")) << line.substr(0, 80);
      EXPECT_THAT(complaint, Not(HasSubstr("\n")));
      EXPECT_LT(complaint.size(), 600u);
    }
  }
}

/// The full request's line with `from` replaced by `to`.
std::string Changed(const std::string& from, const std::string& to) {
  std::string line = ToLine(FullRequest());
  const std::size_t place = line.find(from);
  EXPECT_NE(place, line.npos) << from << " in " << line;
  return line.replace(place, from.size(), to);
}

TEST(ProtocolTest, EachValueOfARequestIsLookedAt) {
  EXPECT_EQ(Complaint(ParseRequest, Changed("\"run\"", "\"check\"")), "");
  EXPECT_THAT(Complaint(ParseRequest, Changed("\"run\"", "\"rum\"")),
              HasSubstr("no request (unknown request \"rum\")"));
  EXPECT_THAT(Complaint(ParseRequest, Changed("\"vfio\"", "\"isa\"")), HasSubstr("unknown bus"));
  EXPECT_THAT(Complaint(ParseRequest, Changed("\"deadline\"", "\"dead\"")),
              HasSubstr("no deadline"));
  EXPECT_THAT(Complaint(ParseRequest, Changed("\"b\"]", "\"b\",\"c\"]")),
              HasSubstr("a bad value of names"));
  EXPECT_THAT(Complaint(ParseRequest, Changed("[\"a\",\"b\"]", "[\"a\",7]")),
              HasSubstr("a bad value of names"));
  EXPECT_THAT(Complaint(ParseRequest, Changed("trace\":true", "trace\":1")),
              HasSubstr("a bad value of register_trace"));
  EXPECT_THAT(Complaint(ParseRequest, Changed("\"owner\":\"mia@desk3\"", "\"owner\":null")),
              HasSubstr("a bad value of owner"));
}

TEST(ProtocolTest, NumbersOutOfRangeAreRefused) {
  for (const char* number : {"-1", "4294967296", "18446744073709551615", "9223372036854775808",
                             "1e3", "0.5", "\"1\"", "99999999999999999999999"}) {
    EXPECT_THAT(Complaint(ParseRequest, Changed("10000", number)),
                HasSubstr("a bad value of megabits_per_second"))
        << number;
    EXPECT_THAT(Complaint(ParseRequest, Changed("600", number)),
                HasSubstr("a bad value of deadline"))
        << number;
    EXPECT_THAT(Complaint(ParseRequest, Changed("720", number)),
                HasSubstr("a bad value of seconds"))
        << number;
  }
  const std::string event = R"({"event":"end","name":"","text":"","end":"exited","code":)";
  EXPECT_EQ(ParseEvent(event + "-2147483648}").code, std::numeric_limits<int>::min());
  EXPECT_NE(Complaint(ParseEvent, event + "2147483648}"), "");
  EXPECT_NE(Complaint(ParseEvent, event + "18446744073709551615}"), "");
}

}  // namespace
}  // namespace ixylab::hil
