// What the user says of the lab on the command line.
#ifndef HIL_LAB_LAB_OPTIONS_H_
#define HIL_LAB_LAB_OPTIONS_H_

#include <chrono>
#include <string>

namespace ixylab::hil {

struct LabOptions {
  /// Path of the lab file; empty: $IXYLAB_LAB, else ~/.config/ixylab/lab.toml.
  std::string file;
  std::string purpose;      // told to whoever wants the same ports; empty: the command
  std::string ssh = "ssh";  // the program: OpenSSH's, or one that takes the same arguments
  /// The program that is copied to lab machines (//hil/agent); empty: the one among the runfiles.
  std::string agent;
  /// How long a lab machine may take to answer, and to give everything back after a run.
  std::chrono::milliseconds patience{60'000};
};

}  // namespace ixylab::hil

#endif  // HIL_LAB_LAB_OPTIONS_H_
