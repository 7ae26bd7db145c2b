// A lab machine before anything runs on it: what it is, and that our programs are there.
#ifndef HIL_LAB_DEPLOY_H_
#define HIL_LAB_DEPLOY_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hil/lab/ssh.h"

namespace ixylab::hil {

/// A program of this machine that is to be on the lab machine.
struct LabFile {
  std::string path;  // here
  std::string kind;  // "agent", "suite"
};

struct LabHost {
  std::string name;                   // as it calls itself
  std::uint64_t free_bytes = 0;       // in kStateFolder
  std::vector<std::string> programs;  // paths there, in the order of the files
  std::size_t copied = 0;             // of them; the others were there
};

/// Looks at the machine, and copies each file unless it is there: "agent-HASH" in kStateFolder,
/// with the beginning of its SHA-256. `patience` is for each answer of the machine. Throws LabError
/// in one line: it cannot be reached, is of another architecture, has too little room, or lets us
/// write nothing; Interrupted.
LabHost Deploy(const Ssh& ssh, const std::vector<LabFile>& files,
               std::chrono::milliseconds patience);

}  // namespace ixylab::hil

#endif  // HIL_LAB_DEPLOY_H_
