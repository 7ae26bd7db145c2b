#include "hil/lab/lab_run.h"

#include <stdexcept>

namespace ixylab::hil {

SuiteEnd RunInLab(const RunOptions&, const TargetSpec& target, const OnLine&) {
  throw std::runtime_error("lab machine " + target.machine + ": not there yet");
}

}  // namespace ixylab::hil
