// How many edges of emulator/ the inputs of all targets reach together: coverage FOLDER..., where
// each folder has a corpus in FOLDER/TARGET, and perhaps in FOLDER/TARGET/corpus.
//
// Takes the compiler's counters itself, in libFuzzer's place (clang, SanitizerCoverage, "Inline
// 8bit-counters").
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

extern "C" {
int Fuzz_82599_descriptors(const std::uint8_t* data, std::size_t size);
int Fuzz_82599_registers(const std::uint8_t* data, std::size_t size);
int Fuzz_pcap(const std::uint8_t* data, std::size_t size);
int Fuzz_vfio_user(const std::uint8_t* data, std::size_t size);
int Fuzz_virtio_registers(const std::uint8_t* data, std::size_t size);
int Fuzz_virtio_rings(const std::uint8_t* data, std::size_t size);
}

namespace {

/// A counter for each edge.
std::vector<std::span<std::uint8_t>>& Counters() {
  static std::vector<std::span<std::uint8_t>> counters;
  return counters;
}

std::size_t Edges() {
  std::size_t edges = 0;
  for (const auto& module : Counters()) edges += module.size();
  return edges;
}

std::size_t Covered() {
  std::size_t covered = 0;
  for (const auto& module : Counters()) {
    covered += static_cast<std::size_t>(
        std::ranges::count_if(module, [](std::uint8_t count) { return count != 0; }));
  }
  return covered;
}

struct Target {
  const char* name;
  int (*run)(const std::uint8_t* data, std::size_t size);
};
constexpr Target kTargets[] = {{"82599_descriptors", Fuzz_82599_descriptors},
                               {"82599_registers", Fuzz_82599_registers},
                               {"pcap", Fuzz_pcap},
                               {"vfio_user", Fuzz_vfio_user},
                               {"virtio_registers", Fuzz_virtio_registers},
                               {"virtio_rings", Fuzz_virtio_rings}};

std::size_t RunAll(const Target& target, const std::filesystem::path& folder) {
  std::size_t files = 0;
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_directory()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
    target.run(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    ++files;
  }
  return files;
}

}  // namespace

extern "C" {
void __sanitizer_cov_8bit_counters_init(std::uint8_t* start, std::uint8_t* stop) {
  const auto known = [&](const auto& module) { return module.data() == start; };
  if (start != stop && std::ranges::none_of(Counters(), known))
    Counters().emplace_back(start, stop);
}
void __sanitizer_cov_pcs_init(const std::uintptr_t*, const std::uintptr_t*) {}
thread_local std::uintptr_t __sancov_lowest_stack = 0;
// What libFuzzer learns from comparisons is of no interest here.
void __sanitizer_cov_trace_cmp1(std::uint8_t, std::uint8_t) {}
void __sanitizer_cov_trace_cmp2(std::uint16_t, std::uint16_t) {}
void __sanitizer_cov_trace_cmp4(std::uint32_t, std::uint32_t) {}
void __sanitizer_cov_trace_cmp8(std::uint64_t, std::uint64_t) {}
void __sanitizer_cov_trace_const_cmp1(std::uint8_t, std::uint8_t) {}
void __sanitizer_cov_trace_const_cmp2(std::uint16_t, std::uint16_t) {}
void __sanitizer_cov_trace_const_cmp4(std::uint32_t, std::uint32_t) {}
void __sanitizer_cov_trace_const_cmp8(std::uint64_t, std::uint64_t) {}
void __sanitizer_cov_trace_switch(std::uint64_t, std::uint64_t*) {}
void __sanitizer_cov_trace_div4(std::uint32_t) {}
void __sanitizer_cov_trace_div8(std::uint64_t) {}
void __sanitizer_cov_trace_gep(std::uintptr_t) {}
void __sanitizer_cov_trace_pc_indir(std::uintptr_t) {}
}

int main(int argc, char** argv) {
  std::printf("%-20s %8s %8s  of %zu edges in emulator/\n", "corpus", "files", "alone", Edges());
  std::vector<std::uint8_t> reached(Edges());
  for (const Target& target : kTargets) {
    for (const auto& module : Counters()) std::ranges::fill(module, std::uint8_t{0});
    std::size_t files = 0;
    for (int i = 1; i < argc; ++i) {
      const std::filesystem::path folder = std::filesystem::path(argv[i]) / target.name;
      files += RunAll(target, folder) + RunAll(target, folder / "corpus");
    }
    std::printf("%-20s %8zu %8zu\n", target.name, files, Covered());
    std::size_t edge = 0;
    for (const auto& module : Counters()) {
      for (const std::uint8_t count : module) reached[edge++] |= count;
    }
  }
  const auto all = std::ranges::count_if(reached, [](std::uint8_t count) { return count != 0; });
  std::printf("%-20s %8s %8td  %.1f %%\n", "all of them", "", all,
              100.0 * static_cast<double>(all) / static_cast<double>(Edges()));
  return 0;
}
