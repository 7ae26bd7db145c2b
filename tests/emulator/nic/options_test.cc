#include "emulator/nic/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ixylab::emulator::nic {
namespace {

using ::testing::HasSubstr;
using Kind = WireSpec::Kind;

std::optional<Options> Parse(std::vector<std::string> words) {
  words.insert(words.begin(), "nic");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return ParseOptions(static_cast<int>(argv.size()), argv.data());
}

std::vector<Kind> Kinds(const Options& options) {
  std::vector<Kind> kinds;
  for (const WireSpec& wire : options.wires) kinds.push_back(wire.kind);
  return kinds;
}

TEST(Options, OnePortHasNothingPluggedIn) {
  const auto options = Parse({"--socket=a"});
  EXPECT_EQ(options->model, Model::k82599);
  EXPECT_EQ(options->sockets.at(0).path, "a");
  EXPECT_EQ(Kinds(*options), (std::vector{Kind::kNone}));
  EXPECT_FALSE(options->mac || options->trace || options->once || options->control);
}

TEST(Options, TwoPortsAreBackToBack) {
  const auto options = Parse({"--socket=a", "--socket=b"});
  EXPECT_EQ(options->sockets.at(1).path, "b");
  EXPECT_EQ(Kinds(*options), (std::vector{Kind::kBackToBack, Kind::kBackToBack}));
}

TEST(Options, Models) {
  EXPECT_EQ(Parse({"--nic=virtio-net", "--socket=a"})->model, Model::kVirtioTransitional);
  EXPECT_EQ(Parse({"--nic=virtio-net,legacy", "--socket=a"})->model, Model::kVirtioLegacy);
  EXPECT_EQ(Parse({"--nic=virtio-net,modern", "--socket=a"})->model, Model::kVirtioModern);
  EXPECT_EQ(Parse({"--nic=virtio-net,packed", "--socket=a"})->model, Model::kVirtioPacked);
}

TEST(Options, Wires) {
  const auto options =
      Parse({"--socket=a", "--socket=b", "--wire=pcap:out.pcap", "--wire=tap:ixy0"});
  EXPECT_EQ(Kinds(*options), (std::vector{Kind::kPcap, Kind::kTap}));
  EXPECT_EQ(options->wires[0].name, "out.pcap");
  EXPECT_EQ(options->wires[1].name, "ixy0");

  const auto streams = Parse({"--socket=a", "--socket=b", "--wire=stream:connect:unix:w",
                              "--wire=stream:listen:127.0.0.1:1234"});
  EXPECT_EQ(Kinds(*streams), (std::vector{Kind::kStreamConnect, Kind::kStreamListen}));
  EXPECT_EQ(streams->wires[0].address.path, "w");

  const auto datagrams = Parse({"--socket=a", "--wire=dgram:unix:l,unix:r"});
  EXPECT_EQ(Kinds(*datagrams), (std::vector{Kind::kDgram}));
  EXPECT_EQ(datagrams->wires[0].address.path, "l");
  EXPECT_EQ(datagrams->wires[0].remote->path, "r");
}

TEST(Options, AWireThatIsNotGivenIsNone) {
  EXPECT_EQ(Kinds(*Parse({"--socket=a", "--socket=b", "--wire=tap:ixy0"})),
            (std::vector{Kind::kTap, Kind::kNone}));
  EXPECT_EQ(Kinds(*Parse({"--socket=a", "--socket=b", "--wire=back-to-back"})),
            (std::vector{Kind::kBackToBack, Kind::kBackToBack}));
}

TEST(Options, Mac) {
  EXPECT_EQ(Parse({"--socket=a", "--mac=02:1B:2c:00:ff:09"})->mac,
            (std::array<std::uint8_t, 6>{0x02, 0x1B, 0x2C, 0x00, 0xFF, 0x09}));
}

TEST(Options, TraceWithAndWithoutAFile) {
  EXPECT_TRUE(Parse({"--trace", "--socket=a"})->trace);
  EXPECT_EQ(Parse({"--trace", "--socket=a"})->trace_file, "");
  EXPECT_EQ(Parse({"--socket=a", "--trace=t"})->trace_file, "t");
}

TEST(Options, Doorbells) {
  EXPECT_FALSE(Parse({"--socket=a"})->map_doorbells);
  EXPECT_FALSE(Parse({"--socket=a", "--doorbells=trapped"})->map_doorbells);
  EXPECT_TRUE(Parse({"--socket=a", "--doorbells=mapped"})->map_doorbells);
}

struct BadCase {
  std::vector<std::string> words;
  std::string says;
};

TEST(Options, SayWhatIsWrongInOneLine) {
  const std::string long_path(108, 'x');
  const BadCase cases[] = {
      {{}, "--socket is required"},
      {{"--socket=a", "--doorbells=loud"}, "--doorbells: loud not in {trapped,mapped}"},
      {{"--socket=a", "--socket=b", "--socket=c"}, "--socket is given 3 times"},
      {{"--socket=a", "--socket=a"}, "given twice"},
      {{"--socket="}, "--socket: 1 required TEXT missing"},
      {{"--socket=" + long_path}, "at most 107"},
      {{"--socket=fd:1000000"}, "no open socket"},
      {{"--socket=fd:x"}, "no open socket"},
      {{"--socket=a", "more"}, "more"},
      {{"--socket=a", "--nic=e1000"}, "there are 82599, virtio-net"},
      {{"--socket=a", "--mac=02:00"}, "no address of one station"},
      {{"--socket=a", "--mac=02:00:00:00:00:0g"}, "no address of one station"},
      {{"--socket=a", "--mac=02-00-00-00-00-00"}, "no address of one station"},
      {{"--socket=a", "--mac=ff:ff:ff:ff:ff:ff"}, "no address of one station"},
      {{"--socket=a", "--mac=00:00:00:00:00:00"}, "no address of one station"},
      {{"--socket=a", "--wire=none", "--wire=none"}, "--wire is given 2 times for 1 port"},
      {{"--socket=a", "--wire=cable"}, "there are back-to-back"},
      {{"--socket=a", "--wire="}, "--wire: 1 required TEXT missing"},
      {{"--socket=a", "--wire=pcap:"}, "there are back-to-back"},
      {{"--socket=a", "--wire=back-to-back"}, "joins two ports"},
      {{"--socket=a", "--socket=b", "--wire=none", "--wire=back-to-back"}, "joins both ports"},
      {{"--socket=a", "--socket=b", "--wire=back-to-back", "--wire=none"}, "joins both ports"},
      {{"--socket=a", "--wire=tap:sixteen-letters-"}, "at most 15 bytes"},
      {{"--socket=a", "--wire=tap:a/b"}, "at most 15 bytes"},
      {{"--socket=a", "--wire=stream:listen:unix:"}, "needs a path"},
      {{"--socket=a", "--wire=stream:connect:host:1"}, "host"},
      {{"--socket=a", "--wire=stream:connect:127.0.0.1"}, "no address"},
      {{"--socket=a", "--wire=stream:connect:127.0.0.1:70000"}, "no port"},
      {{"--socket=a", "--wire=dgram:unix:l"}, "needs both addresses"},
      {{"--socket=a", "--wire=dgram:unix:l,127.0.0.1:80"}, "of one kind"},
      {{"--socket=a", "--wire=dgram:unix:l,unix:l"}, "given twice"},
      {{"--socket=a", "--socket=b", "--wire=pcap:f", "--wire=pcap:f"}, "both wires"},
      {{"--socket=a", "--control=a"}, "given twice"},
      {{"--socket=a", "--control=" + long_path}, "at most 107"},
  };
  for (const BadCase& bad : cases) {
    const std::string shown = ::testing::PrintToString(bad.words);
    try {
      Parse(bad.words);
      ADD_FAILURE() << shown << " is taken";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr(bad.says)) << shown;
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << shown;
    }
  }
}

}  // namespace
}  // namespace ixylab::emulator::nic
