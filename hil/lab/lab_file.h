// The lab file: which machines there are, which ports they have, and which are cabled to which.
#ifndef HIL_LAB_LAB_FILE_H_
#define HIL_LAB_LAB_FILE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hil/lab/lab_options.h"
#include "hil/target/target_spec.h"

namespace ixylab::hil {

/// Something about the lab that is wrong; one line that says what to do.
class LabError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct LabPort {
  std::string name;                       // in the file: "a"
  std::string address;                    // PCI: "0000:03:00.0"
  std::string cable;                      // name of the port of the same machine at the other end
  std::uint32_t megabits_per_second = 0;  // what it should run at; 0: not said
  std::string sfp;                        // "10GBASE-SR"; empty: not said
};

struct LabMachine {
  std::string name;
  std::string host;                      // as ssh takes it
  std::uint16_t port = 0;                // 0: ssh's own choice, which is 22 as a rule
  std::string user;                      // empty: ssh's own choice
  std::string key;                       // path of the private key; empty: ssh's own choice
  std::vector<std::string> ssh_options;  // as ssh's -o takes them: "StrictHostKeyChecking=no"
  bool sudo = false;                     // commands need `sudo -n`
  bool iommu = false;  // ports are taken by vfio-pci unless the target says otherwise
  std::string notes;
  std::vector<LabPort> ports;

  /// Both ends of each cable, the first named one first; `port` is one of a pair if it is not
  /// empty, and then comes first. Throws LabError if there is no such port.
  std::vector<std::array<LabPort, 2>> Pairs(std::string_view port = {}) const;
};

struct Lab {
  std::string path;
  std::vector<LabMachine> machines;

  /// Throws LabError with the names that there are.
  const LabMachine& Find(std::string_view machine) const;
};

/// Throws LabError: "lab.toml:12: machine.rack1.port.a.cable: ...", with the line and the key.
Lab ReadLab(const std::string& path);
/// The same of a text, which `path` names in messages.
Lab ParseLab(std::string_view text, const std::string& path);
/// That of the command line, of $IXYLAB_LAB, or ~/.config/ixylab/lab.toml.
Lab ReadLab(const LabOptions& options);

}  // namespace ixylab::hil

#endif  // HIL_LAB_LAB_FILE_H_
