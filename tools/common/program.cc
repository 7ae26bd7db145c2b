#include "tools/common/program.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "hil/number_option.h"
#include "hil/vm_options.h"

namespace ixylab::tools {
namespace {

constexpr int kFailure = 1;
constexpr int kUsage = 2;

/// Shows register accesses on stderr, one that is repeated only once.
class TracePrinter {
 public:
  void operator()(std::string_view line) {
    const std::string_view access = line.substr(std::min(line.find("port"), line.size()));
    const bool again = access == last_;
    if (!again) {
      std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
      last_ = access;
    } else if (!repeated_) {
      std::fputs("             ...\n", stderr);
    }
    repeated_ = again;
  }

 private:
  std::string last_;
  bool repeated_ = false;
};

/// Set by Ctrl-C. A signal handler reaches nothing but globals.
std::atomic<bool> interrupted = false;

void CatchSignals() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = SA_RESETHAND;  // the second Ctrl-C ends the program at once
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // Who reads the output may go away: then the write fails, with a reason.
  std::signal(SIGPIPE, SIG_IGN);
}

int Fail(const std::string& program, const std::string& what, int status) {
  std::fprintf(stderr, "%s: %s\n", program.c_str(), what.c_str());
  return status;
}

}  // namespace

bool Interrupted() { return interrupted; }

void DeclareCommonOptions(CLI::App& app, CommonOptions& options) {
  const auto is_here = [](const std::string& target) {
    return target.starts_with("lab:") ? target + " is a machine of the lab: run this there, on pci:"
                                      : std::string();
  };
  app.add_option("--target", options.target, "Whose ports")->check(is_here)->capture_default_str();
  app.add_option("--batch", options.batch, "Packets a call")
      ->check(hil::Number(1, kMaxBatch))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Seed of a model's device addresses")
      ->check(hil::Number())
      ->capture_default_str();
  app.add_flag_callback(
      "--trace", [&options] { options.trace = TracePrinter(); },
      "Show register accesses by name and fields on stderr");
  hil::AddVmOptions(app, options.vm);
}

void CheckDifferent(const std::string& in_option, const std::string& in,
                    const std::string& out_option, const std::string& out) {
  std::error_code ignored;  // one of them does not exist: then they are not the same
  if (!std::filesystem::equivalent(in, out, ignored)) return;
  throw UsageError(in_option + " and " + out_option + " are the same file, " + out +
                   "; give another " + out_option + ", or the capture would be overwritten");
}

int RunProgram(CLI::App& app, int argc, char** argv, const std::function<void()>& body) {
  const std::string name = app.get_name();
  try {
    // Under `bazel run`, paths are still relative to where the user stands.
    if (const char* folder = std::getenv("BUILD_WORKING_DIRECTORY")) {
      std::filesystem::current_path(folder);
    }
    app.parse(argc, argv);
    CatchSignals();
    body();
    return 0;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    return Fail(name, error.what() + ("; " + name) + " --help lists the options", kUsage);
  } catch (const UsageError& error) {
    return Fail(name, error.what(), kUsage);
  } catch (const hil::TargetError& error) {
    return Fail(name, std::string("--target: ") + error.what(), kUsage);
  } catch (const std::exception& error) {
    return Fail(name, error.what(), kFailure);
  }
}

}  // namespace ixylab::tools
