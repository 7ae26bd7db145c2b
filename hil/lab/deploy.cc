#include "hil/lab/deploy.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <string_view>

#include "hil/files.h"
#include "hil/lab/protocol.h"
#include "hil/process.h"
#include "hil/subprocess.h"

namespace ixylab::hil {

namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""s;

constexpr std::string_view kArchitecture = "x86_64";
constexpr std::uint64_t kMiB = 1 << 20;
// Besides the programs: reservations, and what a run writes.
constexpr std::uint64_t kRoom = 16 * kMiB;
constexpr std::uint64_t kSlowestCopy = 256 * 1024;  // bytes a second

/// The first 16 digits of the file's SHA-256.
std::string Hash(const std::string& path) {
  const std::string program = FindInPath("sha256sum");
  if (program.empty()) throw LabError("no sha256sum on the PATH (apt-get install coreutils)");
  std::string hash;
  RunChild({program, path}, 60s, [&](std::string_view line) {
    if (hash.empty()) hash = line.substr(line.starts_with('\\'), 64);
  });
  if (hash.size() != 64 || hash.find_first_not_of("0123456789abcdef") != hash.npos) {
    throw LabError("cannot take the SHA-256 of " + path + ": " + hash);
  }
  return hash.substr(0, 16);
}

/// Answers in lines, a word and its value each. A folder that cannot be written is an answer too.
/// Touches what is there, since the agent removes programs that were not used for long.
std::string ProbeScript(const std::vector<std::string>& programs) {
  const std::string folder(kStateFolder);
  std::string script = "echo machine \"$(uname -m)\"; echo name \"$(uname -n)\"; f=" + folder +
                       "; if e=$({ mkdir -p $f && touch $f/.probe.$$ && rm $f/.probe.$$; } 2>&1); "
                       "then echo disk \"$(df -Pk $f | tail -n 1)\"; for p in";
  for (const std::string& program : programs) script += " " + program;
  return script +
         "; do [ ! -f $p ] || { touch $p; echo size:${p##*/} \"$(wc -c < $p)\"; }; done; else "
         "echo error \"$e\"; fi; echo end";
}

using Answers = std::map<std::string, std::string>;

/// What the script printed. A login shell may print lines of its own.
Answers ParseAnswers(const std::string& output) {
  Answers answers;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t blank = line.find(' ');
    answers[line.substr(0, blank)] = blank == line.npos ? "" : line.substr(blank + 1);
  }
  return answers;
}

std::uint64_t Number(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

/// Of df's line: file system, KiB in all, used, available.
std::uint64_t FreeBytes(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  for (int i = 0; i < 4; ++i) words >> word;
  return words ? Number(word) * 1024 : 0;
}

}  // namespace

LabHost Deploy(const Ssh& ssh, const std::vector<LabFile>& files,
               std::chrono::milliseconds patience) {
  LabHost host;
  for (const LabFile& file : files) {
    CheckExecutable(file.path);
    host.programs.push_back(std::string(kStateFolder) + "/" + file.kind + "-" + Hash(file.path));
  }
  Answers answers = ParseAnswers(ssh.Run("look at it", ProbeScript(host.programs), patience));
  if (!answers.contains("end") || !answers.contains("machine")) {
    ssh.Fail("its shell does not run a script: does " +
             (ssh.machine().user.empty() ? "the user" : ssh.machine().user) +
             " have a login shell there that takes sh -c?");
  }
  if (answers["machine"] != kArchitecture) {
    ssh.Fail("it is " + answers["machine"] + ", and the programs are for " +
             std::string(kArchitecture));
  }
  if (answers.contains("error")) {
    const bool forbidden = answers["error"].find("ermission denied") != std::string::npos;
    ssh.Fail("cannot write its folder " + std::string(kStateFolder) + ": " + answers["error"] +
             (forbidden ? "; set user = \"root\" or sudo = true in the lab file" : ""));
  }
  host.name = answers["name"];
  host.free_bytes = FreeBytes(answers["disk"]);

  std::uint64_t needed = kRoom;
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::uint64_t size = fs::file_size(files[i].path);
    const auto there = answers.find("size:" + fs::path(host.programs[i]).filename().string());
    if (there != answers.end() && Number(there->second) == size) continue;
    missing.push_back(i);
    needed += size;
  }
  if (host.free_bytes < needed) {
    ssh.Fail("its disk is full: " + std::to_string(host.free_bytes / kMiB) + " MiB are free in " +
             std::string(kStateFolder) + ", " + std::to_string((needed + kMiB - 1) / kMiB) +
             " MiB are needed");
  }
  for (const std::size_t i : missing) {
    const std::chrono::seconds time(fs::file_size(files[i].path) / kSlowestCopy);
    ssh.Copy(files[i].path, host.programs[i], patience + time);
  }
  host.copied = missing.size();
  return host;
}

}  // namespace ixylab::hil
