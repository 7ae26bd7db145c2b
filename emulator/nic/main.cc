// A network card as a process, for QEMU's vfio-user-pci:
//
//   nic --nic=82599 --socket=a.sock --socket=b.sock
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <system_error>

#include "emulator/host/file_descriptor.h"
#include "emulator/nic/options.h"
#include "emulator/nic/server.h"

namespace ixylab::emulator::nic {
namespace {

constexpr int kFailure = 1, kUsage = 2;

/// SIGINT, SIGTERM and SIGHUP as something to read. Who reads the output may go away.
FileDescriptor TakeSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  FileDescriptor fd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) throw std::system_error(errno, std::generic_category(), "signalfd");
  return fd;
}

void Say(const std::string& line) {
  std::printf("nic: %s\n", line.c_str());
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  const std::optional<Options> options = ParseOptions(argc, argv);
  if (!options) return 0;
  const FileDescriptor signals = TakeSignals();
  Server server(*options);
  Say(server.Description());
  const std::string why = server.Run(signals.get());
  Say("ends: " + why + "; " + server.Summary());
  return 0;
}

}  // namespace
}  // namespace ixylab::emulator::nic

int main(int argc, char** argv) {
  namespace nic = ixylab::emulator::nic;
  try {
    return nic::Main(argc, argv);
  } catch (const nic::UsageError& error) {
    std::fprintf(stderr, "nic: %s\n", error.what());
    return nic::kUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "nic: %s\n", error.what());
    return nic::kFailure;
  }
}
