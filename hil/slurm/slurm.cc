#include "hil/slurm/slurm.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <system_error>

#include "hil/files.h"
#include "hil/process.h"

namespace ixylab::hil {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kWaiting = std::to_array<std::string_view>(
    {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT"});
constexpr auto kEnded = std::to_array<std::string_view>(
    {"COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL",
     "DEADLINE", "OUT_OF_MEMORY", "REVOKED"});

std::string FindProgram(const std::string& name) {
  const std::string path = FindInPath(name);
  if (!path.empty()) return path;
  throw SlurmError("cannot find " + name +
                   " on the PATH: --on=slurm needs Slurm's programs (Debian: slurm-client)");
}

bool IsNumber(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// What went wrong, of what a command printed: the last line, without "sbatch: error: ".
std::string Complaint(const std::vector<std::string>& lines) {
  if (lines.empty()) return "it did not say why";
  std::string_view line = lines.back();
  if (const std::size_t end = line.find("error: "); end != line.npos) line.remove_prefix(end + 7);
  return std::string(line);
}

/// A status as waitpid gives it.
int ExitCode(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

bool JobStatus::Waits() const { return std::ranges::count(kWaiting, state) > 0; }
bool JobStatus::Ended() const { return std::ranges::count(kEnded, state) > 0; }
bool JobStatus::EndedByItself() const {
  return (state == "COMPLETED" || state == "FAILED") && exit_code <= 1 && !node.empty();
}

std::pair<std::string, JobStatus> ParseJob(std::string_view line) {
  std::array<std::string_view, 5> fields;
  std::string_view rest = line;
  for (std::string_view& field : fields) {
    const std::size_t end = rest.find('|');
    if (end == rest.npos) throw SlurmError("cannot read squeue's line: " + std::string(line));
    field = rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  const auto [id, state, node, status, reason] = fields;
  int wait_status = 0;
  const char* end = status.data() + status.size();
  const auto [last, error] = std::from_chars(status.data(), end, wait_status);
  if (!IsNumber(id) || error != std::errc() || last != end) {
    throw SlurmError("cannot read squeue's line: " + std::string(line));
  }
  return {std::string(id),
          {.state = std::string(state),
           .node = std::string(node),
           .reason = std::string(reason),
           .exit_code = ExitCode(wait_status)}};
}

Slurm::Slurm(std::chrono::seconds deadline, const SignalsAsEvents& signals)
    : deadline_(deadline),
      signals_(signals),
      sbatch_(FindProgram("sbatch")),
      squeue_(FindProgram("squeue")),
      scancel_(FindProgram("scancel")) {}

std::string Slurm::Submit(const std::vector<std::string>& options,
                          const std::string& script) const {
  std::vector<std::string> command = {sbatch_, "--parsable"};
  command.insert(command.end(), options.begin(), options.end());
  command.push_back(script);
  const std::vector<std::string> lines = Run(command);
  for (const std::string& line : lines) {  // "12" or "12;CLUSTER", among warnings
    const std::string id = line.substr(0, line.find(';'));
    if (IsNumber(id)) return id;
  }
  throw SlurmError("sbatch gave no job number: " + Complaint(lines));
}

std::map<std::string, JobStatus> Slurm::Jobs(const std::string& name) const {
  std::map<std::string, JobStatus> jobs;
  for (const std::string& line :
       Run({squeue_, "--noheader", "--states=all", "--name=" + name,
            "--Format=JobID:|,State:|,NodeList:|,exit_code:|,Reason:|"})) {
    if (!line.empty()) jobs.insert(ParseJob(line));
  }
  return jobs;
}

void Slurm::CancelAll(const std::string& name) const { Run({scancel_, "--name=" + name}); }
void Slurm::Cancel(const std::string& job) const { Run({scancel_, "--quiet", job}); }

std::vector<std::string> Slurm::Run(const std::vector<std::string>& command) const {
  const std::string name = command[0].substr(command[0].rfind('/') + 1);
  std::vector<std::string> printed;
  Lines lines([&](std::string_view line) { printed.emplace_back(line); });
  DescriptorPair output = MakePipe();
  Child child(command, output.theirs.get(), {}, signals_);
  output.theirs.Close();
  const Clock::time_point end = Clock::now() + deadline_;
  for (bool open = true; open;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) {
      throw SlurmError(name + " did not answer within " + std::to_string(deadline_.count()) +
                       " s: is slurmctld up? (scontrol ping)");
    }
    pollfd event = {.fd = output.ours.get(), .events = POLLIN, .revents = 0};
    const int ready = poll(&event, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) FailWithErrno("poll");
    if (ready <= 0) continue;
    std::array<char, 4096> bytes;
    const ssize_t n = read(output.ours.get(), bytes.data(), bytes.size());
    open = n > 0;
    if (open) lines.Add({bytes.data(), static_cast<std::size_t>(n)});
  }
  lines.End();
  const int code = ExitCode(child.Wait(std::chrono::seconds(5)));
  if (code != 0) throw SlurmError(name + ": " + Complaint(printed));
  return printed;
}

}  // namespace ixylab::hil
