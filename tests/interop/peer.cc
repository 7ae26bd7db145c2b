// A host of few words on this repository's driver, for a guest whose kernel drives the other port:
//
//   peer PCI_ADDRESS OPTION... IP...
//
// Takes the port from the kernel until the end of its input; answers ARP requests for its IPv4
// addresses, ICMP echo requests, and UDP datagrams with the same to their sender. OPTIONs:
//   checksum   the card checks checksums, and fills in those of IPv4 and UDP
//   vlan       the card takes tags out and puts them in: an answer has the tag of the question
//   mtu=N      bytes, 1500 at first
// Obeys lines on standard input, with a line of answer each; the first line says that the link is
// up:
//   ping IP COUNT SMALLEST LARGEST   echo requests, their data of all sizes (in steps of 37, modulo
//                                    how many there are): "sent N, back N", to the byte as they
//                                    were
//   udp IP COUNT SMALLEST LARGEST    datagrams to the discard port, which nobody listens at: "sent
//   N" tag VID                          of what it sends by itself from now on; 0: none counts what
//   it saw so far
#include <arpa/inet.h>
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "driver/open.h"
#include "driver/pci/pci.h"

namespace ixylab {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kIp = 14, kL4 = kIp + 20, kData = kL4 + 8;  // ICMP echo and UDP: 8 bytes
constexpr unsigned kIpv4Type = 0x0800, kArpType = 0x0806, kVlanType = 0x8100;
constexpr unsigned kIcmp = 1, kUdp = 17;
constexpr unsigned kEchoReply = 0, kEchoRequest = 8;
constexpr std::size_t kStep = 37;  // from one size to the next one
constexpr unsigned kDiscardPort = 9, kOwnPort = 4242, kEchoId = 0x1978;

unsigned Load8(const Bytes& frame, std::size_t at) { return std::to_integer<unsigned>(frame[at]); }
unsigned Load16(const Bytes& frame, std::size_t at) {
  return Load8(frame, at) << 8 | Load8(frame, at + 1);
}
std::uint32_t Load32(const Bytes& frame, std::size_t at) {
  return Load16(frame, at) << 16 | Load16(frame, at + 2);
}
void Store16(Bytes& frame, std::size_t at, unsigned value) {
  frame[at] = static_cast<std::byte>(value >> 8);
  frame[at + 1] = static_cast<std::byte>(value);
}
void Store32(Bytes& frame, std::size_t at, std::uint32_t value) {
  Store16(frame, at, value >> 16);
  Store16(frame, at + 2, value & 0xFFFF);
}
void Swap(Bytes& frame, std::size_t a, std::size_t b, std::size_t size) {
  std::swap_ranges(frame.begin() + a, frame.begin() + a + size, frame.begin() + b);
}

/// The one's complement sum (RFC 1071) of [begin, end), and `sum`; not complemented.
unsigned Sum(const Bytes& frame, std::size_t begin, std::size_t end, unsigned long sum = 0) {
  for (; begin + 1 < end; begin += 2) sum += Load16(frame, begin);
  if (begin < end) sum += Load8(frame, begin) << 8;
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<unsigned>(sum);
}
/// Of UDP's pseudo-header (RFC 768).
unsigned PseudoSum(const Bytes& frame) {
  return Sum(frame, kIp + 12, kL4, kUdp + (Load16(frame, kIp + 2) - (kL4 - kIp)));
}

class Peer {
 public:
  Peer(Device& port, MemoryPool& pool, std::vector<std::uint32_t> addresses, bool checksums)
      : port_(port), pool_(pool), addresses_(std::move(addresses)), checksums_(checksums) {}

  /// Answers a batch of frames, and returns how many there were.
  std::size_t Work() {
    std::array<PacketBuffer*, 32> packets;
    const std::size_t count = port_.Receive(0, packets);
    for (PacketBuffer* packet : std::span(packets).first(count)) {
      Bytes frame;
      const Offloads offloads = packet->offloads;
      for (PacketBuffer* part = packet; part != nullptr;) {
        frame.insert(frame.end(), part->data(), part->data() + part->size);
        PacketBuffer* const next = part->next;
        MemoryPool::Free(part);
        part = next;
      }
      Take(frame, offloads);
    }
    return count;
  }

  std::string Obey(const std::string& line) {
    std::istringstream words(line);
    std::string verb, to;
    words >> verb;
    if (verb == "counts") return Counts();
    if (verb == "tag") {
      words >> tag_;
      return "ok";
    }
    std::size_t count = 0, smallest = 0, largest = 0;
    words >> to >> count >> smallest >> largest;
    in_addr address;
    if (!words || smallest > largest || inet_pton(AF_INET, to.c_str(), &address) != 1) {
      return "what is " + line + "?";
    }
    if (!Resolve(ntohl(address.s_addr))) return "no answer to ARP";
    if (verb == "ping") return Ping(ntohl(address.s_addr), count, smallest, largest);
    if (verb == "udp") return SendDatagrams(ntohl(address.s_addr), count, smallest, largest);
    return "what is " + line + "?";
  }

