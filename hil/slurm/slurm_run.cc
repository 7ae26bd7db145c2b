#include "hil/slurm/slurm_run.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hil/process.h"
#include "hil/report/text.h"
#include "hil/slurm/job.h"
#include "hil/slurm/slurm.h"

namespace ixylab::hil {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr std::size_t kAttempts = 3;
// hil in the job could not do as told, and said why: so it will be anywhere.
constexpr int kRefused = 2;
// Why a job waits that will have its turn.
constexpr auto kUsualReasons = std::to_array<std::string_view>({"None", "Priority", "Resources"});
// The controller is asked more and more rarely while nothing happens.
constexpr Clock::duration kShortestPause = 250ms;
constexpr Clock::duration kLongestPause = 5s;
// From the end of a job's time on until Slurm has ended it.
constexpr Clock::duration kEndOfJob = 300s;
constexpr Clock::duration kCancelled = 60s;

/// One target, from its first job to its column of the report.
struct Task {
  std::string target;
  std::string label;                     // "2/7 lab:any"
  std::vector<std::string> lost{};       // how earlier jobs ended: "job 12 on lab1 (NODE_FAIL)"
  std::vector<std::string> avoided{};    // the nodes of those
  std::optional<TargetRecord> record{};  // there is one: it is done

  // Of the present job.
  std::string job{};
  JobFolder folder{};
  std::string node{};   // where it runs or ran
  std::string shown{};  // what the user knows of it
  Clock::time_point submitted{};
  std::optional<Clock::time_point> begun{};
  std::optional<Clock::time_point> ended{};  // and still without a result

  std::string Name() const { return "job " + job + (node.empty() ? "" : " on " + node); }
};

/// Of all jobs of this run and no other.
std::string RunName() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return "hil-" + HostName() + "-" + std::to_string(getpid()) + "-" +
         std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

class Fleet {
 public:
  Fleet(const RunOptions& options, const SlurmOptions& slurm)
      : options_(options),
        slurm_options_(slurm),
        slurm_(slurm.command_deadline, signals_),
        name_(RunName()),
        folder_(fs::path(slurm.folder) / name_) {
    for (const std::string& target : options.targets) {
      const std::string number = std::to_string(tasks_.size() + 1);
      tasks_.push_back(
          {.target = target,
           .label = number + "/" + std::to_string(options.targets.size()) + " " + target});
    }
  }

  RunRecord Run() {
    RunRecord run;
    try {
      SubmitAll();
      run.interrupted = !Follow();
    } catch (...) {
      CancelJobs();
      throw;
    }
    if (run.interrupted) {
      CancelJobs();
      for (Task& task : tasks_) TakeWhatThereIs(task);
    }
    for (Task& task : tasks_) {
      if (task.record) run.targets.push_back(std::move(*task.record));
    }
    std::error_code not_empty;  // what a failure has left stays
    fs::remove(folder_, not_empty);
    return run;
  }

 private:
  void Say(const Task& task, const std::string& text) const {
    std::printf("%s: %s\n", task.label.c_str(), text.c_str());
    std::fflush(stdout);
  }

  /// Until all are done; false if the user interrupted it.
  bool Follow() {
    Clock::duration pause = kShortestPause;
    Clock::time_point answered = Clock::now();
    while (std::ranges::any_of(tasks_, [](const Task& task) { return !task.record; })) {
      if (Interrupted(pause)) return false;
      changed_ = false;
      try {
        const std::map<std::string, JobStatus> jobs = slurm_.Jobs(name_);
        answered = Clock::now();
        for (Task& task : tasks_) {
          if (task.record) continue;
          const auto job = jobs.find(task.job);
          Look(task, job == jobs.end() ? nullptr : &job->second);
        }
      } catch (const SlurmError& error) {
        if (Clock::now() - answered < slurm_options_.patience) continue;
        for (Task& task : tasks_) {
          if (!task.record) Fail(task, task.Name() + ": Slurm is out of reach: " + error.what());
        }
      }
      pause = changed_ ? kShortestPause : std::min(pause * 3 / 2, kLongestPause);
    }
    return true;
  }

