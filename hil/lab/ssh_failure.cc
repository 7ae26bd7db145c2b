#include "hil/lab/ssh_failure.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

namespace ixylab::hil {

namespace {

struct Failure {
  std::string_view words;  // of ssh
  std::string (*meaning)(const LabMachine& machine);
};

std::string KeyOf(const LabMachine& machine) {
  return machine.key.empty() ? "the keys that ssh has" : "the key " + machine.key;
}

// The first whose words were said is it.
constexpr auto kFailures = std::to_array<Failure>({
    {"REMOTE HOST IDENTIFICATION HAS CHANGED",
     [](const LabMachine& machine) {
       return "its host key is another one than before: find out why, then forget the old one "
              "(ssh-keygen -R " +
              (machine.port == 0 ? machine.host
                                 : "[" + machine.host + "]:" + std::to_string(machine.port)) +
              ")";
     }},
    {"Host key verification failed",
     [](const LabMachine&) {
       return std::string(
           "its host key is not known: connect once by hand, or set ssh_options = "
           "[\"StrictHostKeyChecking=accept-new\"]");
     }},
    {"UNPROTECTED PRIVATE KEY FILE",
     [](const LabMachine& machine) { return "others may read " + KeyOf(machine) + ": chmod 600"; }},
    {"Permission denied (",
     [](const LabMachine& machine) {
       return Destination(machine) + " does not take " + KeyOf(machine) +
              ": add its public half to authorized_keys there, or correct user and key";
     }},
    {"Could not resolve hostname",
     [](const LabMachine& machine) { return "there is no host " + machine.host; }},
    {"Connection refused",
     [](const LabMachine& machine) {
       return machine.host +
              " refuses the connection: is its SSH server running, and is ssh_port "
              "right?";
     }},
    {"No route to host",
     [](const LabMachine& machine) { return machine.host + " cannot be reached: is it on?"; }},
    {"Network is unreachable",
     [](const LabMachine& machine) { return "no network leads to " + machine.host; }},
    // While it connects; later it is "Timeout, server ... not responding".
    {"timed out",
     [](const LabMachine& machine) {
       return machine.host + " does not answer: is it on, and is host right?";
     }},
});

bool WasSaid(const std::vector<std::string>& said, std::string_view words) {
  return std::ranges::any_of(
      said, [&](const std::string& line) { return line.find(words) != line.npos; });
}

}  // namespace

std::string Destination(const LabMachine& machine) {
  return machine.user.empty() ? machine.host : machine.user + "@" + machine.host;
}

std::string DescribeSshFailure(const LabMachine& machine, int code,
                               const std::vector<std::string>& said) {
  const std::string last =
      said.empty() ? "ssh ended with exit code " + std::to_string(code) : said.back();
  if (machine.sudo && WasSaid(said, "sudo:")) {
    return "sudo must not ask " + Destination(machine) + " for a password (" + last + ")";
  }
  if (code != kSshFailed) return last;
  for (const Failure& failure : kFailures) {
    if (WasSaid(said, failure.words)) return failure.meaning(machine) + " (" + last + ")";
  }
  return "connection lost (" + last + ")";
}

}  // namespace ixylab::hil
