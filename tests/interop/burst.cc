// UDP datagrams as fast as the kernel takes them, for a guest:
//
//   burst ADDRESS COUNT SIZE [SEGMENT]
//
// Sends COUNT times SIZE bytes to the discard port; with SEGMENT each as datagrams of so many
// bytes, which the kernel or its network card makes of them (UDP_SEGMENT, Linux, udp(7)).
#include <arpa/inet.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  if (argc < 4 || argc > 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
    std::fputs("usage: burst ADDRESS COUNT SIZE [SEGMENT]\n", stderr);
    return 2;
  }
  const int file = socket(AF_INET, SOCK_DGRAM, 0);
  const int buffer = 64 << 20;  // all that is sent may wait
  const int segment = argc == 5 ? std::atoi(argv[4]) : 0;
  if (setsockopt(file, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer)) < 0 ||
      (segment != 0 && setsockopt(file, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) < 0)) {
    std::perror("setsockopt");
    return 1;
  }
  const std::vector<std::byte> data(std::strtoul(argv[3], nullptr, 0), std::byte{0x5A});
  for (int left = std::atoi(argv[2]); left > 0; --left) {
    if (sendto(file, data.data(), data.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof(to)) <
        0) {
      std::perror("sendto");
      return 1;
    }
  }
  return 0;
}
