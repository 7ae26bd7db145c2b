// The control virtqueue (virtio 1.2, 5.1.6.5): commands, their answers and what they do.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/emulator/virtio_net/rig.h"

namespace ixylab::emulator::virtio_net {
namespace {

constexpr std::uint8_t kOk = 0, kError = 1;
constexpr std::uint64_t kControl = VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX |
                                   VIRTIO_NET_F_CTRL_RX_EXTRA | VIRTIO_NET_F_CTRL_MAC_ADDR |
                                   VIRTIO_NET_F_CTRL_VLAN | VIRTIO_NET_F_MAC;

class Control : public testing::TestWithParam<Mode> {
 protected:
  void Start(std::uint64_t features) {
    ASSERT_TRUE(rig_.Negotiate(features));
    index_ = (features & VIRTIO_NET_F_MQ) != 0 ? 32 : 2;
    rx_ = rig_.Enable(0);
    control_ = rig_.Enable(index_);
    rig_.DriverOk();
    for (posted_ = 0; posted_ < 64; ++posted_) rx_->PutEmpty(posted_);
  }
  /// The ack, or 255 without one.
  std::uint8_t Command(const std::vector<std::uint8_t>& bytes) {
    std::ranges::transform(bytes, control_->buffer(0).begin(),
                           [](std::uint8_t byte) { return std::byte{byte}; });
    control_->buffer(1)[0] = std::byte{255};
    const std::uint16_t id =
        control_->Put({{control_->iova(0), static_cast<std::uint32_t>(bytes.size()), false},
                       {control_->iova(1), 1, true}});
    rig_.Kick(index_);
    EXPECT_EQ(control_->Take(), (UsedBuffer{id, 1}));
    return std::to_integer<std::uint8_t>(control_->buffer(1)[0]);
  }
  /// Whether a frame to `destination` comes in.
  bool Arrives(const Bytes& frame) {
    rig_.Send(frame);
    if (!rx_->Take()) return false;
    rx_->PutEmpty(posted_++ % 64);
    return true;
  }
  bool Arrives(std::string_view destination) { return Arrives(MakeFrame(60, destination)); }

  static constexpr std::string_view kOwn = "52:54:00:12:34:56", kOther = "02:00:00:00:00:01",
                                    kGroup = "01:00:5e:00:00:01", kBroadcast = "ff:ff:ff:ff:ff:ff";

