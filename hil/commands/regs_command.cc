#include <cstdio>
#include <memory>

#include "emulator/82599/register_doc.h"
#include "hil/commands/commands.h"

namespace ixylab::hil {

Command AddRegsCommand(CLI::App& hil) {
  CLI::App* regs = hil.add_subcommand("regs", "Shows the model's registers");
  const auto document = std::make_shared<bool>(false);
  regs->add_flag("--doc", *document, "As a Markdown document")->required();
  const auto show = [document] {
    std::fputs(emulator::intel82599::RegisterDocument().c_str(), stdout);
    return kPassed;
  };
  return {.app = regs, .action = show};
}

}  // namespace ixylab::hil
