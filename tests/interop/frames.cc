// Frames that no protocol of the kernel sends or answers, for a guest:
//
//   frames NIC DESTINATION COUNT SIZE [STEP]
//   frames NIC DESTINATION COUNT SIZE back
//
// Sends COUNT frames of SIZE bytes (without CRC) and ethertype 88B5 to an Ethernet address, which
// goes up by STEP from frame to frame (0). Prints "sent N". With "back" it then waits until as many
// of them have come back to NIC's address, at most 3 s, and prints "back N".
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::uint16_t kLocalExperiment = 0x88B5;  // IEEE 802, 9.2.3: for private use

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// A packet socket of `nic`, whose address goes to `address`.
int OpenSocket(const char* nic, std::uint8_t (&address)[ETH_ALEN]) {
  const int file = socket(AF_PACKET, SOCK_RAW, htons(kLocalExperiment));
  if (file < 0) Fail("socket");
  ifreq request{};
  std::strncpy(request.ifr_name, nic, IFNAMSIZ - 1);
  if (ioctl(file, SIOCGIFHWADDR, &request) < 0) Fail(nic);
  std::memcpy(address, request.ifr_hwaddr.sa_data, ETH_ALEN);
  if (ioctl(file, SIOCGIFINDEX, &request) < 0) Fail(nic);
  const int space = 16 << 20;  // so that what comes back is not lost here
  if (setsockopt(file, SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof(space)) < 0)
    Fail("SO_RCVBUFFORCE");
  sockaddr_ll local{};
  local.sll_family = AF_PACKET;
  local.sll_protocol = htons(kLocalExperiment);
  local.sll_ifindex = request.ifr_ifindex;
  if (bind(file, reinterpret_cast<sockaddr*>(&local), sizeof(local)) < 0) Fail("bind");
  return file;
}

void Add(std::uint8_t (&address)[ETH_ALEN], unsigned step) {
  for (std::size_t i = ETH_ALEN; i-- > 0 && step > 0; step >>= 8) {
    step += address[i];
    address[i] = static_cast<std::uint8_t>(step);
  }
}

/// How many frames like `frame` arrive until there are `wanted`, at most for 3 s.
long CountBack(int file, std::vector<std::byte> frame, long wanted) {
  long count = 0;
  std::vector<std::byte> received(frame.size() + 1);
  const auto deadline = steady_clock::now() + 3s;
  while (count < wanted && steady_clock::now() < deadline) {
    pollfd readable = {.fd = file, .events = POLLIN, .revents = 0};
    if (poll(&readable, 1, 100) <= 0) continue;
    const ssize_t size = recv(file, received.data(), received.size(), MSG_DONTWAIT);
    const std::size_t addresses = 2 * ETH_ALEN;
    count += size == static_cast<ssize_t>(frame.size()) &&
             std::equal(frame.begin() + addresses, frame.end(), received.begin() + addresses);
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  ether_addr destination;
  if (argc < 5 || ether_aton_r(argv[2], &destination) == nullptr) {
    std::fputs("usage: frames NIC DESTINATION COUNT SIZE [STEP|back]\n", stderr);
    return 2;
  }
  const long count = std::atol(argv[3]);
  const std::size_t size = std::max<std::size_t>(std::strtoul(argv[4], nullptr, 0), ETH_HLEN);
  const bool back = argc > 5 && argv[5] == std::string_view("back");
  const unsigned step = argc > 5 && !back ? std::strtoul(argv[5], nullptr, 0) : 0;

  ether_header header;
  const int file = OpenSocket(argv[1], header.ether_shost);
  std::memcpy(header.ether_dhost, destination.ether_addr_octet, ETH_ALEN);
  header.ether_type = htons(kLocalExperiment);
  std::vector<std::byte> frame(size);
  for (std::size_t i = ETH_HLEN; i < size; ++i) frame[i] = static_cast<std::byte>(i);
  for (long i = 0; i < count; ++i) {
    std::memcpy(frame.data(), &header, sizeof(header));
    if (send(file, frame.data(), frame.size(), 0) < 0) Fail("send");
    Add(header.ether_dhost, step);
  }
  std::printf("sent %ld\n", count);
  if (back) std::printf("back %ld\n", CountBack(file, frame, count));
  return 0;
}