  bool Interrupted(Clock::duration pause) const {
    pollfd event = {.fd = signals_.get(), .events = POLLIN, .revents = 0};
    const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(pause).count();
    if (poll(&event, 1, static_cast<int>(time)) <= 0) return false;
    signals_.Consume();
    return true;
  }

  void SubmitAll() {
    for (Task& task : tasks_) {
      try {
        Submit(task);
      } catch (const SlurmError& error) {
        throw SlurmError("--target=" + task.target + ": " + error.what());
      }
    }
  }

  /// Throws SlurmError with Slurm's words if it does not take the job.
  void Submit(Task& task) {
    const std::size_t number = static_cast<std::size_t>(&task - tasks_.data()) + 1;
    task.folder = {
        (folder_ / (std::to_string(number) + "." + std::to_string(task.lost.size() + 1))).string()};
    task.node.clear();
    task.begun.reset();
    task.ended.reset();
    std::error_code error;
    fs::create_directories(task.folder.path, error);
    std::ofstream script(task.folder.Script());
    if (!(script << JobScript(slurm_options_, task.target, task.folder) << std::flush)) {
      throw std::runtime_error("cannot write " + task.folder.Script() + " (--slurm-folder)");
    }
    task.job = slurm_.Submit(
        JobOptions(options_, slurm_options_, task.target, name_, task.folder, task.avoided),
        task.folder.Script());
    task.submitted = Clock::now();
    task.shown = "queued";
    Say(task, task.Name() + " is queued");
    changed_ = true;
  }

  /// What has become of the task's job; null: Slurm does not know it any more.
  void Look(Task& task, const JobStatus* status) {
    if (status != nullptr && !status->Ended()) return LookAtLiving(task, *status);
    if (status != nullptr && !status->node.empty()) task.node = status->node;
    if (std::optional<RunRecord> result = task.folder.Result();
        result && !result->interrupted && result->targets.size() == 1) {
      return Finish(task, std::move(result->targets.front()));
    }
    // A file system of several machines may need a moment to show what the node wrote.
    if (!task.ended) task.ended = Clock::now();
    const bool may_come = status == nullptr || status->EndedByItself();
    if (may_come && Clock::now() - *task.ended < slurm_options_.settle) return;
    EndWithoutResult(task, status);
  }

  void LookAtLiving(Task& task, const JobStatus& status) {
    const Clock::time_point now = Clock::now();
    if (status.Waits()) {
      if (task.begun) {  // by Slurm's own decision; ours is told, counted, and goes elsewhere
        slurm_.Cancel(task.job);
        return Lose(task, "requeued");
      }
      if (now - task.submitted >= slurm_options_.queue_deadline) {
        slurm_.Cancel(task.job);
        return Fail(task, task.Name() + " did not begin within " +
                              std::to_string(slurm_options_.queue_deadline.count()) +
                              " s: " + status.reason);
      }
      const bool usual = std::ranges::count(kUsualReasons, status.reason) > 0;
      return Show(task, usual ? "queued" : "queued: " + status.reason);
    }
    task.node = status.node;
    if (!task.begun) task.begun = now;
    if (now - *task.begun >= JobTime(options_) + kEndOfJob) {
      slurm_.Cancel(task.job);
      return Fail(task, task.Name() + " is still there after its time: " + status.state);
    }
    if (status.state == "RUNNING") Show(task, "runs");
  }

  void Show(Task& task, const std::string& text) {
    if (std::exchange(task.shown, text) == text) return;
    Say(task, task.Name() + " " + (text == "runs" ? text : "is " + text));
    changed_ = true;
  }

  void Finish(Task& task, TargetRecord record) {
    record.machine = task.node.empty() ? record.machine : task.node;
    RunRecord alone;
    alone.targets.push_back(record);
    Say(task, task.Name() + " has ended: " + Summary(alone));
    std::printf("%s", Table(alone).c_str());
    task.record = std::move(record);
    std::error_code stays;
    fs::remove_all(task.folder.path, stays);
    changed_ = true;
  }

