// Runs a fuzz target without libFuzzer, so that any compiler builds it: each file of a corpus, then
// inputs that are made of them by chance, the same ones each time.
//
//   replay [--mutations=N] [--artifact=FILE] FILE_OR_FOLDER...
//
// With --artifact each input is written to FILE before it is run: after a crash it has the culprit.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kLongest = 4096;

Bytes Load(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

/// One change of those that fuzzers make.
void Mutate(Bytes& bytes, const Bytes& other, std::mt19937_64& random) {
  const auto at = [&](const Bytes& in) {
    return static_cast<std::ptrdiff_t>(random() % in.size());
  };
  const std::size_t count = 1 + random() % 8;
  switch (bytes.empty() ? 0 : random() % 5) {
    case 0:  // insert
      bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(random() % (bytes.size() + 1)),
                   count, static_cast<std::uint8_t>(random()));
      return;
    case 1:  // flip a bit
      bytes[at(bytes)] ^= static_cast<std::uint8_t>(1 << random() % 8);
      return;
    case 2: {  // a byte like those that matter
      constexpr std::uint8_t kEdges[] = {0, 1, 0x7F, 0x80, 0xFF};
      bytes[at(bytes)] = kEdges[random() % std::size(kEdges)];
      return;
    }
    case 3: {  // take away
      const auto from = at(bytes);
      const auto left = static_cast<std::size_t>(bytes.end() - bytes.begin() - from);
      bytes.erase(bytes.begin() + from,
                  bytes.begin() + from + static_cast<std::ptrdiff_t>(std::min(count, left)));
      return;
    }
    default:  // go on as another one does
      bytes.resize(static_cast<std::size_t>(at(bytes)));
      if (!other.empty()) bytes.insert(bytes.end(), other.begin() + at(other), other.end());
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t mutations = 0;
  std::string artifact;
  std::vector<Bytes> corpus;
  std::vector<std::filesystem::path> files;
  for (const std::string_view argument : std::vector<std::string_view>(argv + 1, argv + argc)) {
    constexpr std::string_view kMutations = "--mutations=", kArtifact = "--artifact=";
    if (argument.starts_with(kArtifact)) {
      artifact = argument.substr(kArtifact.size());
    } else if (argument.starts_with(kMutations)) {
      mutations = std::strtoull(argument.substr(kMutations.size()).data(), nullptr, 10);
    } else if (std::filesystem::is_directory(argument)) {
      for (const auto& entry : std::filesystem::directory_iterator(argument)) {
        files.push_back(entry.path());
      }
    } else {
      files.emplace_back(argument);
    }
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    // Should it crash, this is the last line.
    std::fprintf(stderr, "%s\n", file.c_str());
    corpus.push_back(Load(file));
    LLVMFuzzerTestOneInput(corpus.back().data(), corpus.back().size());
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "no corpus: give files, or folders with files\n");
    return 1;
  }

  std::mt19937_64 random(1);
  for (std::uint64_t i = 0; i < mutations; ++i) {
    Bytes bytes = corpus[random() % corpus.size()];
    const Bytes& other = corpus[random() % corpus.size()];
    for (std::uint64_t changes = 1 + random() % 4; changes != 0; --changes) {
      Mutate(bytes, other, random);
    }
    bytes.resize(std::min(bytes.size(), kLongest));
    if (!artifact.empty()) {
      std::ofstream(artifact, std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    }
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  std::fprintf(stderr, "%zu files and %llu inputs made of them: nothing found\n", corpus.size(),
               static_cast<unsigned long long>(mutations));
  return 0;
}
