// A lab machine that is a folder here, reached by fake_ssh, with an agent that is a script.
#ifndef TESTS_HIL_LAB_FAKE_LAB_H_
#define TESTS_HIL_LAB_FAKE_LAB_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "hil/files.h"
#include "hil/lab/lab_options.h"
#include "hil/lab/protocol.h"

namespace ixylab::hil {

class FakeLab {
 public:
  FakeLab() {
    std::filesystem::create_directories(folder_ + "/bin");
    setenv("LAB_MACHINE", folder_.c_str(), 1);
    setenv("LAB_USER", std::to_string(getpid()).c_str(), 1);
    Write("lab.toml", "[machine.rack1]\nhost = \"192.0.2.17\"\nuser = \"root\"\n" + kPorts);
  }
  ~FakeLab() { std::filesystem::remove_all(folder_); }
  FakeLab(const FakeLab&) = delete;
  FakeLab& operator=(const FakeLab&) = delete;

  /// Cabled ports, two and two, of the machine that comes before.
  inline static const std::string kPorts =
      "port.a = {address = \"0000:03:00.0\", cable = \"b\", speed = 10}\n"
      "port.b = {address = \"0000:03:00.1\", cable = \"a\"}\n"
      "port.c = {address = \"0000:04:00.0\", cable = \"d\"}\n"
      "port.d = {address = \"0000:04:00.1\", cable = \"c\"}\n";

  LabOptions Options() const {
    LabOptions options;
    options.file = folder_ + "/lab.toml";
    options.ssh = FindRunfile("tests/hil/lab/fake_ssh");
    options.agent = folder_ + "/agent";
    return options;
  }

  /// The agent's script, once it has the request.
  void WriteAgent(const std::string& script) const {
    WriteProgram("agent", "read -r request\necho \"$request\" > $LAB_MACHINE/request\n" + script);
  }
  /// A line of such a script.
  static std::string Say(const Event& event) { return "cat <<'END'\n" + ToLine(event) + "\nEND\n"; }
  static std::string Say(Event::What what, const std::string& text) {
    return Say({.what = what, .name = {}, .text = text});
  }
  static std::string SayEnd(Event::End end, int code = 0) {
    return Say({.what = Event::What::kEnd, .name = {}, .text = {}, .end = end, .code = code});
  }
  /// A program of this machine in place of the system's.
  void WriteTool(const std::string& name, const std::string& script) const {
    WriteProgram("bin/" + name, script);
  }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(folder_ + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// Names of the files in the machine's folder /var/lib/ixylab.
  std::vector<std::string> State() const {
    std::vector<std::string> names;
    if (!std::filesystem::exists(folder_ + "/state")) return names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/state")) {
      names.push_back(entry.path().filename());
    }
    std::ranges::sort(names);
    return names;
  }
  /// How often something was copied there.
  int Copies() const {
    const std::string log = Read("log");
    int copies = 0;
    for (std::size_t at = 0; (at = log.find("; cat > ", at)) != log.npos; ++at) ++copies;
    return copies;
  }
  const std::string& folder() const { return folder_; }

 private:
  void WriteProgram(const std::string& name, const std::string& script) const {
    Write(name, "#!/bin/sh\n" + script);
    std::filesystem::permissions(folder_ + "/" + name, std::filesystem::perms::owner_all);
  }

  const std::string folder_ = testing::TempDir() + "/lab_machine." + std::to_string(getpid());
};

}  // namespace ixylab::hil

#endif  // TESTS_HIL_LAB_FAKE_LAB_H_
