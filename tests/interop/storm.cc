// Accesses to a network card's registers that no driver makes, from a program in the guest:
//
//   storm ADDRESS
//
// Every width at every alignment, all-ones and random values, in all of BAR 0 and beyond what is
// known of it, while the card may access memory: 82599 rings at addresses where there is no memory
// among them. Prints nothing and ends with 0 once it has done that.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>

namespace {

constexpr std::size_t kBarBytes = 128 << 10;
constexpr unsigned kAccesses = 4000;
// Above all memory of the guest, as a device address.
constexpr std::uint64_t kNowhere = 0xF0000000;

class Bar {
 public:
  explicit Bar(const std::string& folder) {
    const int file = open((folder + "/resource0").c_str(), O_RDWR | O_CLOEXEC);
    memory_ = static_cast<std::byte*>(
        mmap(nullptr, kBarBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  }
  bool ok() const { return memory_ != MAP_FAILED; }

  template <class T>
  volatile T& At(std::size_t offset) {
    return *reinterpret_cast<T*>(memory_ + offset);
  }
  template <class T>
  void Access(std::size_t offset, bool write, std::uint64_t value) {
    if (offset + sizeof(T) > kBarBytes) return;
    if (write) {
      At<T>(offset) = static_cast<T>(value);
    } else {
      [[maybe_unused]] const T read = At<T>(offset);
    }
  }

 private:
  std::byte* memory_;
};

/// Datasheet 8.2.3.8 and 8.2.3.9: queue 0 of each direction, on a link, with rings nowhere.
void RingsNowhere(Bar& bar) {
  const auto set = [&](std::size_t offset, std::uint32_t value) {
    bar.At<std::uint32_t>(offset) = value;
  };
  for (int i = 0; i < 100 && (bar.At<std::uint32_t>(0x42A4) & 1u << 30) == 0; ++i) usleep(20'000);
  set(0x6000, kNowhere);
  set(0x6004, 0);
  set(0x6008, 4096);
  set(0x4A80, bar.At<std::uint32_t>(0x4A80) | 1);
  set(0x6028, 1u << 25);
  for (int i = 0; i < 100 && (bar.At<std::uint32_t>(0x6028) & 1u << 25) == 0; ++i) usleep(1000);
  set(0x6018, 64);
  usleep(10'000);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: storm ADDRESS\n");
    return 2;
  }
  const std::string folder = std::string("/sys/bus/pci/devices/") + argv[1];
  std::ofstream(folder + "/enable") << 1 << std::flush;
  Bar bar(folder);
  if (!bar.ok()) {
    std::perror(folder.c_str());
    return 1;
  }
  // Memory space and bus mastering.
  const int config = open((folder + "/config").c_str(), O_RDWR | O_CLOEXEC);
  constexpr std::uint16_t kCommand = 6;
  if (pwrite(config, &kCommand, sizeof kCommand, 4) != sizeof kCommand) {
    std::perror("config");
    return 1;
  }
  RingsNowhere(bar);
  std::mt19937_64 random(82599);
  for (unsigned i = 0; i < kAccesses; ++i) {
    const std::size_t offset = random() % kBarBytes;
    const bool write = random() % 2 == 0;
    // Whatever becomes an address lies nowhere.
    const std::uint64_t value =
        random() % 2 == 0 ? ~std::uint64_t{0} : random() | kNowhere | kNowhere << 32;
    switch (random() % 4) {
      case 0:
        bar.Access<std::uint8_t>(offset, write, value);
        break;
      case 1:
        bar.Access<std::uint16_t>(offset, write, value);
        break;
      case 2:
        bar.Access<std::uint32_t>(random() % 4 == 0 ? offset : offset / 4 * 4, write, value);
        break;
      default:
        bar.Access<std::uint64_t>(offset, write, value);
    }
  }
  return 0;
}
