#include <cstdio>
#include <string>

#include "hil/commands/commands.h"
#include "hil/target/target_spec.h"

namespace ixylab::hil {

Command AddTargetsCommand(CLI::App& hil) {
  const auto list = [] {
    for (const TargetInfo& target : Targets()) {
      std::printf("%-22s %s\n", std::string(target.name).c_str(),
                  std::string(target.description).c_str());
    }
    return kPassed;
  };
  return {.app = hil.add_subcommand("targets", "Lists the targets"), .action = list};
}

}  // namespace ixylab::hil
