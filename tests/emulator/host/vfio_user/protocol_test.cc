#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "tests/emulator/host/vfio_user/client.h"

namespace ixylab::emulator {
namespace {

template <std::size_t n>
Bytes VersionRequest(std::uint16_t major, std::uint16_t minor, const char (&json)[n]) {
  return Pack(major, minor, json);
}

std::string Text(const Client::Answer& answer) {
  const auto* const text = reinterpret_cast<const char*>(answer.payload.data());
  return answer.payload.size() > 4 ? std::string(text + 4, answer.payload.size() - 4) : "";
}

TEST(Version, AgreesOnWhatTheClientProposed) {
  Rig rig;
  Client client = rig.Connect();
  const auto answer = client.Call(
      kVersion,
      VersionRequest(0, 7, R"({"capabilities": {"max_msg_fds": 32, "twin_socket": {}}})"));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(Unpack<std::uint16_t>(answer.payload, 0), 0u);
  EXPECT_EQ(Unpack<std::uint16_t>(answer.payload, 2), 0u) << "not more than ours, or theirs";
  EXPECT_EQ(Text(answer), std::string(R"({"capabilities":{"max_msg_fds":16}})") + '\0');
}

TEST(Version, HasNoDataForAClientThatSendsNone) {
  Rig rig;
  const auto answer = rig.Connect().Call(kVersion, Pack(std::uint32_t{0}));
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(answer.payload.size(), 4u);
}

TEST(Version, TakesBrokenJsonForNoProposal) {
  const std::string deep(100'000, '[');
  for (const std::string& json :
       {std::string("{"), std::string("[1]"), std::string(R"({"capabilities": 7})"), deep,
        std::string("\xFF\xFE\x00\x01", 4),
        std::string(R"({"capabilities": {"max_msg_fds": ""}})")}) {
    Rig rig;
    Client client = rig.Connect();
    Bytes request = Pack(std::uint32_t{0});
    const auto text = std::as_bytes(std::span(json));
    request.insert(request.end(), text.begin(), text.end());
    const auto answer = client.Call(kVersion, request);
    EXPECT_TRUE(answer.ok());
    EXPECT_TRUE(Text(answer).starts_with(R"({"capabilities":{)")) << Text(answer);
    EXPECT_EQ(client.ReadRegister(kConfig, 0), 0x10FB8086u);
  }
}

TEST(Version, ComesFirstAndOnce) {
  Rig rig;
  Client client = rig.Connect();
  const Bytes request = Pack(std::uint64_t{0}, kConfig, std::uint32_t{4});
  EXPECT_EQ(client.Call(kRegionRead, request).error, EINVAL);
  EXPECT_EQ(client.Call(kVersion, Pack(std::uint32_t{1})).error, EINVAL) << "major version 1";
  EXPECT_TRUE(client.Negotiate());
  EXPECT_FALSE(client.Negotiate());
  EXPECT_TRUE(client.Call(kRegionRead, request).ok());
}

TEST(Device, SaysWhatItIs) {
  Rig rig;
  Client client = rig.Negotiated();
  const Bytes request = Pack(std::uint32_t{16}, std::uint32_t{0}, std::uint64_t{0});
  const auto answer = client.Call(kGetInfo, request);
  ASSERT_TRUE(answer.ok());
  // argsz; reset and PCI; nine regions and five types of interrupts, as VFIO has them.
  EXPECT_EQ(answer.payload,
            Pack(std::uint32_t{16}, std::uint32_t{3}, std::uint32_t{9}, std::uint32_t{5}));
  EXPECT_EQ(
      client.Call(kGetInfo, Pack(std::uint32_t{15}, std::uint32_t{0}, std::uint64_t{0})).error,
      EINVAL);
}

TEST(Device, SaysWhatItsRegionsAre) {
  Rig rig;
  Client client = rig.Negotiated();
  const auto ask = [&](std::uint32_t index) {
    return client.Call(kGetRegionInfo, Pack(std::uint32_t{32}, std::uint32_t{0}, index,
                                            std::uint32_t{0}, std::uint64_t{0}, std::uint64_t{0}));
  };
  for (std::uint32_t index = 0; index < 9; ++index) {
    const std::uint64_t size = index == 0 || index == 4 || index == kConfig ? 4096 : 0;
    const std::uint32_t flags = size != 0 ? 3 : 0;  // readable, writable; not to be mapped
    EXPECT_EQ(ask(index).payload,
              Pack(std::uint32_t{32}, flags, index, std::uint32_t{0}, size, std::uint64_t{0}))
        << index;
  }
  EXPECT_EQ(ask(9).error, EINVAL);
  EXPECT_EQ(ask(~0u).error, EINVAL);
}

TEST(Device, SaysWhatItsInterruptsAre) {
  Rig rig;
  Client client = rig.Negotiated();
  const auto ask = [&](std::uint32_t index) {
    return client.Call(kGetIrqInfo,
                       Pack(std::uint32_t{16}, std::uint32_t{0}, index, std::uint32_t{0}));
  };
  struct {
    std::uint32_t flags, count;
  } constexpr kExpected[] = {
      {7, 1},          // INTx: eventfd, maskable, automasked
      {9, 4},          // MSI: eventfd, all at once
      {1, 4},          // MSI-X: eventfd
      {9, 1}, {9, 1},  // ERR, REQ
  };
  for (std::uint32_t index = 0; index < 5; ++index) {
    EXPECT_EQ(ask(index).payload,
              Pack(std::uint32_t{16}, kExpected[index].flags, index, kExpected[index].count))
        << index;
  }
  EXPECT_EQ(ask(5).error, EINVAL);
}

TEST(Regions, AreAccessedInAlignedPieces) {
  Rig rig;
  Client client = rig.Negotiated();
  Bytes payload = Pack(std::uint64_t{0x101}, std::uint32_t{0}, std::uint32_t{8},
                       std::uint64_t{0x8877665544332211});
  const auto written = client.Call(kRegionWrite, payload);
  ASSERT_TRUE(written.ok());
  payload.resize(16);
  EXPECT_EQ(written.payload, payload);
  const auto read = client.Call(kRegionRead, payload);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(Unpack<std::uint64_t>(read.payload, 16), 0x8877665544332211u);

  const std::vector<ScriptedFunction::Access> expected = {
      {'W', 0, 0x101, 1, 0x11},       {'W', 0, 0x102, 2, 0x3322}, {'W', 0, 0x104, 4, 0x77665544},
      {'W', 0, 0x108, 1, 0x88},       {'R', 0, 0x101, 1, 0x11},   {'R', 0, 0x102, 2, 0x3322},
      {'R', 0, 0x104, 4, 0x77665544}, {'R', 0, 0x108, 1, 0x88}};
  EXPECT_EQ(rig.functions[0]->accesses, expected);
  ASSERT_EQ(rig.accesses.size(), expected.size()) << "what the hook saw";
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const RegisterAccess& seen = rig.accesses[i];
    const ScriptedFunction::Access as_script = {seen.write ? 'W' : 'R', seen.region, seen.offset,
                                                seen.bytes, seen.value};
    EXPECT_EQ(as_script, expected[i]) << i;
  }
}

TEST(Regions, ConfigurationSpaceAsOneBlock) {
  Rig rig;
  Client client = rig.Negotiated();
  const auto answer =
      client.Call(kRegionRead, Pack(std::uint64_t{0}, kConfig, std::uint32_t{4096}));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer.payload.size(), 16u + 4096u);
  EXPECT_EQ(Unpack<std::uint32_t>(answer.payload, 16), 0x10FB8086u);
}

TEST(Regions, HaveAnEnd) {
  Rig rig;
  Client client = rig.Negotiated();
  struct {
    std::uint64_t offset;
    std::uint32_t region, count;
  } constexpr kOutside[] = {
      {4093, 0, 4},
      {4097, 0, 0},
      {~std::uint64_t{0}, 0, 4},
      {~std::uint64_t{3}, 0, 4},
      {0, 0, 4097},
      {0, 0, ~0u},
      {std::uint64_t{1} << 32, 0, 4},
      {0, 1, 4},
      {0, 6, 1},
      {0, 8, 1},
      {0, 9, 1},
      {0, ~0u, 4},
  };
  for (const auto& [offset, region, count] : kOutside) {
    EXPECT_EQ(client.Call(kRegionRead, Pack(offset, region, count)).error, EINVAL)
        << offset << " " << region << " " << count;
    EXPECT_EQ(client.Call(kRegionWrite, Pack(offset, region, count, std::uint64_t{1})).error,
              EINVAL);
  }
  EXPECT_EQ(client.Call(kRegionWrite, Pack(std::uint64_t{0}, 0, 5, 0)).error, EINVAL)
      << "fewer data than announced";
  EXPECT_TRUE(rig.functions[0]->accesses.empty());
  EXPECT_TRUE(client.Call(kRegionRead, Pack(std::uint64_t{4096}, 0, 0)).ok())
      << "nothing at the end";
}

TEST(Regions, PostedWritesHaveNoReplyAndComeBeforeReads) {
  Rig rig;
  Client client = rig.Negotiated();
  for (std::uint32_t i = 0; i < 1000; ++i) {
    client.Send(kRegionWrite, Pack(std::uint64_t{16}, 0, 4, i), {}, kNoReply);
  }
  EXPECT_EQ(client.ReadRegister(0, 16), 999u);
  EXPECT_EQ(rig.functions[0]->accesses.size(), 1001u);
  // Nor has one that is refused.
  client.Send(kRegionWrite, Pack(std::uint64_t{1} << 40, 0, 4, 0), {}, kNoReply);
  EXPECT_EQ(client.ReadRegister(0, 16), 999u);
}

TEST(Regions, SeveralWritesInOneMessage) {
  Rig rig;
  Client client = rig.Negotiated();
  const Bytes first = Pack(std::uint64_t{0x10}, 0, 4, std::uint64_t{0x11111111});
  const Bytes second = Pack(std::uint64_t{0x20}, 0, 8, std::uint64_t{0x3333333322222222});
  Bytes payload = Pack(std::uint64_t{2});
  payload.insert(payload.end(), first.begin(), first.end());
  payload.insert(payload.end(), second.begin(), second.end());
  const auto answer = client.Call(kRegionWriteMulti, payload);
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(answer.payload, Pack(std::uint64_t{2}));
  const std::vector<ScriptedFunction::Access> expected = {
      {'W', 0, 0x10, 4, 0x11111111}, {'W', 0, 0x20, 4, 0x22222222}, {'W', 0, 0x24, 4, 0x33333333}};
  EXPECT_EQ(rig.functions[0]->accesses, expected);

  payload[0] = std::byte{3};
  EXPECT_EQ(client.Call(kRegionWriteMulti, payload).error, EINVAL);
  payload = Pack(std::uint64_t{1}, std::uint64_t{0x10}, 0, 9, std::uint64_t{0});
  EXPECT_EQ(client.Call(kRegionWriteMulti, payload).error, EINVAL) << "9 of 8 bytes";
}

TEST(Messages, ArriveInAnyPieces) {
  Rig rig;
  Client client = rig.Negotiated();
  const Bytes message = Pack(std::uint16_t{1}, kRegionRead, std::uint32_t{32}, std::uint32_t{0},
                             std::uint32_t{0}, std::uint64_t{0}, kConfig, std::uint32_t{4});
  for (const std::byte byte : message) {
    client.SendBytes(std::span(&byte, 1));
    client.Settle();
  }
  EXPECT_TRUE(client.Receive()->ok());

  Bytes three;
  for (int i = 0; i < 3; ++i) three.insert(three.end(), message.begin(), message.end());
  client.SendBytes(std::span(three).first(70));
  EXPECT_TRUE(client.Receive()->ok());
  EXPECT_TRUE(client.Receive()->ok());
  client.SendBytes(std::span(three).subspan(70));
  EXPECT_TRUE(client.Receive()->ok());
}

TEST(Messages, UnknownOnesAreAnswered) {
  Rig rig;
  Client client = rig.Negotiated();
  for (const std::uint16_t command : {0, 11, 12, 14, 19, 0xFFFF}) {
    EXPECT_EQ(client.Call(command, Pack(std::uint64_t{0})).error, EINVAL) << command;
  }
  for (const std::uint16_t command : {kGetRegionIoFds, kFeature}) {
    EXPECT_EQ(client.Call(command, Pack(std::uint64_t{0})).error, ENOTSUP) << command;
  }
  EXPECT_EQ(rig.log.size(), 8u);
}

TEST(Messages, ResetGoesToTheFunction) {
  Rig rig;
  Client client = rig.Negotiated();
  client.WriteRegister(0, 0, 5);
  EXPECT_TRUE(client.Call(kReset).ok());
  EXPECT_EQ(rig.functions[0]->resets, 1u);
  EXPECT_EQ(client.ReadRegister(0, 0), 0u);
}

TEST(Step, RunsTheFunctionsUntilNothingIsPending) {
  Rig rig;
  Client client = rig.Negotiated();
  client.Settle();
  rig.functions[0]->work = 1000;
  client.ReadRegister(0, 0);
  client.Settle();
  EXPECT_EQ(rig.functions[0]->work, 0u);
  EXPECT_FALSE(rig.host.Step(Nanoseconds{0}));
}

TEST(Step, DoesDelayedWork) {
  Rig rig;
  bool done = false;
  rig.host.Schedule(std::chrono::milliseconds(2), [&] { done = true; });
  EXPECT_FALSE(rig.host.Step(Nanoseconds{0}));
  EXPECT_FALSE(done);
  EXPECT_TRUE(rig.host.Step(std::chrono::seconds(5)));
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace ixylab::emulator