 private:
  void Take(Bytes& frame, const Offloads& offloads) {
    if ((offloads.flags & Offloads::kVlan) != 0) ++counts_["tags"];
    if (frame.size() < kL4) return;
    switch (Load16(frame, 12)) {
      case kArpType:
        return TakeArp(frame, offloads);
      case kIpv4Type:
        return TakeIp(frame, offloads);
      case kVlanType:
        ++counts_["tagged"];
    }
  }

  /// RFC 826: operation at 6, sender's addresses at 8 and 14, target's at 18 and 24.
  void TakeArp(Bytes& frame, const Offloads& offloads) {
    if (frame.size() < kIp + 28) return;
    const unsigned operation = Load16(frame, kIp + 6);
    if (!Mine(Load32(frame, kIp + 24))) return;
    std::copy_n(frame.begin() + kIp + 8, 6, neighbours_[Load32(frame, kIp + 14)].begin());
    if (operation != 1) return;
    ++counts_["arp"];
    Store16(frame, kIp + 6, 2);
    Swap(frame, kIp + 8, kIp + 18, 10);
    SetOwnAddress(frame, kIp + 8);
    frame.resize(kIp + 28);
    Reply(frame, offloads);
  }

  void TakeIp(Bytes& frame, const Offloads& offloads) {
    const std::size_t end = kIp + Load16(frame, kIp + 2);
    if (Load8(frame, kIp) != 0x45 || end > frame.size() || end < kData) return;
    if ((Load16(frame, kIp + 6) & 0x3FFF) != 0) return;  // a fragment
    if (!Mine(Load32(frame, kIp + 16))) return;
    frame.resize(end);  // without padding
    const unsigned protocol = Load8(frame, kIp + 9);
    const bool udp = protocol == kUdp;
    if (!udp && protocol != kIcmp) return;
    if (Sum(frame, kIp, kL4) != 0xFFFF ||
        Sum(frame, kL4, end, udp ? PseudoSum(frame) : 0) != 0xFFFF) {
      ++counts_["bad"];
      return;
    }
    const unsigned good = Offloads::kIpChecksumGood | (udp ? Offloads::kL4ChecksumGood : 0);
    if (checksums_ && (offloads.flags & good) != good) ++counts_["unverified"];
    if (!udp && Load8(frame, kL4) == kEchoReply) return TakeEchoReply(frame);
    if (!udp && Load8(frame, kL4) != kEchoRequest) return;
    ++counts_[udp ? "udp" : "echo"];
    Swap(frame, kIp + 12, kIp + 16, 4);
    Offloads to_send = offloads;
    if (udp) {
      Swap(frame, kL4, kL4 + 2, 2);
      FillIn(frame, to_send);
    } else {
      Store16(frame, kL4, kEchoReply << 8);
      FillIn(frame, to_send);
    }
    Reply(frame, to_send);
  }

  void TakeEchoReply(const Bytes& frame) {
    if (Load16(frame, kL4 + 4) != kEchoId) return;
    const auto request = requests_.find(Load16(frame, kL4 + 6));
    if (request == requests_.end()) {
      ++needless_replies_;
      return;
    }
    if (std::equal(frame.begin() + kData, frame.end(), request->second.begin(),
                   request->second.end())) {
      ++replies_;
    } else {
      ++counts_["bad"];
    }
    requests_.erase(request);
  }

  /// Checksums, or what the card needs to fill them in.
  void FillIn(Bytes& frame, Offloads& offloads) const {
    const bool udp = Load8(frame, kIp + 9) == kUdp;
    const std::size_t at = udp ? kL4 + 6 : kL4 + 2;
    Store16(frame, kIp + 10, 0);
    Store16(frame, at, 0);
    const unsigned pseudo = udp ? PseudoSum(frame) : 0;
    offloads.flags &= Offloads::kVlan;
    if (checksums_) {
      offloads.flags |= Offloads::kIpv4Checksum;
      offloads.network_at = kIp;
      offloads.transport_at = kL4;
    } else {
      Store16(frame, kIp + 10, ~Sum(frame, kIp, kL4) & 0xFFFF);
    }
    if (checksums_ && udp) {
      offloads.flags |= Offloads::kUdpChecksum;
      Store16(frame, at, pseudo);
    } else {
      const unsigned sum = ~Sum(frame, kL4, frame.size(), pseudo) & 0xFFFF;
      Store16(frame, at, udp && sum == 0 ? 0xFFFF : sum);
    }
  }

