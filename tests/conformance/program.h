// The conformance suite as a program.
#ifndef TESTS_CONFORMANCE_PROGRAM_H_
#define TESTS_CONFORMANCE_PROGRAM_H_

namespace ixylab::conformance {

/// What main does: the command line has GoogleTest's own flags, and which target with which seed.
/// Gives the exit code. Once in a process.
int RunProgram(int argc, char** argv);

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_PROGRAM_H_
