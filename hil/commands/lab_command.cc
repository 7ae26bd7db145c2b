#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hil/commands/commands.h"
#include "hil/lab/lab_arguments.h"
#include "hil/lab/lab_file.h"
#include "hil/lab/remote.h"
#include "hil/lab/ssh_failure.h"
#include "hil/number_option.h"

namespace ixylab::hil {

namespace {

using std::chrono_literals::operator""s;

constexpr auto kCheckDeadline = 120s;              // between two things that the machine says
constexpr unsigned kMaxReservation = 7 * 24 * 60;  // minutes

struct LabArguments {
  LabOptions options;
  std::vector<std::string> machines;
  std::string ports;  // MACHINE[/PORT]
  unsigned minutes = 0;
};

std::string Speed(const LabPort& port) {
  if (port.megabits_per_second == 0) return "-";
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%g Gbit/s", port.megabits_per_second / 1000.0);
  return text.data();
}

void PrintPorts(const LabMachine& machine) {
  using Row = std::array<std::string, 5>;
  std::vector<Row> rows = {{"port", "address", "cable", "speed", "sfp"}};
  for (const LabPort& port : machine.ports) {
    rows.push_back(
        {port.name, port.address, port.cable, Speed(port), port.sfp.empty() ? "-" : port.sfp});
  }
  for (const Row& row : rows) {
    std::string line = "   ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::size_t width = 0;
      for (const Row& other : rows) width = std::max(width, other[i].size());
      line += " " + row[i] + std::string(width - row[i].size() + 1, ' ');
    }
    std::printf("%s\n", line.substr(0, line.find_last_not_of(' ') + 1).c_str());
  }
}

int List(const LabOptions& options) {
  const Lab lab = ReadLab(options);
  for (const LabMachine& machine : lab.machines) {
    std::string capabilities = machine.iommu ? "IOMMU" : "no IOMMU";
    if (machine.port != 0) capabilities += ", ssh_port " + std::to_string(machine.port);
    if (machine.sudo) capabilities += ", sudo";
    std::printf("lab:%s  %s, %s\n", machine.name.c_str(), Destination(machine).c_str(),
                capabilities.c_str());
    if (!machine.notes.empty()) std::printf("    %s\n", machine.notes.c_str());
    PrintPorts(machine);
  }
  return kPassed;
}

/// Of one machine: its name comes before what is printed.
class Teller {
 public:
  explicit Teller(const LabMachine& machine) : name_(machine.name) {}
  void Tell(const std::string& text) const {
    std::printf("%s: %s\n", name_.c_str(), text.c_str());
    std::fflush(stdout);
  }

 private:
  const std::string name_;
};

/// Asks the machine, and tells its notes. Throws LabError if it cannot.
LabResult Ask(const LabOptions& options, const LabMachine& machine, Request request,
              const std::function<void(const LabHost&)>& on_host = {}) {
  const Teller teller(machine);
  request.bus = machine.iommu ? PciBus::kVfio : PciBus::kSysfs;
  request.deadline = kCheckDeadline;
  LabResult result = AskLab(
      options, machine, std::move(request), "",
      {.on_host = on_host, .on_event = [&](const Event& event) { teller.Tell(event.text); }});
  const bool done = result.end == Event::End::kExited && result.code == 0;
  if (!done && !result.interrupted) {
    throw LabError("lab machine " + machine.name + ": " +
                   (result.reason.empty() ? "see above" : result.reason));
  }
  return result;
}

/// Gives kInterrupted, or whether it is usable.
int CheckMachine(const LabOptions& options, const LabMachine& machine) {
  const Teller teller(machine);
  const auto tell_host = [&](const LabHost& host) {
    teller.Tell(Destination(machine) + " answers: " + host.name + ", x86_64, " +
                std::to_string(host.free_bytes >> 20) + " MiB free in " +
                std::string(kStateFolder) + ", the agent " +
                (host.copied == 0 ? "is there" : "was copied"));
  };
  try {
    Request request;
    request.what = Request::What::kCheck;
    request.pairs = CabledPairs(machine, "");
    request.claim.duration = kCheckDeadline;
    if (Ask(options, machine, std::move(request), tell_host).interrupted) return kInterrupted;
    teller.Tell("usable");
    return kPassed;
  } catch (const std::runtime_error& error) {
    std::string why = error.what();
    const std::string name = "lab machine " + machine.name + ": ";
    if (why.starts_with(name)) why.erase(0, name.size());
    teller.Tell("NOT usable: " + why);
    return kFailed;
  }
}

int Check(const LabArguments& arguments) {
  const Lab lab = ReadLab(arguments.options);
  std::vector<const LabMachine*> machines;
  for (const std::string& name : arguments.machines) machines.push_back(&lab.Find(name));
  if (machines.empty()) {
    for (const LabMachine& machine : lab.machines) machines.push_back(&machine);
  }
  int code = kPassed;
  for (const LabMachine* machine : machines) {
    code = std::max(code, CheckMachine(arguments.options, *machine));
    if (code == kInterrupted) break;
  }
  return code;
}

int ReserveOrRelease(const LabArguments& arguments, Request::What what) {
  const TargetSpec target = ParseTarget("lab:" + arguments.ports);
  const Lab lab = ReadLab(arguments.options);
  const LabMachine& machine = lab.Find(target.machine);
  Request request;
  request.what = what;
  request.pairs = CabledPairs(machine, target.port);
  request.claim.duration = std::chrono::minutes(arguments.minutes);
  return Ask(arguments.options, machine, std::move(request)).interrupted ? kInterrupted : kPassed;
}

}  // namespace

Command AddLabCommand(CLI::App& hil) {
  CLI::App* lab = hil.add_subcommand("lab", "The machines of the lab file");
  lab->require_subcommand(1);
  const auto arguments = std::make_shared<LabArguments>();

  CLI::App* list = lab->add_subcommand("list", "Shows machines, ports and cables");
  AddLabFileOption(*list, arguments->options);

  CLI::App* check = lab->add_subcommand(
      "check", "Looks at machines and their ports, and repairs what dead runs left");
  check->add_option("MACHINE", arguments->machines, "Which; default: all");
  AddLabOptions(*check, arguments->options);

  CLI::App* reserve = lab->add_subcommand("reserve", "Keeps ports for you");
  reserve->add_option("--for", arguments->minutes, "Minutes")
      ->required()
      ->check(Number(1, kMaxReservation));
  CLI::App* release = lab->add_subcommand("release", "Gives back what you reserved");
  for (CLI::App* command : {reserve, release}) {
    command
        ->add_option("MACHINE[/PORT]", arguments->ports,
                     "Two ports of this machine that are cabled to each other")
        ->required();
    AddLabOptions(*command, arguments->options);
  }

  const Command vm = AddLabVmCommand(*lab);
  const auto action = [=] {
    if (vm.app->parsed()) return vm.action();
    if (list->parsed()) return List(arguments->options);
    if (check->parsed()) return Check(*arguments);
    return ReserveOrRelease(*arguments,
                            reserve->parsed() ? Request::What::kReserve : Request::What::kRelease);
  };
  return {.app = lab, .action = action};
}

}  // namespace ixylab::hil