  Rig rig_{GetParam()};
  std::uint16_t index_ = 2;
  std::unique_ptr<TestQueue> rx_, control_;
  std::uint32_t posted_ = 0;
};

TEST_P(Control, EverythingPassesUntilPromiscuousModeIsSwitchedOff) {
  Start(kControl);
  for (const auto destination : {kOwn, kOther, kGroup, kBroadcast}) {
    EXPECT_TRUE(Arrives(destination)) << destination;
  }
  EXPECT_EQ(Command({0, 0, 0}), kOk);
  EXPECT_TRUE(Arrives(kOwn));
  EXPECT_TRUE(Arrives(kBroadcast));
  EXPECT_FALSE(Arrives(kOther));
  EXPECT_FALSE(Arrives(kGroup));
  EXPECT_EQ(Command({0, 0, 1}), kOk);
  EXPECT_TRUE(Arrives(kOther));
  rig_.SetStatus(0);
  Start(kControl);
  EXPECT_TRUE(Arrives(kOther)) << "after a reset as well";
}

TEST_P(Control, ReceiveModes) {
  Start(kControl);
  ASSERT_EQ(Command({0, 0, 0}), kOk);
  EXPECT_EQ(Command({0, 1, 1}), kOk) << "ALLMULTI";
  EXPECT_TRUE(Arrives(kGroup));
  EXPECT_FALSE(Arrives(kOther));
  EXPECT_EQ(Command({0, 3, 1}), kOk) << "NOMULTI";
  EXPECT_FALSE(Arrives(kGroup)) << "even if ALLMULTI is on";
  EXPECT_TRUE(Arrives(kBroadcast)) << "not broadcasts";
  EXPECT_EQ(Command({0, 2, 1}), kOk) << "ALLUNI";
  EXPECT_TRUE(Arrives(kOther));
  EXPECT_EQ(Command({0, 4, 1}), kOk) << "NOUNI";
  EXPECT_FALSE(Arrives(kOther));
  EXPECT_FALSE(Arrives(kOwn));
  EXPECT_EQ(Command({0, 5, 1}), kOk) << "NOBCAST";
  EXPECT_FALSE(Arrives(kBroadcast));
  EXPECT_EQ(Command({0, 0, 1}), kOk);
  EXPECT_TRUE(Arrives(kBroadcast)) << "promiscuous mode is above all of them";
  EXPECT_EQ(Command({0, 6, 1}), kError);
  EXPECT_EQ(Command({0, 0, 2}), kError);
  EXPECT_EQ(Command({0, 0}), kError);
  EXPECT_EQ(Command({0, 0, 1, 0}), kError);
}

TEST_P(Control, AddressTables) {
  Start(kControl);
  ASSERT_EQ(Command({0, 0, 0}), kOk);
  std::vector<std::uint8_t> set = {1, 0, 1, 0, 0, 0, 2, 0,    0, 0, 0,
                                   1, 1, 0, 0, 0, 1, 0, 0x5E, 0, 0, 1};
  EXPECT_EQ(Command(set), kOk);
  EXPECT_TRUE(Arrives(kOther));
  EXPECT_TRUE(Arrives(kGroup));
  EXPECT_TRUE(Arrives(kOwn));
  EXPECT_FALSE(Arrives("02:00:00:00:00:02"));
  EXPECT_FALSE(Arrives("01:00:5e:00:00:02"));

  for (std::size_t size = 2; size < set.size(); ++size) {
    EXPECT_EQ(Command({set.begin(), set.begin() + static_cast<std::ptrdiff_t>(size)}), kError);
  }
  EXPECT_TRUE(Arrives(kOther)) << "a command that fails changes nothing";
  set.push_back(0);
  EXPECT_EQ(Command(set), kError);
  EXPECT_EQ(Command({1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}), kError);

  EXPECT_EQ(Command({1, 0, 0, 0, 0, 0, 0, 0, 0, 0}), kOk);
  EXPECT_FALSE(Arrives(kOther)) << "an empty table";
}

TEST_P(Control, ATableThatIsTooLongLetsAllPass) {
  Start(kControl);
  ASSERT_EQ(Command({0, 0, 0}), kOk);
  std::vector<std::uint8_t> set = {1, 0, 65, 0, 0, 0};
  set.resize(set.size() + 65 * 6, 2);
  set.insert(set.end(), {0, 0, 0, 0});
  EXPECT_EQ(Command(set), kOk);
  EXPECT_TRUE(Arrives(kOther));
  EXPECT_FALSE(Arrives(kGroup));
}

TEST_P(Control, TheOwnAddress) {
  Start(kControl);
  ASSERT_EQ(Command({0, 0, 0}), kOk);
  EXPECT_EQ(Command({1, 1, 2, 0, 0, 0, 0, 1}), kOk);
  EXPECT_TRUE(Arrives(kOther));
  EXPECT_FALSE(Arrives(kOwn));
  EXPECT_EQ(rig_.DeviceConfig(0, 4), 0x00000002u) << "5.1.6.5.2.1: in the configuration too";
  EXPECT_EQ(Command({1, 1, 2, 0, 0, 0, 0}), kError);
  rig_.SetStatus(0);
  EXPECT_EQ(rig_.DeviceConfig(0, 4), 0x12005452u) << "a reset brings the old one back";
}

TEST_P(Control, Vlans) {
  Start(kControl);
  ASSERT_EQ(Command({0, 0, 0}), kOk);
  Bytes tagged = MakeFrame(64, kOwn, 0x8100);
  tagged[14] = std::byte{0x20};  // priority 1, VLAN 5
  tagged[15] = std::byte{5};
  EXPECT_FALSE(Arrives(tagged)) << "the table is empty at first";
  EXPECT_TRUE(Arrives(kOwn)) << "without a tag";
  EXPECT_EQ(Command({2, 0, 5, 0}), kOk);
  EXPECT_TRUE(Arrives(tagged));
  EXPECT_EQ(Command({2, 1, 5, 0}), kOk);
  EXPECT_FALSE(Arrives(tagged));
  EXPECT_EQ(Command({2, 0, 0, 0x10}), kError) << "VLAN 4096";
  EXPECT_EQ(Command({2, 2, 5, 0}), kError);
  rig_.SetStatus(0);
  Start(kControl & ~VIRTIO_NET_F_CTRL_VLAN);
  ASSERT_EQ(Command({0, 0, 0}), kOk);
  EXPECT_TRUE(Arrives(tagged)) << "5.1.6.5.3.1: not negotiated";
}

TEST_P(Control, CommandsThatWereNotNegotiated) {
  Start(VIRTIO_NET_F_CTRL_VQ);
  EXPECT_EQ(Command({0, 0, 1}), kError);
  EXPECT_EQ(Command({0, 2, 1}), kError);
  EXPECT_EQ(Command({1, 0, 0, 0, 0, 0, 0, 0, 0, 0}), kError);
  EXPECT_EQ(Command({1, 1, 2, 0, 0, 0, 0, 1}), kError);
  EXPECT_EQ(Command({2, 0, 5, 0}), kError);
  EXPECT_EQ(Command({3, 0}), kError);
  EXPECT_EQ(Command({4, 0, 1, 0}), kError);
  EXPECT_EQ(Command({77, 0}), kError);
}

TEST_P(Control, ClassCommandDataAndAckInPieces) {
  Start(kControl);
  control_->buffer(0)[0] = control_->buffer(0)[1] = control_->buffer(0)[2] = std::byte{0};
  control_->buffer(1)[0] = std::byte{255};
  control_->Put({{control_->iova(0), 1, false},
                 {control_->iova(0) + 1, 1, false},
                 {control_->iova(0) + 2, 1, false},
                 {control_->iova(1), 1, true}});
  rig_.Kick(index_);
  EXPECT_EQ(control_->buffer(1)[0], std::byte{kOk});
  EXPECT_FALSE(Arrives(kOther));
}

TEST_P(Control, ManyCommands) {
  Start(kControl);
  for (std::uint8_t i = 0; i < 255; ++i) ASSERT_EQ(Command({0, 0, std::uint8_t(i & 1)}), kOk);
  for (std::uint8_t i = 0; i < 255; ++i) ASSERT_EQ(Command({0, 0, std::uint8_t(i & 1)}), kOk);
}

/// IPv4 and UDP from a flow of its own.
Bytes FlowFrame(unsigned flow) {
  Bytes frame = MakeFrame(64, "52:54:00:12:34:56", 0x0800);
  std::fill(frame.begin() + 14, frame.end(), std::byte{0});
  frame[14] = std::byte{0x45};
  frame[23] = std::byte{17};
  frame[29] = std::byte(flow);
  frame[35] = std::byte(flow * 7);
  return frame;
}

TEST_P(Control, QueuePairs) {
  ASSERT_TRUE(rig_.Negotiate(kControl | VIRTIO_NET_F_MQ));
  std::vector<std::unique_ptr<TestQueue>> rx;
  for (std::uint16_t pair = 0; pair < 4; ++pair) {
    rx.push_back(rig_.Enable(static_cast<std::uint16_t>(2 * pair)));
    for (std::uint32_t i = 0; i < 100; ++i) rx.back()->PutEmpty(i);
  }
  const auto tx = rig_.Enable(3);
  index_ = 32;
  control_ = rig_.Enable(32);
  rig_.DriverOk();
  const auto queues_of = [&] {
    std::vector<std::size_t> queues;
    for (unsigned flow = 0; flow < 20; ++flow) {
      rig_.Send(FlowFrame(flow));
      for (std::size_t queue = 0; queue < rx.size(); ++queue) {
        if (rx[queue]->Take()) queues.push_back(queue);
      }
    }
    return queues;
  };
  EXPECT_EQ(queues_of(), std::vector<std::size_t>(20, 0)) << "one pair to begin with";
  rig_.PutFrame(*tx, 0, MakeFrame(60));
  rig_.Kick(3);
  EXPECT_TRUE(rig_.partner.frames.empty()) << "transmitq2 is not in use yet";

  EXPECT_EQ(Command({4, 0, 4, 0}), kOk);
  rig_.Kick(3);
  EXPECT_EQ(rig_.partner.frames.size(), 1u);
  const auto spread = queues_of();
  EXPECT_EQ(spread.size(), 20u);
  EXPECT_EQ(std::set(spread.begin(), spread.end()).size(), 4u) << "all queues get some";
  EXPECT_EQ(queues_of(), spread) << "a flow keeps its queue";
  rig_.Send(MakeFrame(60));
  EXPECT_TRUE(rx[0]->Take()) << "without a flow";

  for (const std::uint16_t pairs : {0, 17, 0x8000}) {
    EXPECT_EQ(Command({4, 0, std::uint8_t(pairs), std::uint8_t(pairs >> 8)}), kError) << pairs;
  }
  EXPECT_EQ(Command({4, 0, 1, 0}), kOk);
  EXPECT_EQ(queues_of(), std::vector<std::size_t>(20, 0));
}

INSTANTIATE_TEST_SUITE_P(Modes, Control,
                         testing::Values(Mode::kLegacy, Mode::kModern, Mode::kPacked),
                         [](const auto& info) { return ModeName(info.param); });

}  // namespace
}  // namespace ixylab::emulator::virtio_net
