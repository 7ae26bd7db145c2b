// The mutants as rows: what mutants.bzl says about them.
#ifndef TESTS_MUTANTS_MUTANT_H_
#define TESTS_MUTANTS_MUTANT_H_

#include <span>

namespace ixylab::mutants {

struct Mutant {
  const char* name;
  const char* where;  // the file of the driver that it changes, or "bus"
  const char* what;
  const char* killed_by;  // the conformance test that must fail on it
  const char* program;    // that it is in, of this folder
  const char* target;     // on which it is to be found
};

std::span<const Mutant> AllMutants();

/// Names the mutant to be tested; unset or empty, the driver and its bus are as they should be.
inline constexpr const char* kEnvironmentVariable = "IXYLAB_MUTANT";

}  // namespace ixylab::mutants

#endif  // TESTS_MUTANTS_MUTANT_H_
