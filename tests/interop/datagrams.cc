// UDP datagrams by way of the kernel, for a guest:
//
//   datagrams ADDRESS COUNT SMALLEST LARGEST
//
// Sends them to the echo port, their data of all sizes (in steps of 37, modulo how many there are),
// at most 16 and 40,000 bytes ahead of what has come back (a socket holds no more). Prints "sent N,
// back N": those of which the same came back; ends when nothing comes for 3 s.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <vector>

namespace {

using Bytes = std::vector<std::byte>;

/// The first four bytes are `number`, as far as there is room.
Bytes Datagram(std::uint32_t number, std::size_t size) {
  Bytes data(size);
  for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<std::byte>(3 * i + number);
  std::memcpy(data.data(), &number, std::min(size, sizeof(number)));
  return data;
}

}  // namespace

int main(int argc, char** argv) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(7);
  if (argc != 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
    std::fputs("usage: datagrams ADDRESS COUNT SMALLEST LARGEST\n", stderr);
    return 2;
  }
  const std::size_t count = std::strtoul(argv[2], nullptr, 0);
  const std::size_t smallest = std::strtoul(argv[3], nullptr, 0);
  const std::size_t sizes = std::strtoul(argv[4], nullptr, 0) - smallest + 1;

  const int file = socket(AF_INET, SOCK_DGRAM, 0);
  if (file < 0 || connect(file, reinterpret_cast<sockaddr*>(&to), sizeof(to)) < 0) {
    std::perror(argv[1]);
    return 1;
  }
  std::multiset<Bytes> under_way;
  std::size_t sent = 0, back = 0, bytes_under_way = 0;
  Bytes received(1 << 16);
  while (sent < count || !under_way.empty()) {
    if (sent < count && under_way.size() < 16 && bytes_under_way < 40'000) {
      const Bytes data = Datagram(static_cast<std::uint32_t>(sent), smallest + 37 * sent % sizes);
      if (send(file, data.data(), data.size(), 0) < 0) {
        std::perror("send");
        return 1;
      }
      under_way.insert(data);
      bytes_under_way += data.size();
      ++sent;
      continue;
    }
    pollfd readable = {.fd = file, .events = POLLIN, .revents = 0};
    if (poll(&readable, 1, 3000) <= 0) break;
    const ssize_t size = recv(file, received.data(), received.size(), 0);
    if (size < 0) continue;
    const auto found = under_way.find(Bytes(received.begin(), received.begin() + size));
    if (found == under_way.end()) continue;
    bytes_under_way -= found->size();
    under_way.erase(found);
    ++back;
  }
  std::printf("sent %zu, back %zu\n", sent, back);
  return 0;
}
