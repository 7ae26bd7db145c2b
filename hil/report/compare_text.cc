#include <algorithm>
#include <cstdio>

#include "hil/report/compare.h"
#include "hil/report/text.h"
#include "hil/report/time.h"

namespace ixylab::hil {

namespace {

std::string Title(const char* which, const TargetRecord& target) {
  return std::string(which) + "  " + target.target + " on " +
         (target.machine.empty() ? "?" : target.machine) + ", " + UtcTime(target.begin) +
         ", seed " + std::to_string(target.seed) + ": " + Summary(RunRecord{.targets = {target}}) +
         "\n";
}

}  // namespace

std::string CompareText(const Comparison& comparison) {
  std::string text;
  for (const ComparedTargets& pair : comparison.pairs) {
    text += Title("A", *pair.a) + Title("B", *pair.b);
    std::size_t width = 4;
    for (const Change& change : pair.changes) width = std::max(width, change.name.size());
    if (!pair.changes.empty()) {
      text += Padded("test", width) + "  A          B\n" + std::string(width, '-') +
              "  ---------  ---------\n";
    }
    for (const Change& change : pair.changes) {
      text += Padded(change.name, width) + "  " + Padded(Cell(change.a), 9) + "  " +
              Padded(Cell(change.b), 9) + "  " + change.what + "\n";
    }
    text += "\n";
  }
  for (const TargetRecord* target : comparison.only_a)
    text += "only in A: " + target->target + "\n";
  for (const TargetRecord* target : comparison.only_b)
    text += "only in B: " + target->target + "\n";
  return text + CompareSummary(comparison) + "\n";
}

std::string CompareSummary(const Comparison& comparison) {
  std::size_t tests = 0;
  for (const ComparedTargets& pair : comparison.pairs) tests += pair.tests;
  const TimeBound& bound = comparison.bound;
  char times[80] = "times were not looked at";
  if (bound.factor > 0) {
    std::snprintf(times, sizeof times, "times: more than %g times and %ld ms apart", bound.factor,
                  static_cast<long>(bound.at_least.count()));
  }
  return std::to_string(comparison.changes()) + " of " + std::to_string(tests) +
         " tests changed (" + times + ")";
}

}  // namespace ixylab::hil
