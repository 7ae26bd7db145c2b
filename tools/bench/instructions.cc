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

/// Instructions a packet inside the functions that `toggles` names; nothing where the run failed.
std::optional<double> Count(std::size_t batch, const std::string& toggles) {
  const std::string command =
      std::string(kValgrind) + " --tool=callgrind --callgrind-out-file=/dev/null " + toggles + " " +
      std::filesystem::read_symlink("/proc/self/exe").string() +
      " --count=" + std::to_string(batch) + "," + std::to_string(kPackets) + " 2>&1";
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
  std::printf("%8s %8s %8s %8s\n", "batch", "all", "receive", "transmit");
  for (std::size_t batch = 1; batch <= kLargestBatch; batch *= 2) {
    const auto all = Count(batch, "'--toggle-collect=*ForwardBatch*'");
    const auto receive = Count(batch, "'--toggle-collect=*IxgbeDevice::Receive(*'");
    const auto transmit = Count(batch, "'--toggle-collect=*IxgbeDevice::Transmit(*'");
    if (!all || !receive || !transmit) return 1;
    std::printf("%8zu %8.1f %8.1f %8.1f\n", batch, *all, *receive, *transmit);
    std::fflush(stdout);
  }
  return 0;
}

int ForwardToBeCounted(std::size_t batch, std::size_t packets) {
  DeviceRig rig({});
  TicksOfForwarding(rig, batch, batch, static_cast<int>(packets / batch));
  return 0;
}

}  // namespace ixylab::bench
