#include "tests/hil/lab/vm/lab_stand_in.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "hil/files.h"
#include "hil/lab/lab_file.h"
#include "hil/subprocess.h"
#include "tests/hil/processes.h"

namespace ixylab::hil {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Clock = std::chrono::steady_clock;

constexpr auto kInterval = 20ms;
constexpr auto kBootDeadline = 120s;
constexpr auto kStopDeadline = 20s;
constexpr auto kCommandDeadline = 60s;

/// Of all that tests start: one, since a second would hand on what the first has changed.
const SignalsAsEvents& Signals() {
  static const SignalsAsEvents signals;
  return signals;
}

Descriptor Create(const std::string& path) {
  Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (file.get() < 0) FailWithErrno("cannot make " + path);
  return file;
}

std::vector<std::string> ReadLines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> HilCommand(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {FindRunfile("hil/hil")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

std::string Join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

HilProcess::HilProcess(const std::string& name, const std::vector<std::string>& arguments)
    : files_(testing::TempDir() + name),
      child_(HilCommand(arguments),
             Child::Streams{.output = Create(files_ + ".out").get(),
                            .error = Create(files_ + ".err").get()},
             {}, Signals()) {}

void HilProcess::Signal(int signal) const { kill(child_.pid(), signal); }

bool HilProcess::Prints(std::string_view text, std::chrono::seconds patience) const {
  const Clock::time_point end = Clock::now() + patience;
  while (true) {
    const bool over = IsGone(pid()) || Clock::now() > end;
    if (std::ranges::any_of(
            Output(), [&](const std::string& line) { return line.find(text) != line.npos; })) {
      return true;
    }
    if (over) return false;
    std::this_thread::sleep_for(kInterval);
  }
}

int HilProcess::Wait(std::chrono::seconds patience) {
  const int status = child_.Wait(patience);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

std::vector<std::string> HilProcess::Output() const { return ReadLines(files_ + ".out"); }

std::vector<std::string> HilProcess::Errors() const { return ReadLines(files_ + ".err"); }

void LabStandIn::Boot() {
  std::filesystem::remove(lab_file());
  vm_ = std::make_unique<HilProcess>("lab_vm",
                                     std::vector<std::string>{"lab", "vm", "--folder=" + folder_});
  const Clock::time_point end = Clock::now() + kBootDeadline;
  while (!std::filesystem::exists(lab_file())) {
    if (IsGone(vm_->pid()) || Clock::now() > end) {
      throw std::runtime_error("the lab machine does not come up: " + Join(vm_->Errors()));
    }
    std::this_thread::sleep_for(kInterval);
  }
}

void LabStandIn::CutPower() {
  const std::vector<pid_t> machine = Children(vm_->pid());
  vm_.reset();  // killed; the kernel kills its children with it
  if (!Eventually([&] { return std::ranges::all_of(machine, IsGone); })) {
    throw std::runtime_error("the lab machine outlives its power cut");
  }
}

int LabStandIn::Stop() {
  vm_->Signal(SIGINT);
  return vm_->Wait(kStopDeadline);
}

std::string LabStandIn::Do(const std::string& script) const {
  const Lab lab = ReadLab(lab_file());
  const LabMachine& machine = lab.machines.front();
  std::vector<std::string> command = {
      FindInPath("ssh"), "-p", std::to_string(machine.port), "-i", machine.key, "-o",
      "BatchMode=yes"};
  for (const std::string& option : machine.ssh_options) {
    command.insert(command.end(), {"-o", option});
  }
  std::ifstream file(FindRunfile("tests/hil/lab/vm/on_machine.sh"));
  const std::string functions(std::istreambuf_iterator<char>(file), {});
  command.insert(command.end(), {machine.user + "@" + machine.host, functions + script});
  std::string said;
  const ChildResult result = RunChild(
      command, kCommandDeadline, [&](std::string_view line) { said.append(line).append("\n"); });
  if (result.end != ChildResult::End::kExited || result.code != 0) {
    throw std::runtime_error("on the lab machine: " + script + ": " + said);
  }
  return said;
}

}  // namespace ixylab::hil
