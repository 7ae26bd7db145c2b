#include "hil/report/run_folder.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "hil/process.h"
#include "hil/report/html.h"
#include "hil/report/json.h"
#include "hil/report/junit.h"

namespace ixylab::hil {

namespace {

namespace fs = std::filesystem;

constexpr const char* kJson = "run.json";
constexpr const char* kTrace = "registers.trace";

[[noreturn]] void Fail(const fs::path& path, const std::error_code& error) {
  throw std::runtime_error("cannot write " + path.string() + ": " + error.message());
}

/// A new file or folder beside `path`, removed again unless it has taken its place.
class Draft {
 public:
  explicit Draft(const fs::path& path)
      : path_(path.parent_path() /
              ("." + path.filename().string() + "." + std::to_string(getpid()))) {
    std::error_code error;
    fs::remove_all(path_, error);  // of a process that had our number and was killed
  }
  ~Draft() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const fs::path& path() const { return path_; }
  /// Takes the place of an empty folder or of a file, but of no folder with files.
  void MoveTo(const fs::path& place) const {
    if (std::rename(path_.c_str(), place.c_str()) == 0) return;
    if (errno == ENOTEMPTY || errno == EEXIST) {
      throw std::runtime_error("there are files in " + place.string() +
                               " already: name another folder");
    }
    FailWithErrno("cannot write " + place.string());
  }

 private:
  const fs::path path_;
};

/// `place` is where the file is going to be, for what is said of it.
void WriteFile(const fs::path& path, std::string_view text, const fs::path& place) {
  errno = 0;
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) FailWithErrno("cannot write " + place.string());
}

std::string ReadFile(const fs::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) FailWithErrno("cannot read " + path.string());
  return text;
}

void CreateFolder(const fs::path& folder, const fs::path& place) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) Fail(place, error);
}

/// As a path whose last part is a name: "a/b/." or "a/b/" are "a/b".
fs::path Normal(const fs::path& folder) {
  fs::path normal = fs::absolute(folder).lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

}  // namespace

std::string FileName(std::string_view text) {
  std::string name(text);
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '.'; }, '_');
  return name;
}

std::vector<std::string> TargetFolders(const RunRecord& run) {
  std::vector<std::string> names;
  for (const TargetRecord& target : run.targets) {
    std::string name = FileName(target.target);
    // "." and ".." among others
    if (name.empty() || name.front() == '.') name = "_" + name;
    while (std::ranges::find(names, name) != names.end()) name += "_";
    names.push_back(std::move(name));
  }
  return names;
}

void CheckRunFolder(const fs::path& folder) {
  const fs::path place = Normal(folder);
  std::error_code error;
  const fs::file_status status = fs::status(place, error);
  if (fs::exists(status) && !fs::is_directory(status)) {
    throw std::runtime_error(place.string() + " is no folder: name another one");
  }
  if (fs::exists(status) && !fs::is_empty(place, error)) {
    if (error) Fail(place, error);
    throw std::runtime_error("there are files in " + place.string() +
                             " already: name another folder");
  }
  CreateFolder(place.parent_path(), place.parent_path());
  const Draft draft(place);
  CreateFolder(draft.path(), place);
}

void WriteRunFolder(const fs::path& folder, const RunRecord& run) {
  const fs::path place = Normal(folder);
  const Draft draft(place);
  CreateFolder(draft.path(), place);  // and its parents
  const auto add = [&](const fs::path& name, std::string_view text) {
    WriteFile(draft.path() / name, text, place / name);
  };
  add(kJson, ToJson(run));
  add("junit.xml", ToJunit(run));
  add("report.html", ToHtml(run));
  const std::vector<std::string> names = TargetFolders(run);
  for (std::size_t i = 0; i < run.targets.size(); ++i) {
    const TargetRecord& target = run.targets[i];
    if (target.kernel_log.empty() && target.register_trace.empty()) continue;
    CreateFolder(draft.path() / names[i], place / names[i]);
    if (!target.kernel_log.empty()) {
      std::string log;
      for (const std::string& line : target.kernel_log) log += line + "\n";
      add(fs::path(names[i]) / "kernel.log", log);
    }
    if (!target.register_trace.empty()) {
      add(fs::path(names[i]) / kTrace, target.register_trace);
    }
  }
  draft.MoveTo(place);
}

RunRecord ReadRun(const fs::path& path) {
  const fs::path json = fs::is_directory(path) ? path / kJson : path;
  RunRecord run = FromJson(ReadFile(json), json.string());
  const std::vector<std::string> names = TargetFolders(run);
  for (std::size_t i = 0; i < run.targets.size(); ++i) {
    const fs::path trace = json.parent_path() / names[i] / kTrace;
    if (fs::exists(trace)) run.targets[i].register_trace = ReadFile(trace);
  }
  return run;
}

void ReplaceFile(const fs::path& path, const std::string& text) {
  const Draft draft(fs::absolute(path));
  WriteFile(draft.path(), text, path);
  draft.MoveTo(path);
}

}  // namespace ixylab::hil
