// Forwards a capture file through the driver: reads it at port 0, writes what leaves port 1.
//
//   fwd --in=a.pcap --out=b.pcap
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "hil/number_option.h"
#include "tools/fwd/forwarder.h"

namespace ixylab::fwd {
namespace {

constexpr int kFailure = 1;
constexpr int kUsage = 2;

/// The command line is wrong; one line that says what to do.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

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

/// Has `app` store what it finds in `options`.
void DeclareOptions(CLI::App& app, Options& options) {
  app.add_option("--in", options.in, "Capture to replay at port 0: pcap or pcapng, Ethernet")
      ->required();
  app.add_option("--out", options.out, "Capture to write of what leaves port 1")->required();
  app.add_option("--target", options.target, "Whose ports")->capture_default_str();
  app.add_option("--batch", options.batch, "Packets a call")
      ->check(hil::Number(1, kMaxBatch))
      ->capture_default_str();
  app.add_option("--loop", options.loop, "Times to replay the input")
      ->check(hil::Number(1))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Seed of the model's device addresses")
      ->check(hil::Number())
      ->capture_default_str();
  app.add_flag_callback(
      "--trace", [&options] { options.trace = TracePrinter(); },
      "Show register accesses by name and fields on stderr");
}

void CheckFiles(const Options& options) {
  std::error_code ignored;  // one of them does not exist: then they are not the same
  if (std::filesystem::equivalent(options.in, options.out, ignored)) {
    throw UsageError("--in and --out are the same file, " + options.out +
                     "; give another --out, or the capture would be overwritten");
  }
}

/// Set by Ctrl-C. A signal handler reaches nothing but globals.
std::atomic<bool> interrupted = false;

void CatchInterrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = SA_RESETHAND;  // the second Ctrl-C ends the program at once
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

/// Prints what went through in each second.
class RateReport {
 public:
  explicit RateReport(Forwarder& forwarder) : forwarder_(forwarder) {}

  void operator()() {
    const std::chrono::duration<double> elapsed = Clock::now() - since_;
    if (elapsed < std::chrono::seconds(1)) return;
    const Totals now = forwarder_.ReadTotals();
    const double per_microsecond = 1e-6 / elapsed.count();
    std::fprintf(stderr, "fwd: %.3f Mpps, %.0f Mbit/s, %" PRIu64 " missed\n",
                 static_cast<double>(now.out - last_.out) * per_microsecond,
                 static_cast<double>(now.out_bytes - last_.out_bytes) * 8 * per_microsecond,
                 now.missed - last_.missed);
    last_ = now;
    since_ = Clock::now();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Forwarder& forwarder_;
  Clock::time_point since_ = Clock::now();
  Totals last_;
};

std::string Describe(const emulator::PcapPlayer::Skipped& skipped) {
  std::string reasons;
  for (const auto& [count, reason] : {std::pair(skipped.cut_off, "cut off by the snap length"),
                                      std::pair(skipped.too_long, "too long for the port"),
                                      std::pair(skipped.damaged, "damaged")}) {
    if (count == 0) continue;
    reasons.append(reasons.empty() ? " (" : ", ").append(std::to_string(count) + " " + reason);
  }
  return std::to_string(skipped.total()) + " skipped" + reasons + (reasons.empty() ? "" : ")");
}

void PrintTotals(const Totals& totals) {
  std::fprintf(
      stderr,
      "fwd: %" PRIu64 " in, %" PRIu64 " forwarded, %" PRIu64 " out, %" PRIu64 " missed, %s\n",
      totals.in, totals.forwarded, totals.out, totals.missed, Describe(totals.skipped).c_str());
}

void Forward(const Options& options) {
  CheckFiles(options);
  CatchInterrupts();
  Forwarder forwarder(options);
  forwarder.Run([] { return interrupted.load(); }, RateReport(forwarder));

  const Totals totals = forwarder.ReadTotals();
  if (interrupted) std::fputs("fwd: interrupted\n", stderr);
  PrintTotals(totals);
  forwarder.Close();
  // An interrupt also ends a read from a pipe.
  if (!interrupted && !forwarder.input_error().empty()) {
    throw std::runtime_error(forwarder.input_error());
  }
  if (totals.out != totals.in) {
    throw std::runtime_error(std::to_string(totals.in - totals.out) + " frames did not come out: " +
                             std::to_string(totals.missed) + " missed and " +
                             std::to_string(totals.errors) + " taken for bad by port 0");
  }
}

int Main(int argc, char** argv) {
  CLI::App app("Forwards a capture file through two ports and the driver.", "fwd");
  try {
    // Under `bazel run`, paths are still relative to where the user stands.
    if (const char* folder = std::getenv("BUILD_WORKING_DIRECTORY")) {
      std::filesystem::current_path(folder);
    }
    Options options;
    DeclareOptions(app, options);
    app.parse(argc, argv);
    Forward(options);
    return 0;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "fwd: %s; fwd --help lists the options\n", error.what());
    return kUsage;
  } catch (const UsageError& error) {
    std::fprintf(stderr, "fwd: %s\n", error.what());
    return kUsage;
  } catch (const hil::TargetError& error) {
    std::fprintf(stderr, "fwd: --target: %s\n", error.what());
    return kUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fwd: %s\n", error.what());
    return kFailure;
  }
}

}  // namespace
}  // namespace ixylab::fwd

int main(int argc, char** argv) { return ixylab::fwd::Main(argc, argv); }
