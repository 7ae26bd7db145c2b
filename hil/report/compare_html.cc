#include "hil/report/compare.h"
#include "hil/report/json.h"
#include "hil/report/page.h"
#include "hil/report/text.h"
#include "hil/report/time.h"
#include "hil/report/xml_text.h"

namespace ixylab::hil {

namespace {

using std::chrono::milliseconds;

void AddTargetRow(pugi::xml_node rows, const char* which, const TargetRecord& target) {
  pugi::xml_node row = AddElement(rows, "tr");
  AddElement(row, "td", which);
  AddElement(row, "th", target.target);
  AddCounts(AddElement(row, "td"), target);
  AddElement(row, "td", target.machine);
  AddWithClass(row, "td", "number", std::to_string(target.seed));
  AddWithClass(row, "td", "number", UtcTime(target.begin));
  AddWithClass(row, "td", "number", Length(target.duration));
}

void AddResult(pugi::xml_node row, const TestResult* result) {
  if (result == nullptr) {
    AddWithClass(row, "td", "absent", "\u2013");
    return;
  }
  pugi::xml_node cell = AddWithClass(row, "td", OutcomeName(result->outcome), Cell(result));
  if (result->outcome == Outcome::kSkipped) AddElement(cell, "small", result->SkipReason());
}

void AddDetails(pugi::xml_node section, const Change& change) {
  const auto failed = [](const TestResult* result) {
    return result != nullptr && result->outcome == Outcome::kFailed;
  };
  if (!failed(change.a) && !failed(change.b)) return;
  pugi::xml_node details = AddWithClass(section, "details", "failure");
  pugi::xml_node summary = AddElement(details, "summary");
  AddElement(summary, "b", change.name);
  AddText(summary, " " + change.what);
  pugi::xml_node inside = AddWithClass(details, "div", "inside");
  for (const auto& [which, result] : {std::pair("In A", change.a), std::pair("In B", change.b)}) {
    if (!failed(result)) continue;
    AddElement(inside, "h3", which);
    AddFailure(inside, *result);
  }
}

void AddPair(pugi::xml_node body, const ComparedTargets& pair) {
  const bool same_name = pair.a->target == pair.b->target;
  pugi::xml_node section =
      AddSection(body, same_name ? pair.a->target : pair.a->target + " and " + pair.b->target);
  pugi::xml_node targets =
      AddTable(AddWithClass(section, "div", "scroll"), "counts",
               {"", "target", "result", "machine", "seed", "began (UTC)", "took"});
  AddTargetRow(targets, "A", *pair.a);
  AddTargetRow(targets, "B", *pair.b);
  AddElement(section, "p",
             std::to_string(pair.changes.size()) + " of " + std::to_string(pair.tests) +
                 " tests changed.");
  if (pair.changes.empty()) return;
  pugi::xml_node rows = AddTable(body, "results", {"test", "A", "B", "from A to B"});
  for (const Change& change : pair.changes) {
    pugi::xml_node row = AddWithClass(rows, "tr", "test");
    AddWithClass(row, "th", "name", change.name);
    AddResult(row, change.a);
    AddResult(row, change.b);
    const bool bad = change.b != nullptr && change.b->outcome == Outcome::kFailed;
    AddWithClass(row, "td", bad ? "bad" : "", change.what);
    AddText(rows, "\n");
  }
  pugi::xml_node failures = AddWithClass(body, "section", "block");
  for (const Change& change : pair.changes) AddDetails(failures, change);
}

}  // namespace

std::string CompareHtml(const Comparison& comparison) {
  const std::string summary = CompareSummary(comparison);
  Page page("hil: " + summary);
  pugi::xml_node header = AddElement(page.body(), "header");
  AddElement(header, "h1", comparison.changed() ? "What changed from A to B" : "Nothing changed");
  AddWithClass(header, "p", "quiet", summary);
  for (const TargetRecord* target : comparison.only_a) {
    AddElement(header, "p", "Only in A: " + target->target);
  }
  for (const TargetRecord* target : comparison.only_b) {
    AddElement(header, "p", "Only in B: " + target->target);
  }
  for (const ComparedTargets& pair : comparison.pairs) AddPair(page.body(), pair);
  return page.Finish();
}

}  // namespace ixylab::hil
