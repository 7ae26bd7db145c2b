// Makes a mutant of a part of the driver: one file, with one piece of text replaced.
//
//     mutate NAME FILE OLD NEW OUT SOURCE...
//
// FILE is the base name of the SOURCE in which OLD must stand exactly once: a mutant that no longer
// fits the driver does not build. OUT is all SOURCEs that are .cc files, with those that they
// include in place. Its namespace is ixylab::mutant_NAME in place of the driver's own, and include
// guards are gone, so that many mutants fit into one program and one translation unit.
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t Replace(std::string& text, const std::string& from, const std::string& to) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
    ++count;
  }
  return count;
}

class Mutation {
 public:
  explicit Mutation(const std::vector<std::string>& args)
      : name_(args[0]), file_(args[1]), old_(args[2]), new_(args[3]) {
    if (old_.empty() || old_ == new_) throw std::runtime_error("nothing is changed");
    sources_.insert(args.begin() + 5, args.end());
  }

  std::string Result() {
    for (const std::string& source : sources_) {
      if (source.ends_with(".cc")) Add(source);
    }
    if (places_ != 1) {
      throw std::runtime_error("stands " + std::to_string(places_) + " times in " + file_ +
                               ", once is needed: " + old_);
    }
    for (const char* driver : {"ixgbe", "virtio"}) {
      Replace(out_, std::string("namespace ixylab::") + driver,
              "namespace ixylab::mutant_" + name_);
    }
    return out_;
  }

 private:
  void Add(const std::string& path) {
    if (!added_.insert(path).second) return;
    std::string text = Read(path);
    if (path.ends_with("/" + file_)) places_ += Replace(text, old_, new_);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      constexpr const char* kInclude = "#include \"";
      if (line.starts_with(kInclude)) {
        const std::string header = line.substr(10, line.rfind('"') - 10);
        if (sources_.contains(header)) {
          Add(header);
          continue;
        }
      }
      const bool guard = line.starts_with("#ifndef DRIVER_") ||
                         line.starts_with("#define DRIVER_") ||
                         line.starts_with("#endif  // DRIVER_");
      if (!guard) out_ += line + "\n";
    }
  }

  const std::string name_, file_, old_, new_;
  std::set<std::string> sources_;
  std::set<std::string> added_;
  std::size_t places_ = 0;
  std::string out_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> args(argv + 1, argv + argc);
    if (args.size() < 6) throw std::runtime_error("NAME FILE OLD NEW OUT SOURCE... expected");
    std::ofstream out(args[4], std::ios::binary);
    if (!(out << Mutation(args).Result()).flush()) {
      throw std::runtime_error("cannot write " + args[4]);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mutant %s: %s\n", argc > 1 ? argv[1] : "", error.what());
    return 1;
  }
}
