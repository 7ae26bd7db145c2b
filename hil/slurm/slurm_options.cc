#include "hil/slurm/slurm_options.h"

#include <errno.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string_view>

#include "hil/files.h"
#include "hil/number_option.h"
#include "hil/target/target_spec.h"

namespace ixylab::hil {

namespace {

namespace fs = std::filesystem;

constexpr const char* kGroup = "Slurm";
constexpr std::uint64_t kMonth = 30 * 86'400;  // in seconds
// What each job is told in another way, or not at all.
constexpr auto kNotForwarded =
    std::to_array<std::string_view>({"--help", "--target", "--report", "--no-report"});

/// "--seed=7" for each option that the user gave.
std::vector<std::string> GivenOptions(const CLI::App& run) {
  std::vector<std::string> given;
  for (const CLI::Option* option : run.get_options()) {
    const std::string name = option->get_name();
    if (option->get_group() == kGroup || std::ranges::count(kNotForwarded, name) > 0) continue;
    const bool is_flag = option->get_items_expected_max() == 0;
    for (const std::string& value : option->results()) {
      given.push_back(is_flag ? name : name + "=" + value);
    }
  }
  return given;
}

std::string DefaultFolder() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != 0) return std::string(state) + "/ixylab/slurm";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != 0) return std::string(home) + "/.local/state/ixylab/slurm";
  throw std::runtime_error("--on=slurm: there is no $HOME: say --slurm-folder=DIR");
}

/// As it was started, so that the runfiles next to it are found there too.
std::string ThisProgram() {
  const fs::path started = fs::absolute(program_invocation_name);
  return fs::exists(started) ? started.string() : fs::read_symlink("/proc/self/exe").string();
}

}  // namespace

void AddSlurmOptions(CLI::App& run, SlurmOptions& slurm) {
  CLI::Option* on = run.add_option_function<std::string>(
                           "--on", [&slurm](const std::string&) { slurm.on = true; },
                           "slurm: each target is a job of Slurm's; default: this machine does it")
                        ->check(CLI::IsMember({"slurm"}))
                        ->group(kGroup);
  const auto add = [&](CLI::Option* option) { option->needs(on)->group(kGroup); };
  add(run.add_option("--gres", slurm.gres,
                     "What a job takes of its node; default: nic:82599:2 for lab: and pci:"));
  add(run.add_option("--partition", slurm.partition, "Of the nodes; default: Slurm's"));
  add(run.add_option("--slurm-option", slurm.sbatch,
                     "A further option of sbatch, as --account=lab; may be given several times"));
  add(run.add_option("--slurm-folder", slurm.folder,
                     "Where jobs leave their results; all nodes see it under this path; default: "
                     "~/.local/state/ixylab/slurm"));
  add(run.add_option("--slurm-hil", slurm.hil, "hil's path on the nodes; default: as it is here"));
  const auto set_deadline = [&slurm](std::uint64_t seconds) {
    slurm.queue_deadline = std::chrono::seconds(seconds);
  };
  add(run.add_option_function<std::uint64_t>("--queue-deadline", set_deadline,
                                             "Seconds within which a job must begin")
          ->default_str(std::to_string(slurm.queue_deadline.count()))
          ->check(Number(1, kMonth)));
}

void CompleteSlurmOptions(const CLI::App& run, const std::vector<std::string>& targets,
                          SlurmOptions& slurm) {
  for (const std::string& target : targets) {
    if (!slurm.on && ParseTarget(target).machine == kAnyMachine) {
      throw TargetError("target \"" + target +
                        "\": the machine is Slurm's choice, so it needs --on=slurm");
    }
  }
  if (!slurm.on) return;
  slurm.folder = fs::absolute(slurm.folder.empty() ? DefaultFolder() : FromUser(slurm.folder));
  slurm.hil = slurm.hil.empty() ? ThisProgram() : FromUser(slurm.hil);
  slurm.arguments = GivenOptions(run);
}

}  // namespace ixylab::hil
