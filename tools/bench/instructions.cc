// Instructions a packet. They are exact, so each batch size is run once.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "tools/bench/benchmarks.h"
#include "tools/bench/driver_rig.h"

namespace ixylab::bench {
namespace {

constexpr char kValgrind[] = "/usr/bin/valgrind";
constexpr std::size_t kPackets = 512 * 32;  // 32 times round both rings

struct Driver {
  const char* name;
  const char* device;  // its class, in callgrind's patterns
};
constexpr std::array<Driver, 4> kDrivers = {{{"ixgbe", "IxgbeDevice<*>"},
                                             {"ixgbe-offloads", "IxgbeDevice<*>"},
                                             {"virtio-split", "VirtioDevice<*>"},
                                             {"virtio-packed", "VirtioDevice<*>"}}};

/// Instructions a packet inside the functions that `pattern` names; nothing where the run failed.
std::optional<double> Count(const Driver& driver, std::size_t batch, const std::string& pattern) {
  const std::string command =
      std::string(kValgrind) + " --tool=callgrind --callgrind-out-file=/dev/null " +
      "'--toggle-collect=" + pattern + "' " +
      std::filesystem::read_symlink("/proc/self/exe").string() + " --count=" + driver.name + "," +
      std::to_string(batch) + "," + std::to_string(kPackets) + " 2>&1";
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::array<char, 512> line;
  std::string output;
  while (std::fgets(line.data(), line.size(), pipe) != nullptr) output += line.data();
  constexpr char kLabel[] = "Collected :";
  const std::size_t at = output.find(kLabel);
  if (pclose(pipe) != 0 || at == std::string::npos) {
    std::fprintf(stderr, "bench: this run failed: %s\n%s", command.c_str(), output.c_str());
    return std::nullopt;
  }
  return std::strtod(output.c_str() + at + sizeof(kLabel) - 1, nullptr) / kPackets;
}

}  // namespace

int PrintInstructions() {
  if (access(kValgrind, X_OK) != 0) {
    std::fprintf(stderr, "bench: --instructions needs %s: apt-get install valgrind\n", kValgrind);
    return 1;
  }
  std::printf("Instructions a packet, forwarding %u-byte frames on null devices\n", kFrameSize);
  for (const Driver& driver : kDrivers) {
    std::printf("%s\n%8s %8s %8s %8s\n", driver.name, "batch", "all", "receive", "transmit");
    for (std::size_t batch = 1; batch <= kLargestBatch; batch *= 2) {
      const std::string device = std::string("*") + driver.device + "::";
      const auto all = Count(driver, batch, "*ForwardBatch*");
      const auto receive = Count(driver, batch, device + "Receive(*");
      const auto transmit = Count(driver, batch, device + "Transmit(*");
      if (!all || !receive || !transmit) return 1;
      std::printf("%8zu %8.1f %8.1f %8.1f\n", batch, *all, *receive, *transmit);
      std::fflush(stdout);
    }
  }
  return 0;
}

bool ForwardToBeCounted(std::string_view driver, std::size_t batch, std::size_t packets) {
  const auto forward = [&](auto rig) {
    TicksOfForwarding(rig, batch, batch, static_cast<int>(packets / batch));
    return true;
  };
  if (driver == kDrivers[0].name) return forward(IxgbeRig({}));
  if (driver == kDrivers[1].name) return forward(IxgbeRig({.offloads = true}));
  if (driver == kDrivers[2].name) return forward(SplitRig({}));
  if (driver == kDrivers[3].name) return forward(PackedRig({}));
  return false;
}

}  // namespace ixylab::bench
