#include "hil/regs/programs.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include "hil/number_option.h"
#include "hil/regs/dump.h"
#include "hil/regs/output_file.h"
#include "hil/regs/record.h"
#include "hil/target/target.h"

namespace ixylab::hil {

namespace {

/// With --target and --output, whose file gets what `work` makes of the target.
int Main(CLI::App& app, int argc, char** argv, const std::function<std::string(Target&)>& work) {
  std::string target, output;
  app.add_option("--target", target, "Whose ports")->required();
  app.add_option("--output", output, "Where the result goes")->required();
  try {
    app.parse(argc, argv);
    OutputFile file(output);
    file.Write(work(*OpenTarget(target, /*seed=*/1)));
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), error.what());
    return 2;
  }
  return 0;
}

}  // namespace

int RegsProgram(int argc, char** argv) {
  CLI::App app("Reads the registers of a port.", "agent regs");
  unsigned port = 0;
  std::string state = "open";
  app.add_option("--port", port, "Which")->check(Number(0, 1));
  app.add_option("--state", state, "open or reset");
  return Main(app, argc, argv, [&](Target& target) {
    return ToJson(ReadRegisters(target, port, ParseState(state)));
  });
}

int RecordProgram(int argc, char** argv) {
  CLI::App app("Records the register accesses of our driver on two ports.", "agent record");
  return Main(app, argc, argv, [](Target& target) { return JoinTraces(Record(target)); });
}

}  // namespace ixylab::hil
