#include "hil/agent/session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "hil/agent/kernel_log.h"
#include "hil/agent/last_use.h"
#include "hil/agent/machine.h"
#include "hil/agent/words.h"
#include "hil/pci/checks.h"
#include "hil/pci/network.h"
#include "hil/target/target_spec.h"

namespace ixylab::hil {

namespace fs = std::filesystem;

namespace {

// Two ports that negotiate for 10 s each, and a driver that waits for a device that does not
// answer.
constexpr std::chrono::seconds kCableDeadline{60};

std::string TargetOf(const PortPair& pair, PciBus bus) {
  const char* const suffix = bus == PciBus::kUio ? ",uio" : bus == PciBus::kVfio ? ",vfio" : "";
  return "pci:" + pair.addresses[0] + "," + pair.addresses[1] + suffix;
}

/// "ports a, b"
std::string Named(const PortPair& pair) {
  const bool has_names = !pair.names[0].empty() && !pair.names[1].empty();
  const auto& names = has_names ? pair.names : pair.addresses;
  return "ports " + names[0] + ", " + names[1];
}

std::string DescribeEnd(const ProgramEnd& end) {
  switch (end.end) {
    case Event::End::kSignalled:
      return "crashed by signal " + std::to_string(end.code);
    case Event::End::kDeadline:
      return "killed at its deadline";
    case Event::End::kStopped:
      return "stopped";
    case Event::End::kExited:
    case Event::End::kFailed:
      break;
  }
  return "exit code " + std::to_string(end.code);
}

/// "10 Gbit/s"
std::string SpeedInWords(std::uint32_t megabits) {
  if (megabits == 0) return "speed unknown";
  return megabits % 1000 == 0 ? std::to_string(megabits / 1000) + " Gbit/s"
                              : std::to_string(megabits) + " Mbit/s";
}

/// Does what is to be done at the end of a block, if it can be done.
template <typename Action>
class AtEnd {
 public:
  explicit AtEnd(Action action) : action_(std::move(action)) {}
  ~AtEnd() {
    try {
      action_();
    } catch (const std::exception&) {  // the next request finds it, and a reservation lapses
    }
  }
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;

