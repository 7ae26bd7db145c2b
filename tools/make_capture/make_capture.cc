// Makes a capture of a few hundred packets as a small network carries them: the same bytes each
// time.
//
//   make_capture FILE
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <random>
#include <span>
#include <string>

#include "emulator/wire/pcap/pcap_recorder.h"
#include "tools/make_capture/packets.h"

namespace ixylab::make_capture {
namespace {

using namespace std::chrono_literals;

// Addresses for documentation (RFC 5737, RFC 3849, RFC 9542).
constexpr Station kClient = {.mac = {0x00, 0x00, 0x5E, 0x00, 0x53, 0x01},
                             .ipv4 = {192, 0, 2, 1},
                             .ipv6 = {0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
constexpr Station kServer = {.mac = {0x00, 0x00, 0x5E, 0x00, 0x53, 0x02},
                             .ipv4 = {192, 0, 2, 2},
                             .ipv6 = {0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
// The groups in which kServer listens for neighbor solicitations, and everybody for mDNS.
constexpr Station kServerNodes = {
    .mac = {0x33, 0x33, 0xFF, 0x00, 0x00, 0x02},
    .ipv6 = {0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0, 0, 2}};
constexpr Station kMdns = {.mac = {0x01, 0x00, 0x5E, 0x00, 0x00, 0xFB}, .ipv4 = {224, 0, 0, 251}};
constexpr Station kEverybody = {.mac = kBroadcast, .ipv4 = {255, 255, 255, 255}};

constexpr std::size_t kSegmentSize = 1460;  // what fills a frame of 1514 bytes over IPv4

enum class Ip { kV4, kV6 };

/// The file, and the time that passes while it is made.
class Capture {
 public:
  explicit Capture(const std::string& path) : recorder_(path, [this] { return now_; }) {}

  void Add(const Bytes& frame) {
    now_ += 20us + frame.size() * 1ns;
    recorder_.OnFrame({.bytes = std::as_bytes(std::span(frame))});
  }
  void Close() { recorder_.Close(); }

 private:
  std::chrono::nanoseconds now_ = 1'700'000'000s;
  emulator::PcapRecorder recorder_;
};

/// `size` bytes of no meaning.
Bytes Filler(std::size_t size) {
  std::minstd_rand random(static_cast<unsigned>(size + 1));
  Bytes bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// --- frames from one station to another ---

Bytes Addresses(Ip ip, const Station& from, const Station& to) {
  return ip == Ip::kV4 ? PseudoHeader(from.ipv4, to.ipv4) : PseudoHeader(from.ipv6, to.ipv6);
}

Bytes IpFrame(Ip ip, const Station& from, const Station& to, std::uint8_t protocol,
              const Bytes& segment, std::uint8_t hops = 64) {
  return ip == Ip::kV4
             ? Ethernet(to.mac, from.mac, kIpv4, Ipv4(from.ipv4, to.ipv4, protocol, segment, hops))
             : Ethernet(to.mac, from.mac, kIpv6, Ipv6(from.ipv6, to.ipv6, protocol, segment, hops));
}

Bytes UdpFrame(Ip ip, const Station& from, std::uint16_t from_port, const Station& to,
               std::uint16_t to_port, const Bytes& payload, std::uint8_t hops = 64) {
  return IpFrame(ip, from, to, kUdp, Udp(Addresses(ip, from, to), from_port, to_port, payload),
                 hops);
}

Bytes EchoFrame(Ip ip, const Station& from, const Station& to, bool reply, const Bytes& data) {
  const Bytes body = Be16(77) + Be16(1) + data;  // identifier, sequence number
  return ip == Ip::kV4 ? IpFrame(ip, from, to, kIcmp, Icmp(reply ? 0 : 8, body))
                       : IpFrame(ip, from, to, kIcmpv6,
                                 Icmpv6(Addresses(ip, from, to), reply ? 129 : 128, body));
}

// --- scenes ---

void FindNeighbors(Capture& capture) {
  capture.Add(Ethernet(kBroadcast, kClient.mac, kArp,
                       Arp(ArpOperation::kRequest, kClient, Mac{}, kServer.ipv4)));
  capture.Add(Ethernet(kClient.mac, kServer.mac, kArp,
                       Arp(ArpOperation::kReply, kServer, kClient.mac, kClient.ipv4)));

  // RFC 4861: a solicitation with the source's, an advertisement with the target's link address.
  constexpr std::uint8_t kHops = 255;
  const Bytes target = AddressBytes(kServer.ipv6);
  const Bytes source_option = Be16(0x0101) + AddressBytes(kClient.mac);
  const Bytes target_option = Be16(0x0201) + AddressBytes(kServer.mac);
  constexpr std::uint32_t kSolicitedOverride = 0x6000'0000;
  capture.Add(IpFrame(
      Ip::kV6, kClient, kServerNodes, kIcmpv6,
      Icmpv6(Addresses(Ip::kV6, kClient, kServerNodes), 135, Be32(0) + target + source_option),
      kHops));
  capture.Add(IpFrame(Ip::kV6, kServer, kClient, kIcmpv6,
                      Icmpv6(Addresses(Ip::kV6, kServer, kClient), 136,
                             Be32(kSolicitedOverride) + target + target_option),
                      kHops));
}

void AskForAnAddress(Capture& capture) {
  // A DHCP discover (RFC 2131) from a machine that has no address yet.
  const Station nobody = {.mac = kClient.mac};
  const Bytes message = Be32(0x0101'0600) + Be32(0x1234'5678) + Be32(0x0000'8000) +
                        Bytes(16, '\0') + AddressBytes(kClient.mac) + Bytes(10 + 64 + 128, '\0') +
                        Be32(0x6382'5363) + Bytes("\x35\x01\x01\xFF") + Bytes(56, '\0');
  capture.Add(UdpFrame(Ip::kV4, nobody, 68, kEverybody, 67, message));
}

void ResolveNames(Capture& capture) {
  const Bytes name("\7example\3com\0", 13);
  const auto header = [](std::uint32_t flags, std::uint32_t answers) {
    return Be16(0x2A2A) + Be16(flags) + Be16(1) + Be16(answers) + Be32(0);
  };
  const auto ask = [&](Ip ip, std::uint32_t type, const Bytes& address) {
    const Bytes question = name + Be16(type) + Be16(1);
    const Bytes answer = Be16(0xC00C) + Be16(type) + Be16(1) + Be32(3600) +
                         Be16(static_cast<std::uint32_t>(address.size())) + address;
    capture.Add(UdpFrame(ip, kClient, 40'000, kServer, 53, header(0x0100, 0) + question));
    capture.Add(UdpFrame(ip, kServer, 53, kClient, 40'000, header(0x8180, 1) + question + answer));
  };
  ask(Ip::kV4, 1, AddressBytes(kServer.ipv4));
  ask(Ip::kV6, 28, AddressBytes(kServer.ipv6));

  const Bytes service("\x9_services\x7_dns-sd\x4_udp\x5local\0", 30);
  capture.Add(UdpFrame(Ip::kV4, kClient, 5353, kMdns, 5353,
                       Be32(0) + Be16(1) + Be16(0) + Be32(0) + service + Be16(12) + Be16(1), 255));
}

void Ping(Capture& capture) {
  for (const Ip ip : {Ip::kV4, Ip::kV6}) {
    for (const std::size_t size : {0, 8, 56, 512, 1400}) {
      const Bytes data = Filler(size);
      capture.Add(EchoFrame(ip, kClient, kServer, false, data));
      capture.Add(EchoFrame(ip, kServer, kClient, true, data));
      capture.Add(Tagged(5, 100, EchoFrame(ip, kClient, kServer, false, data)));
      capture.Add(Tagged(5, 100, EchoFrame(ip, kServer, kClient, true, data)));
    }
  }
}

/// A TCP connection from kClient to kServer.
class Connection {
 public:
  Connection(Capture& capture, Ip ip, std::uint16_t client_port, std::uint16_t server_port)
      : capture_(capture),
        ip_(ip),
        client_{.station = kClient, .port = client_port, .next = 1'000'000},
        server_{.station = kServer, .port = server_port, .next = 4'294'960'000} {}  // wraps soon

  void Open() {
    capture_.Add(Segment(client_, kSyn, ""));
    capture_.Add(Segment(server_, kSyn | kAck, ""));
    capture_.Add(Segment(client_, kAck, ""));
  }
  void Ask(const Bytes& request) {
    capture_.Add(Segment(client_, kPsh | kAck, request));
    capture_.Add(Segment(server_, kAck, ""));
  }
  void Answer(const Bytes& data) {
    const std::size_t segment_size = ip_ == Ip::kV4 ? kSegmentSize : kSegmentSize - 20;
    for (std::size_t at = 0; at < data.size(); at += segment_size) {
      capture_.Add(Segment(server_, kAck, data.substr(at, segment_size)));
      capture_.Add(Segment(client_, kAck, ""));
    }
  }
  void Close() {
    capture_.Add(Segment(client_, kFin | kAck, ""));
    capture_.Add(Segment(server_, kFin | kAck, ""));
    capture_.Add(Segment(client_, kAck, ""));
  }

  /// The next frame of a bulk transfer from the client.
  Bytes Data(const Bytes& data) { return Segment(client_, kPsh | kAck, data); }

 private:
  struct Side {
    Station station;
    std::uint16_t port;
    std::uint32_t next;  // sequence number
  };

  Bytes Segment(Side& from, std::uint8_t flags, const Bytes& data) {
    const Side& to = &from == &client_ ? server_ : client_;
    const TcpHeader header{.from_port = from.port,
                           .to_port = to.port,
                           .sequence = from.next,
                           .acknowledge = (flags & kAck) != 0 ? to.next : 0,
                           .flags = flags};
    from.next += static_cast<std::uint32_t>(data.size()) + ((flags & (kSyn | kFin)) != 0 ? 1 : 0);
    return IpFrame(ip_, from.station, to.station, kTcp,
                   Tcp(Addresses(ip_, from.station, to.station), header, data));
  }

  Capture& capture_;
  Ip ip_;
  Side client_;
  Side server_;
};

void Browse(Capture& capture, Ip ip, std::uint16_t client_port) {
  Connection connection(capture, ip, client_port, 80);
  connection.Open();
  connection.Ask("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
  connection.Answer(
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
      "Content-Length: 20000\r\n\r\n" +
      Filler(20'000));
  connection.Close();
}

/// Frames of all sizes from 60 to 1514 in even steps, in no order, of each kind in turn.
void AllSizes(Capture& capture) {
  constexpr std::size_t kSmallest = 60;
  constexpr std::size_t kLargest = 1514;
  constexpr std::size_t kFrames = 209;
  constexpr std::size_t kStride = 89;  // shares no divisor with kFrames: each size comes once

  Connection upload(capture, Ip::kV4, 40'003, 9000);
  upload.Open();
  for (std::size_t i = 0; i < kFrames; ++i) {
    const std::size_t place = i * kStride % kFrames;
    const std::size_t size = kSmallest + (kLargest - kSmallest) * place / (kFrames - 1);
    switch (i % 5) {
      case 0:
        capture.Add(UdpFrame(Ip::kV4, kClient, 40'001, kServer, 9001, Filler(size - 42)));
        break;
      case 1:
        capture.Add(upload.Data(Filler(size - 54)));
        break;
      case 2:
        capture.Add(UdpFrame(Ip::kV6, kServer, 9002, kClient, 40'002, Filler(size - 62)));
        break;
      case 3:
        capture.Add(
            Tagged(5, 100, UdpFrame(Ip::kV4, kServer, 9001, kClient, 40'001, Filler(size - 46))));
        break;
      case 4:
        capture.Add(EchoFrame(Ip::kV4, kClient, kServer, false, Filler(size - 42)));
        break;
    }
  }
  upload.Close();
}

void Make(const std::string& path) {
  Capture capture(path);
  FindNeighbors(capture);
  AskForAnAddress(capture);
  ResolveNames(capture);
  Ping(capture);
  Browse(capture, Ip::kV4, 40'010);
  Browse(capture, Ip::kV6, 40'011);
  AllSizes(capture);
  capture.Close();
}

}  // namespace
}  // namespace ixylab::make_capture

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("make_capture: give the file to write: make_capture FILE\n", stderr);
    return 2;
  }
  try {
    ixylab::make_capture::Make(argv[1]);
  } catch (const ixylab::emulator::PcapError& error) {
    std::fprintf(stderr, "make_capture: %s\n", error.what());
    return 1;
  }
  return 0;
}