  void Reply(Bytes& frame, const Offloads& offloads) {
    std::copy_n(frame.begin() + 6, 6, frame.begin());
    SetOwnAddress(frame, 6);
    Send(frame, offloads);
  }

  /// Waits for room, but no longer than a second: the frame is lost then.
  void Send(const Bytes& frame, const Offloads& offloads) {
    PacketBuffer* first = nullptr;
    PacketBuffer** link = &first;
    for (std::size_t at = 0; at < frame.size(); at += (*link)->size, link = &(*link)->next) {
      PacketBuffer* const buffer = pool_.Allocate();
      if (buffer == nullptr) throw DeviceError("the pool has no buffer left");
      buffer->size = static_cast<std::uint32_t>(
          std::min<std::size_t>(frame.size() - at, PacketBuffer::kCapacity));
      std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(at), buffer->size, buffer->data());
      *link = buffer;
    }
    first->offloads = offloads;
    const auto deadline = steady_clock::now() + 1s;
    while (port_.Transmit(0, {&first, 1}) == 0) {
      if (steady_clock::now() > deadline) throw DeviceError("no room for a frame within 1 s");
    }
  }

  Offloads Tag() const {
    Offloads offloads;
    if (tag_ != 0) offloads.flags = Offloads::kVlan;
    offloads.vlan = static_cast<std::uint16_t>(tag_);
    return offloads;
  }