  void EndWithoutResult(Task& task, const JobStatus* status) {
    if (status == nullptr) return Lose(task, "it has vanished from the queue");
    const std::string& state = status->state;
    if (state == "CANCELLED" || state == "REVOKED") {
      return Fail(task, task.Name() + " was cancelled, and not by this run");
    }
    if (state == "TIMEOUT" || state == "DEADLINE") {
      return Fail(task, task.Name() + " was killed: it did not end within its time");
    }
    if (status->node.empty()) {
      return Fail(task, task.Name() + " was given up before it began: " + status->reason);
    }
    if (status->exit_code == kRefused) return Fail(task, task.Name() + " could not run");
    const bool told = state != "FAILED" && state != "COMPLETED";
    Lose(task, told ? state : "no result, exit code " + std::to_string(status->exit_code));
  }

  /// Another job for it, elsewhere if there is such a node, unless there were enough.
  void Lose(Task& task, const std::string& why) {
    Say(task, task.Name() + " is lost (" + why + ")");
    task.lost.push_back(task.Name() + " (" + why + ")");
    if (!task.node.empty()) task.avoided.push_back(task.node);
    if (task.lost.size() == kAttempts) {
      std::string all;
      for (const std::string& lost : task.lost) all += (all.empty() ? "" : ", ") + lost;
      return Fail(task, "lost each time: " + all);
    }
    try {
      Submit(task);
    } catch (const SlurmError&) {  // no other node can have it
      task.avoided.clear();
      try {
        Submit(task);
      } catch (const SlurmError& error) {
        Fail(task, task.lost.back() + " is lost, and cannot be tried again: " + error.what());
      }
    }
  }

  /// A failure of the run, with what the job has said and with the results it had got to.
  void Fail(Task& task, const std::string& why) {
    Say(task, why);
    TakeWhatThereIs(task);
    if (!task.record) {
      task.record =
          TargetRecord{.target = task.target, .machine = task.node, .seed = options_.seed};
    }
    TestResult failure{.name = "(the run)", .output = {why}};
    const std::vector<std::string> words = task.folder.LastWords();
    failure.output.insert(failure.output.end(), words.begin(), words.end());
    task.record->results.push_back(std::move(failure));
    changed_ = true;
  }

  void TakeWhatThereIs(Task& task) const {
    if (task.record) return;
    std::optional<RunRecord> result = task.folder.Result();
    if (!result || result->targets.size() != 1) return;
    task.record = std::move(result->targets.front());
    if (!task.node.empty()) task.record->machine = task.node;
  }

  /// Until none is left; says so if it cannot.
  void CancelJobs() const {
    if (std::ranges::all_of(tasks_, [](const Task& task) { return task.job.empty(); })) return;
    std::string trouble = "there are still some after a minute";
    try {
      const Clock::time_point end = Clock::now() + kCancelled;
      slurm_.CancelAll(name_);
      for (; Clock::now() < end; Interrupted(kShortestPause)) {
        const auto jobs = slurm_.Jobs(name_);
        if (std::ranges::all_of(jobs, [](const auto& job) { return job.second.Ended(); })) {
          std::printf("all jobs of this run are cancelled, none is left\n");
          std::fflush(stdout);
          return;
        }
      }
    } catch (const std::exception& error) {
      trouble = error.what();
    }
    std::fprintf(stderr, "hil: cannot cancel this run's jobs (%s): scancel --name=%s\n",
                 trouble.c_str(), name_.c_str());
  }

  const RunOptions& options_;
  const SlurmOptions& slurm_options_;
  const SignalsAsEvents signals_;
  const Slurm slurm_;
  const std::string name_;
  const fs::path folder_;
  std::vector<Task> tasks_;
  bool changed_ = false;  // since the last look: the next one comes soon
};

}  // namespace

RunRecord RunOnSlurm(const RunOptions& options, const SlurmOptions& slurm) {
  return Fleet(options, slurm).Run();
}

}  // namespace ixylab::hil