 private:
  const Action action_;
};

}  // namespace

Session::Session(const ServeOptions& options, const Request& request, Connection& connection)
    : options_(options),
      request_(request),
      connection_(connection),
      folder_(options.root / fs::path(kStateFolder).relative_path()),
      reservations_(folder_, options.root, [this](const std::string& line) { Note(line); }) {}

void Session::Note(const std::string& line) {
  connection_.Send({.what = Event::What::kNote, .text = line});
}

Event Session::Answer() {
  for (const PortPair& pair : request_.pairs) ParseTarget(TargetOf(pair, request_.bus));
  leftovers_ =
      RepairLeftovers(folder_, options_.root, [this](const std::string& line) { Note(line); });
  switch (request_.what) {
    case Request::What::kCheck:
      Check();
      break;
    case Request::What::kReserve:
      Reserve();
      break;
    case Request::What::kRelease:
      Release();
      break;
    case Request::What::kRun:
    case Request::What::kRegs:
    case Request::What::kRecord:
      return Run();
  }
  return {.what = Event::What::kEnd};
}

void Session::Reserve() {
  const PortPair& pair = request_.pairs[reservations_.Reserve(request_.pairs, request_.claim)];
  Note(Named(pair) + ": reserved for " + request_.claim.owner + " until " +
       InWords(std::chrono::system_clock::now() + request_.claim.duration));
}

void Session::Release() {
  const std::size_t count = reservations_.Release(request_.pairs, request_.claim.owner);
  Note(count == 0 ? "nothing is reserved for " + request_.claim.owner
                  : "released: what was reserved for " + request_.claim.owner);
}

void Session::Check() {
  Note(DescribeMachine(folder_, options_.root));
  if (leftovers_.empty()) Note("nothing is left of dead runs");
  CheckDisk(folder_);
  std::string failure;
  for (const PortPair& pair : request_.pairs) {
    Note(Named(pair) + ": " + LastUse(folder_, pair));
    const std::string found = CheckPair(pair);
    if (failure.empty()) failure = found;
  }
  if (!failure.empty()) throw PciError(failure);
}

std::string Session::CheckPair(const PortPair& pair) {
  try {
    reservations_.Take({&pair, 1}, request_.claim);
  } catch (const BusyError& busy) {
    Note(busy.what());
    return "";
  }
  const AtEnd give_back([&] { reservations_.GiveBack(pair); });
  try {
    LookAt(pair);
    WithPorts(pair, [] {});
    return "";
  } catch (const std::runtime_error& error) {
    Note(Named(pair) + ": " + error.what());
    return error.what();
  }
}

Event Session::Run() {
  Note(DescribeMachine(folder_, options_.root));
  CheckDisk(folder_);
  const PortPair& pair = request_.pairs[reservations_.Take(request_.pairs, request_.claim)];
  const AtEnd give_back([&] { reservations_.GiveBack(pair); });
  Note(Named(pair) + ": " + LastUse(folder_, pair));
  LookAt(pair);
  ProgramEnd end;
  WriteUse(folder_, pair, request_.claim, "it did not end");
  WithPorts(pair, [&] { end = RunSuite(pair); });
  try {
    WriteUse(folder_, pair, request_.claim, DescribeEnd(end));
  } catch (const PciError& error) {  // the run was good nevertheless
    Note(error.what());
  }
  return {.what = Event::What::kEnd, .end = end.end, .code = end.code};
}

void Session::LookAt(const PortPair& pair) {
  for (const Leftover& leftover : leftovers_) {
    if (std::ranges::find_first_of(leftover.addresses, pair.addresses) == leftover.addresses.end())
      continue;
    throw PciError(InWords(leftover.addresses) +
                   ": what a dead run left cannot be brought back: " + leftover.failure);
  }
  CheckPorts(pair.addresses, request_.bus, ReadNetwork(), options_.root, HugePageSupply::kRaised);
}

void Session::WithPorts(const PortPair& pair, const std::function<void()>& use) {
  if (connection_.over()) throw Stopped{};
  PortGuard guard(pair.addresses, options_.root,
                  LabGuard{.folder = folder_,
                           .bus = request_.bus,
                           .owner = request_.claim.owner,
                           .purpose = request_.claim.purpose});
  std::exception_ptr failure;
  try {
    reservations_.Keep(pair, IdentityOf(guard.process(), options_.root));
    CheckLink(pair);
    use();
  } catch (...) {
    failure = std::current_exception();
  }
  GiveBack(guard, pair);
  if (failure) std::rethrow_exception(failure);
}

void Session::GiveBack(PortGuard& guard, const PortPair& pair) {
  try {
    guard.GiveBack();
  } catch (const PciError& error) {
    const std::string failure = RepairOwn(pair.addresses, folder_, options_.root);
    if (!failure.empty()) throw PciError("not given back: " + failure);
    Note(std::string(error.what()) + "; they have been given back since");
  }
}

void Session::CheckLink(const PortPair& pair) {
  std::vector<std::string> lines;
  const ProgramEnd end = RunProgram(
      {options_.agent, "cable", "--target=" + TargetOf(pair, request_.bus)}, kCableDeadline,
      connection_, [&](std::string_view line) { lines.emplace_back(line); });
  if (end.end == Event::End::kStopped) throw Stopped{};
  const std::string last = lines.empty() ? "" : lines.back();
  if (end.end != Event::End::kExited || end.code != 0) {
    throw PciError(end.end == Event::End::kExited && !last.empty()
                       ? last
                       : Named(pair) + ": the check of their cable: " + DescribeEnd(end));
  }
  std::uint32_t megabits = 0;
  std::from_chars(last.data(), last.data() + last.size(), megabits);
  if (pair.megabits_per_second != 0 && megabits != 0 && megabits != pair.megabits_per_second) {
    throw PciError(Named(pair) + ": their link has " + SpeedInWords(megabits) +
                   ", and the lab file says " + SpeedInWords(pair.megabits_per_second));
  }
  Note(Named(pair) + ": ok, " + SpeedInWords(megabits) + ", link partner answers");
}

std::vector<std::string> Session::CommandOf(const PortPair& pair, const std::string& folder) const {
  const bool suite = request_.what == Request::What::kRun;
  std::vector<std::string> command = {options_.agent};
  if (suite && !request_.program.empty()) {
    command = {request_.program};
  } else {
    command.push_back(suite ? "suite" : request_.what == Request::What::kRegs ? "regs" : "record");
  }
  command.push_back("--target=" + TargetOf(pair, request_.bus));
  command.push_back((suite ? "--gtest_output=xml:" : "--output=") + folder + "/result");
  if (suite && request_.register_trace) {
    command.push_back("--register-trace=" + folder + "/registers.trace");
  }
  command.insert(command.end(), request_.arguments.begin(), request_.arguments.end());
  return command;
}

ProgramEnd Session::RunSuite(const PortPair& pair) {
  const fs::path folder = MakeRunFolder(folder_, options_.root);
  const AtEnd remove([&] { fs::remove_all(folder); });
  const KernelLog kernel(options_.root);
  // Nobody may count on a reservation that lapses under a program.
  const std::chrono::seconds deadline = std::min(request_.deadline, request_.claim.duration);
  const ProgramEnd end =
      RunProgram(CommandOf(pair, folder), deadline, connection_, [&](std::string_view line) {
        connection_.Send({.what = Event::What::kLine, .text = std::string(line)});
      });
  SendFile("result", folder / "result");
  connection_.Send({.what = Event::What::kFile, .name = "kernel.log", .text = kernel.Read()});
  if (request_.register_trace) SendFile("registers.trace", folder / "registers.trace");
  return end;
}

void Session::SendFile(const std::string& name, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return;  // the program has not come that far
  connection_.Send({.what = Event::What::kFile,
                    .name = name,
                    .text = {std::istreambuf_iterator<char>(file), {}}});
}

}  // namespace ixylab::hil