  /// Whether the Ethernet address of `to` is known, after 3 s at most.
  bool Resolve(std::uint32_t to) {
    neighbours_.erase(to);
    const auto start = steady_clock::now();
    for (auto next = start; steady_clock::now() < start + 3s;) {
      if (steady_clock::now() >= next) {
        next += 300ms;
        Bytes frame(kIp + 28);
        std::fill_n(frame.begin(), 6, std::byte{0xFF});
        SetOwnAddress(frame, 6);
        Store16(frame, 12, kArpType);
        Store32(frame, kIp, 1 << 16 | kIpv4Type);
        Store32(frame, kIp + 4, 0x0604'0001);
        SetOwnAddress(frame, kIp + 8);
        Store32(frame, kIp + 14, SourceFor(to));
        Store32(frame, kIp + 24, to);
        Send(frame, Tag());
      }
      Work();
      if (neighbours_.contains(to)) return true;
    }
    return false;
  }

  /// A frame of `size` bytes of data behind 8 bytes of header.
  Bytes Datagram(std::uint32_t to, unsigned protocol, std::size_t size) {
    Bytes frame(kData + size);
    std::copy_n(neighbours_[to].begin(), 6, frame.begin());
    SetOwnAddress(frame, 6);
    Store16(frame, 12, kIpv4Type);
    Store16(frame, kIp, 0x4500);
    Store16(frame, kIp + 2, static_cast<unsigned>(frame.size() - kIp));
    Store16(frame, kIp + 8, 64 << 8 | protocol);
    Store32(frame, kIp + 12, SourceFor(to));
    Store32(frame, kIp + 16, to);
    for (std::size_t i = 0; i < size; ++i) frame[kData + i] = static_cast<std::byte>(7 * i + size);
    return frame;
  }

  void SendEchoRequest(std::uint32_t to, unsigned number, std::size_t size) {
    Bytes frame = Datagram(to, kIcmp, size);
    Store16(frame, kL4, kEchoRequest << 8);
    Store16(frame, kL4 + 4, kEchoId);
    Store16(frame, kL4 + 6, number);
    Offloads offloads = Tag();
    FillIn(frame, offloads);
    requests_[number] = Bytes(frame.begin() + kData, frame.end());
    Send(frame, offloads);
  }

  /// Asks again what is not answered for a while: a kernel leaves requests unanswered while its own
  /// replies wait for their card (and counts them, as Icmp:OutErrors). "again": how often; "twice":
  /// how many of these answers came after all.
  std::string Ping(std::uint32_t to, std::size_t count, std::size_t smallest, std::size_t largest) {
    constexpr auto kPatience = 500ms;
    // The kernel's socket for echo replies holds some hundred kilobytes of buffers: jumbo frames
    // take two or three times their length.
    const std::size_t window = largest > 1500 ? 4 : 16;
    replies_ = 0;
    needless_replies_ = 0;
    requests_.clear();
    std::size_t sent = 0, again = 0;
    auto progress = steady_clock::now(), asked = progress;
    while (steady_clock::now() < progress + 6 * kPatience) {
      if (sent < count && requests_.size() < window) {
        SendEchoRequest(to, sent & 0xFFFF, smallest + kStep * sent % (largest - smallest + 1));
        ++sent;
      }
      const std::size_t before = replies_;
      Work();
      const auto now = steady_clock::now();
      if (replies_ != before) progress = asked = now;
      if (sent == count && requests_.empty() &&
          (again == needless_replies_ || now > progress + kPatience)) {
        break;
      }
      if (now < asked + kPatience) continue;
      asked = now;
      again += requests_.size();
      for (const auto& [number, data] : requests_) SendEchoRequest(to, number, data.size());
    }
    return "sent " + std::to_string(sent) + ", back " + std::to_string(replies_) + ", again " +
           std::to_string(again) + ", twice " + std::to_string(needless_replies_);
  }

  std::string SendDatagrams(std::uint32_t to, std::size_t count, std::size_t smallest,
                            std::size_t largest) {
    for (std::size_t i = 0; i < count; ++i) {
      Bytes frame = Datagram(to, kUdp, smallest + kStep * i % (largest - smallest + 1));
      Store16(frame, kL4, kOwnPort);
      Store16(frame, kL4 + 2, kDiscardPort);
      Store16(frame, kL4 + 4, static_cast<unsigned>(frame.size() - kL4));
      Offloads offloads = Tag();
      FillIn(frame, offloads);
      Send(frame, offloads);
      if (i % 32 == 31) Ping(to, 1, 0, 0);  // not faster than the other end
    }
    return "sent " + std::to_string(count);
  }

  std::string Counts() const {
    std::string text = "seen:";
    for (const auto& [name, count] : counts_) text += " " + name + " " + std::to_string(count);
    return text;
  }

  bool Mine(std::uint32_t address) const {
    return std::ranges::find(addresses_, address) != addresses_.end();
  }
  /// The own address in the same /24, or the first one.
  std::uint32_t SourceFor(std::uint32_t to) const {
    for (const std::uint32_t own : addresses_) {
      if ((own ^ to) < 256) return own;
    }
    return addresses_.front();
  }
  void SetOwnAddress(Bytes& frame, std::size_t at) const {
    std::ranges::transform(port_.mac_address(), frame.begin() + static_cast<std::ptrdiff_t>(at),
                           [](std::uint8_t byte) { return std::byte{byte}; });
  }

  Device& port_;
  MemoryPool& pool_;
  const std::vector<std::uint32_t> addresses_;
  const bool checksums_;
  unsigned tag_ = 0;
  std::map<std::string, std::uint64_t> counts_;
  std::map<std::uint32_t, std::array<std::byte, 6>> neighbours_;
  std::map<unsigned, Bytes> requests_;  // echo requests under way: their data by sequence number
  std::size_t replies_ = 0, needless_replies_ = 0;
};

void Run(std::span<char*> arguments) {
  DeviceConfig config;
  config.promiscuous = false;
  std::vector<std::uint32_t> addresses;
  for (const std::string_view word : arguments.subspan(1)) {
    in_addr address;
    if (word == "checksum") {
      config.checksum_offload = true;
    } else if (word == "vlan") {
      config.vlan_offload = true;
    } else if (word.starts_with("mtu=")) {
      config.max_frame_size = kIp + static_cast<unsigned>(std::atoi(word.data() + 4));
    } else if (inet_pton(AF_INET, word.data(), &address) == 1) {
      addresses.push_back(ntohl(address.s_addr));
    } else {
      throw DeviceError("what is " + std::string(word) + "?");
    }
  }
  if (addresses.empty()) throw DeviceError("an IPv4 address is needed");

  HugepageMemory memory;
  MemoryPool pool(memory, 4096);
  config.pools = {&pool};
  const std::unique_ptr<Device> port = Open(arguments[0], memory, config);
  if (!port->WaitForLink(10s)) throw DeviceError("no link within 10 s");
  std::cout << "ready" << std::endl;

  Peer peer(*port, pool, addresses, config.checksum_offload);
  std::string line;
  for (int idle = 0;;) {
    idle = peer.Work() > 0 ? 0 : idle + 1;
    pollfd input = {.fd = 0, .events = POLLIN, .revents = 0};
    const timespec wait = {.tv_sec = 0, .tv_nsec = idle < 1000 ? 0 : 200'000};
    if (ppoll(&input, 1, &wait, nullptr) <= 0) continue;
    if (!std::getline(std::cin, line)) return;
    std::cout << peer.Obey(line) << std::endl;
  }
}

}  // namespace
}  // namespace ixylab

int main(int argc, char** argv) try {
  if (argc < 3) throw ixylab::DeviceError("usage: peer PCI_ADDRESS OPTION... IP...");
  ixylab::Run(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "peer: %s\n", error.what());
  return 1;
}
