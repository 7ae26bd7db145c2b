// `agent regs` and `agent record`: a dump or a trace of PCI ports that are where this program is,
// in a VM or on a lab machine.
#ifndef HIL_REGS_PROGRAMS_H_
#define HIL_REGS_PROGRAMS_H_

namespace ixylab::hil {

/// What main does. Give the exit code: 0, or 2 with what is wrong in one line on standard error.
int RegsProgram(int argc, char** argv);
int RecordProgram(int argc, char** argv);

}  // namespace ixylab::hil

#endif  // HIL_REGS_PROGRAMS_H_
