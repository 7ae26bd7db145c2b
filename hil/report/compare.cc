#include "hil/report/compare.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string_view>

#include "hil/report/failure_parts.h"

namespace ixylab::hil {

namespace {

/// Where a test failed first: "a_test.cc:7: Failure".
std::string FirstPlace(const TestResult& result) {
  const FailureParts parts = TakeApart(result);
  return parts.assertions.empty() ? "" : parts.assertions.front().lines.front();
}

std::string Times(double factor) {
  char text[40];
  std::snprintf(text, sizeof text, factor < 10 ? "%.1f" : "%.0f", factor);
  return text;
}

/// "3.4 times as long", or nothing.
std::string CompareTimes(const TestResult& a, const TestResult& b, const TimeBound& bound) {
  if (!bound.Different(a.milliseconds, b.milliseconds)) return {};
  const auto ratio = [](long more, long less) {
    return static_cast<double>(more) / static_cast<double>(std::max(less, 1L));
  };
  return b.milliseconds > a.milliseconds
             ? Times(ratio(b.milliseconds, a.milliseconds)) + " times as long"
             : Times(ratio(a.milliseconds, b.milliseconds)) + " times as fast";
}

/// What changed from `a` to `b`, which are the same test; nothing if nothing did.
std::string WhatChanged(const TestResult& a, const TestResult& b, const TimeBound& bound) {
  if (a.outcome != b.outcome) {
    if (b.outcome == Outcome::kFailed) return "broken";
    if (b.outcome == Outcome::kSkipped)
      return a.outcome == Outcome::kFailed ? "now skipped, failed" : "now skipped";
    return a.outcome == Outcome::kFailed ? "fixed" : "no longer skipped";
  }
  switch (a.outcome) {
    case Outcome::kPassed:
      return CompareTimes(a, b, bound);
    case Outcome::kFailed:
      return FirstPlace(a) == FirstPlace(b) ? "" : "fails elsewhere";
    case Outcome::kSkipped:
      return a.SkipReason() == b.SkipReason() ? "" : "skipped for another reason";
  }
  return {};
}

ComparedTargets CompareTargets(const TargetRecord& a, const TargetRecord& b,
                               const TimeBound& bound) {
  std::map<std::string_view, const TestResult*> of_b;
  for (const TestResult& result : b.results) of_b.insert({result.name, &result});
  ComparedTargets pair{.a = &a, .b = &b};
  for (const TestResult& result : a.results) {
    ++pair.tests;
    const auto partner = of_b.find(result.name);
    if (partner == of_b.end()) {
      pair.changes.push_back({.name = result.name, .a = &result, .what = "gone"});
      continue;
    }
    const std::string what = WhatChanged(result, *partner->second, bound);
    if (!what.empty()) {
      pair.changes.push_back(
          {.name = result.name, .a = &result, .b = partner->second, .what = what});
    }
    of_b.erase(partner);
  }
  for (const TestResult& result : b.results) {
    const auto left = of_b.find(result.name);
    if (left == of_b.end() || left->second != &result) continue;
    ++pair.tests;
    pair.changes.push_back({.name = result.name, .b = &result, .what = "new"});
  }
  return pair;
}

}  // namespace

bool TimeBound::Different(long a_milliseconds, long b_milliseconds) const {
  const auto [less, more] = std::minmax(a_milliseconds, b_milliseconds);
  return factor > 0 && static_cast<double>(more) > factor * static_cast<double>(less) &&
         std::chrono::milliseconds(more - less) > at_least;
}

bool Comparison::changed() const { return changes() > 0 || !only_a.empty() || !only_b.empty(); }

std::size_t Comparison::changes() const {
  std::size_t count = 0;
  for (const ComparedTargets& pair : pairs) count += pair.changes.size();
  return count;
}

Comparison Compare(const RunRecord& a, const RunRecord& b, const TimeBound& bound) {
  Comparison comparison{.bound = bound, .pairs = {}, .only_a = {}, .only_b = {}};
  std::vector<const TargetRecord*> left_b;
  for (const TargetRecord& target : b.targets) left_b.push_back(&target);
  // A partner of the same name first, for all, before others are paired by their order.
  std::vector<const TargetRecord*> partners(a.targets.size());
  for (std::size_t i = 0; i < a.targets.size(); ++i) {
    const auto partner = std::ranges::find(left_b, a.targets[i].target, &TargetRecord::target);
    if (partner == left_b.end()) continue;
    partners[i] = *partner;
    left_b.erase(partner);
  }
  for (std::size_t i = 0; i < a.targets.size(); ++i) {
    if (partners[i] == nullptr && !left_b.empty()) {
      partners[i] = left_b.front();
      left_b.erase(left_b.begin());
    }
    if (partners[i] == nullptr) {
      comparison.only_a.push_back(&a.targets[i]);
    } else {
      comparison.pairs.push_back(CompareTargets(a.targets[i], *partners[i], bound));
    }
  }
  comparison.only_b = std::move(left_b);
  return comparison;
}

}  // namespace ixylab::hil
