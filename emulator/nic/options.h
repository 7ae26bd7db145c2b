// The command line of the NIC process.
#ifndef EMULATOR_NIC_OPTIONS_H_
#define EMULATOR_NIC_OPTIONS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "emulator/sockets/address.h"

namespace ixylab::emulator::nic {

/// The command line is wrong; one line that says what to do.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Model : std::uint8_t {
  k82599,
  kVirtioTransitional,
  kVirtioLegacy,
  kVirtioModern,
  kVirtioPacked
};

/// What a port's cable leads to.
struct WireSpec {
  enum class Kind : std::uint8_t {
    kNone,
    kBackToBack,
    kPcap,
    kTap,
    kStreamConnect,
    kStreamListen,
    kDgram
  };
  Kind kind = Kind::kNone;
  std::string name = {};       // of the file or the interface
  SocketAddress address = {};  // of streams; the local one of datagrams
  std::optional<SocketAddress> remote = {};
};

struct Options {
  Model model = Model::k82599;
  std::string model_name = "82599";
  std::vector<SocketAddress> sockets;  // of port 0 and 1: kUnix or kInherited
  std::vector<WireSpec> wires;         // as many
  std::optional<std::array<std::uint8_t, 6>> mac;
  bool trace = false;
  std::string trace_file;  // empty: stderr
  std::string report_file;
  std::optional<SocketAddress> control;
  bool once = false;
  bool map_doorbells = false;
};

/// Nothing if it only asked for help, which is on stdout now. Throws UsageError.
std::optional<Options> ParseOptions(int argc, char** argv);

}  // namespace ixylab::emulator::nic

#endif  // EMULATOR_NIC_OPTIONS_H_
