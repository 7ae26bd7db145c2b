// How long one access to a device's register takes, seen by a program in the guest:
//
//   mmio_time RESOURCE OFFSET
//
// RESOURCE is a memory BAR (/sys/bus/pci/devices/ADDRESS/resource0), OFFSET that of a 32-bit
// register which may be written with what was read. Prints "read N ns", "write N ns" (posted: until
// the processor goes on) and "write and read back N ns", each the median of 1000.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

long MedianNanoseconds(auto&& access) {
  using Clock = std::chrono::steady_clock;
  std::array<long, 1000> times;
  for (long& time : times) {
    const Clock::time_point start = Clock::now();
    access();
    time = std::chrono::nanoseconds(Clock::now() - start).count();
  }
  std::ranges::nth_element(times, times.begin() + times.size() / 2);
  return times[times.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: mmio_time RESOURCE OFFSET\n");
    return 2;
  }
  const int file = open(argv[1], O_RDWR | O_CLOEXEC);
  const std::size_t offset = std::strtoul(argv[2], nullptr, 0);
  const std::size_t page = offset & ~std::size_t{4095};
  void* const memory =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, static_cast<off_t>(page));
  if (file < 0 || memory == MAP_FAILED) {
    std::perror(argv[1]);
    return 1;
  }
  volatile std::uint32_t& word =
      *reinterpret_cast<std::uint32_t*>(static_cast<std::byte*>(memory) + (offset - page));

  const auto read = [&] { [[maybe_unused]] const std::uint32_t value = word; };
  const std::uint32_t value = word;
  std::printf("read %ld ns\n", MedianNanoseconds(read));
  std::printf("write %ld ns\n", MedianNanoseconds([&] { word = value; }));
  std::printf("write and read back %ld ns\n", MedianNanoseconds([&] {
                word = value;
                read();
              }));
  return 0;
}
