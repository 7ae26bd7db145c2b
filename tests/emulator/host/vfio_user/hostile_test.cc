#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <string>

#include "tests/emulator/host/vfio_user/client.h"

namespace ixylab::emulator {
namespace {

constexpr std::uint64_t kSeed = 4242;

/// Does the server still do what it is for?
void ExpectAlive(Rig& rig) {
  Client client = rig.Negotiated();
  EXPECT_EQ(client.ReadRegister(kConfig, 0), 0x10FB8086u);
  client.WriteRegister(0, 8, 77);
  EXPECT_EQ(client.ReadRegister(0, 8), 77u);
}

Bytes Header(std::uint16_t command, std::uint32_t size, std::uint32_t flags = 0) {
  return Pack(std::uint16_t{1}, command, size, flags, std::uint32_t{0});
}

TEST(Hostile, SizesThatCannotBe) {
  for (const std::uint32_t size : {0u, 1u, 15u, 2u << 20, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
    Rig rig;
    Client client = rig.Negotiated();
    client.SendBytes(Header(kRegionRead, size));
    EXPECT_TRUE(client.HungUp()) << size;
    ASSERT_EQ(rig.comings.size(), 2u);
    EXPECT_EQ(rig.comings[1], "port 0 gone: sent a message of " + std::to_string(size) + " bytes");
    ExpectAlive(rig);
  }
}

TEST(Hostile, PayloadsThatAreTooShort) {
  Rig rig;
  Client client = rig.Negotiated();
  for (std::uint16_t command = 0; command < 20; ++command) {
    if (command == kReset) continue;  // has none
    for (const std::size_t size : {0u, 1u, 3u, 7u}) {
      EXPECT_NE(client.Call(command, Bytes(size)).error, 0) << command << " " << size;
    }
  }
  EXPECT_EQ(client.ReadRegister(kConfig, 0), 0x10FB8086u);
  EXPECT_LE(rig.log.size(), 101u) << "and does not fill the disk with its log";
}

TEST(Hostile, EveryCommandInEverySize) {
  Rig rig;
  Client client = rig.Negotiated();
  for (std::uint16_t command = 0; command < 24; ++command) {
    for (std::size_t size = 0; size <= 100; ++size) {
      for (const std::byte fill : {std::byte{0}, std::byte{0xFF}}) {
        const auto answer = client.Call(command, Bytes(size, fill));
        ASSERT_EQ(answer.flags & kReply, kReply) << command << " " << size;
      }
    }
  }
  EXPECT_EQ(client.ReadRegister(kConfig, 0), 0x10FB8086u);
}

TEST(Hostile, ALargeMessageIsTakenAndRefused) {
  Rig rig;
  Client client = rig.Negotiated();
  const Bytes megabyte(1 << 20);
  const std::uint32_t count = 1 << 20;
  client.SendBytes(Header(kRegionWrite, 32 + count));
  client.SendBytes(Pack(std::uint64_t{0}, std::uint32_t{0}, count));
  for (std::size_t sent = 0; sent < megabyte.size(); sent += 4096) {
    ASSERT_TRUE(client.SendBytes(std::span(megabyte).subspan(sent, 4096)));
    client.Settle();
  }
  EXPECT_NE(client.Receive()->error, 0);
  EXPECT_EQ(client.ReadRegister(kConfig, 0), 0x10FB8086u);
}

TEST(Hostile, AccessesOfEverySizeAroundEveryEnd) {
  Rig rig;
  Client client = rig.Negotiated();
  const auto read = [&](std::uint64_t offset, std::uint32_t region, std::uint32_t bytes) {
    return client.Call(kRegionRead, Pack(offset, region, bytes));
  };
  const auto write = [&](std::uint64_t offset, std::uint32_t region, std::uint32_t bytes) {
    Bytes payload = Pack(offset, region, bytes);
    payload.resize(payload.size() + bytes, std::byte{0xFF});
    return client.Call(kRegionWrite, payload);
  };
  for (std::uint32_t region = 0; region < 12; ++region) {
    const std::uint64_t size = region < 9 ? rig.functions[0]->RegionBytes(region) : 0;
    for (std::uint32_t bytes = 0; bytes <= 17; ++bytes) {
      for (const std::uint64_t offset :
           {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{3}, size - 8, size - 4, size - 1,
            size, size + 1, std::uint64_t{1} << 32, ~std::uint64_t{0}, ~std::uint64_t{7}}) {
        const bool inside = region < 9 && offset <= size && bytes <= size - offset;
        const auto answer = read(offset, region, bytes);
        EXPECT_EQ(answer.ok(), inside) << region << " " << offset << " " << bytes;
        if (inside) {
          EXPECT_EQ(answer.payload.size(), 16 + bytes);
        }
        if (region != kConfig) {
          EXPECT_EQ(write(offset, region, bytes).ok(), inside);
        }
      }
    }
  }
  for (const auto& access : rig.functions[0]->accesses) {
    EXPECT_TRUE(access.bytes == 1 || access.bytes == 2 || access.bytes == 4);
    EXPECT_EQ(access.offset % access.bytes, 0u) << "aligned, whatever the client's were";
  }
  EXPECT_EQ(client.ReadRegister(kConfig, 0), 0x10FB8086u);
}

TEST(Hostile, RepliesAreNotExpectedFromAClient) {
  Rig rig;
  Client client = rig.Negotiated();
  client.Send(kRegionRead, Pack(std::uint64_t{0}, kConfig, std::uint32_t{4}), {}, kReply);
  EXPECT_EQ(client.ReadRegister(kConfig, 0), 0x10FB8086u);
  EXPECT_TRUE(rig.functions[0]->accesses.empty());
}

TEST(Hostile, DescriptorsThatNobodyAskedForAreClosed) {
  Rig rig;
  Client client = rig.Negotiated();
  const Memory memory(4096);
  const std::size_t before = OpenDescriptors();
  const std::vector<int> many(253, memory.fd());
  EXPECT_NE(client.Call(kReset, {}, many).error, 0) << "more than max_msg_fds";
  EXPECT_TRUE(client.Call(kReset, {}, std::span(many).first(16)).ok());
  EXPECT_NE(client
                .Call(kDmaMap, Pack(32, 3, std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{4096}),
                      std::span(many).first(2))
                .error,
            0);
  EXPECT_NE(client.SetIrqs(kMsix, kEventfd | kTrigger, 0, 1, std::span(many).first(1)), 0);
  for (int i = 0; i < 10; ++i) {
    client.Send(kRegionRead, Pack(std::uint64_t{0}, kConfig, std::uint32_t{4}),
                std::span(many).first(10));
    EXPECT_TRUE(client.Receive()->ok());
  }
  // With a message that never ends.
  client.SendBytes(Header(kReset, 17), many);
  client.Settle();
  EXPECT_EQ(OpenDescriptors(), before + many.size());
  client.HangUp();
  client.Settle();
  EXPECT_EQ(OpenDescriptors(), before - 2) << "and the two ends of the socket";
}

TEST(Hostile, AClientCannotStayBySendingItsOwnEnd) {
  Rig rig;
  {
    Client client = rig.Negotiated();
    const int own = client.fd();
    client.SendBytes(Header(kReset, 17), std::span(&own, 1));  // of which a byte is missing
  }
  while (rig.host.Step(Nanoseconds{0})) {
  }
  EXPECT_FALSE(rig.host.connected(0));
  ExpectAlive(rig);
}

TEST(Hostile, DisconnectingAnywhereLeavesNothing) {
  Rig rig;
  const Memory memory(4096);
  const std::size_t before = OpenDescriptors();
  const Bytes message = Pack(std::uint16_t{1}, kRegionRead, std::uint32_t{32}, std::uint64_t{0},
                             std::uint64_t{0}, kConfig, std::uint32_t{4});
  for (std::size_t cut = 0; cut < message.size(); ++cut) {
    Client client = rig.Negotiated();
    ASSERT_EQ(client.Map(0, 4096, memory.fd()), 0);
    const FileDescriptor event = MakeEventfd(0);
    const int fd = event.get();
    ASSERT_EQ(client.SetIrqs(kMsix, kEventfd | kTrigger, 0, 1, std::span(&fd, 1)), 0);
    client.SendBytes(std::span(message).first(cut));
    client.HangUp();
    client.Settle();
    EXPECT_FALSE(rig.host.connected(0));
    EXPECT_EQ(rig.host.Map(0, 0).size, 0u);
  }
  EXPECT_EQ(OpenDescriptors(), before);
  EXPECT_EQ(rig.functions[0]->resets, message.size());
  ExpectAlive(rig);
}

TEST(Hostile, MemoryThatIsTakenAway) {
  Rig rig(2);
  Client other = rig.Negotiated(1);
  for (const bool write : {false, true}) {
    Client client = rig.Negotiated();
    const Memory memory(4 * 4096);
    ASSERT_EQ(client.Map(0, 4096, memory.fd()), 0);
    ASSERT_EQ(client.Map(1 << 20, 2 * 4096, memory.fd(), 2 * 4096), 0);
    memory.bytes()[3 * 4096] = std::byte{1};
    ASSERT_EQ(ftruncate(memory.fd(), 4096), 0);
    Dma dma(rig.host, 0);
    Bytes buffer(4096, std::byte{7});
    bool done = false;
    rig.functions[0]->work = 1;
    rig.functions[0]->at_work = [&] {
      done = write ? dma.Write((1 << 20) + 4096, buffer) : dma.Read((1 << 20) + 4096, buffer);
    };
    client.Send(kRegionRead, Pack(std::uint64_t{0}, kConfig, std::uint32_t{4}));
    EXPECT_TRUE(client.HungUp());
    EXPECT_TRUE(done);
    EXPECT_TRUE(write || buffer == Bytes(4096));
    EXPECT_EQ(rig.comings.back(), "port 0 gone: took memory away that it had shared");
  }
  EXPECT_EQ(other.ReadRegister(kConfig, 0), 0x10FB8086u);
  ExpectAlive(rig);
}

TEST(Hostile, MemoryThatIsTakenAwayAndNotAccessedIsNoMatter) {
  Rig rig;
  Client client = rig.Negotiated();
  const Memory memory(2 * 4096);
  ASSERT_EQ(client.Map(0, 2 * 4096, memory.fd()), 0);
  ASSERT_EQ(ftruncate(memory.fd(), 4096), 0);
  EXPECT_EQ(client.ReadRegister(kConfig, 0), 0x10FB8086u);
  // And what is punched out of a file is still there, and reads 0.
  memory.bytes()[0] = std::byte{1};
  ASSERT_EQ(fallocate(memory.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
  Bytes buffer(8, std::byte{7});
  rig.functions[0]->work = 1;
  rig.functions[0]->at_work = [&] { Dma(rig.host, 0).Read(0, buffer); };
  EXPECT_EQ(client.ReadRegister(kConfig, 0), 0x10FB8086u);
  EXPECT_EQ(buffer, Bytes(8));
  EXPECT_TRUE(rig.host.connected(0));
}

TEST(HostileDeathTest, AnAccessToOtherMemoryIsFatalAsEver) {
  Rig rig;
  const Memory memory(4096);
  ASSERT_EQ(ftruncate(memory.fd(), 0), 0);
  // AddressSanitizer reports it and exits.
  EXPECT_DEATH(memory.bytes()[0] = std::byte{1}, "");
}

TEST(Hostile, RandomBytes) {
  Rig rig;
  std::mt19937_64 random(kSeed);
  const std::size_t before = OpenDescriptors();
  for (std::size_t sent = 0; sent < 100'000;) {
    Client client = random() % 2 == 0 ? rig.Connect() : rig.Negotiated();
    while (rig.host.connected(0) && sent < 100'000) {
      Bytes bytes(random() % 300);
      for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
      client.SendBytes(bytes);
      sent += bytes.size();
      client.Settle();
      if (random() % 64 == 0) client.HangUp();
    }
    client.Settle();
  }
  ExpectAlive(rig);
  Client(rig.Connect()).HangUp();
  while (rig.host.connected(0)) rig.host.Step(Nanoseconds{0});
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(Hostile, MessagesThatLookRight) {
  // Right headers, commands and lengths; the rest is random, with a preference for the numbers
  // around which code goes wrong.
  Rig rig;
  std::mt19937_64 random(kSeed);
  const Memory memory(16 * 4096);
  const FileDescriptor event = MakeEventfd(EFD_NONBLOCK);
  const auto number = [&]() -> std::uint32_t {
    constexpr std::uint32_t kEdges[] = {0, 1, 2, 3, 4, 7, 16, 24, 32, 4096, 0x80000000, ~0u};
    return random() % 4 != 0 ? kEdges[random() % std::size(kEdges)]
                             : static_cast<std::uint32_t>(random());
  };
  std::vector<std::uint16_t> seen;
  Bytes buffer(64);
  for (int session = 0; session < 20; ++session) {
    Client client = rig.Negotiated();
    for (int i = 0; i < 500; ++i) {
      const auto command = static_cast<std::uint16_t>(random() % 20);
      std::vector<int> fds(random() % 3, random() % 2 == 0 ? memory.fd() : event.get());
      Bytes payload;
      for (std::size_t words = random() % 12; words > 0; --words) {
        const Bytes word = Pack(number());
        payload.insert(payload.end(), word.begin(), word.end());
      }
      // By chance these would hardly ever be in order.
      if (command == kDmaMap && random() % 2 == 0) {
        const auto page = [&] { return std::uint64_t{4096} * (random() % 12); };
        payload = Pack(std::uint32_t{32}, number(), page(), page(), page());
      } else if (command == kSetIrqs && random() % 2 == 0) {
        const auto small = [&] { return static_cast<std::uint32_t>(random() % 6); };
        payload = Pack(std::uint32_t{20}, 1u << random() % 3 | 8u << random() % 3, small(), small(),
                       small());
      }
      const auto answer = client.Call(command, payload, fds);
      ASSERT_TRUE((answer.flags & kReply) != 0) << "session " << session << " message " << i;
      if (answer.ok()) seen.push_back(command);
      rig.host.RaiseVector(0, static_cast<unsigned>(random() % 5));
      rig.host.SetIntx(0, random() % 2 == 0);
      Dma(rig.host, 0).Read(random() % 2 == 0 ? 0 : random(), buffer);
    }
    client.HangUp();
    client.Settle();
  }
  // Else this would test only refusals.
  for (const std::uint16_t command : {kDmaMap, kDmaUnmap, kGetInfo, kGetRegionInfo, kGetIrqInfo,
                                      kSetIrqs, kRegionRead, kRegionWrite, kReset}) {
    EXPECT_TRUE(std::ranges::find(seen, command) != seen.end()) << command;
  }
  ExpectAlive(rig);
}

}  // namespace
}  // namespace ixylab::emulator
