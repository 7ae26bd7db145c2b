#include "hil/report/html.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "hil/report/json.h"
#include "hil/report/page.h"
#include "hil/report/text.h"
#include "hil/report/time.h"
#include "hil/report/xml_text.h"

namespace ixylab::hil {

namespace {

using std::chrono::milliseconds;

// So many of the slowest tests are listed,
constexpr std::size_t kSlowest = 10;
// and so many failures are unfolded; of more, a list of their names says more.
constexpr std::size_t kUnfolded = 5;

/// A test: where its result is among those of each target, if it is.
struct Row {
  std::string name;
  std::vector<std::optional<std::size_t>> results;
};

std::string SuiteOf(const std::string& test) { return test.substr(0, test.find('.')); }

/// All tests, in the order in which the first target that had them ran them, those of one suite
/// together.
std::vector<std::pair<std::string, std::vector<Row>>> Suites(const RunRecord& run) {
  std::vector<std::pair<std::string, std::vector<Row>>> suites;
  std::map<std::string, std::size_t> suite_places;
  std::map<std::string, std::size_t> row_places;
  for (std::size_t t = 0; t < run.targets.size(); ++t) {
    const std::vector<TestResult>& results = run.targets[t].results;
    for (std::size_t r = 0; r < results.size(); ++r) {
      const std::string& name = results[r].name;
      const auto [suite, new_suite] = suite_places.insert({SuiteOf(name), suites.size()});
      if (new_suite) suites.emplace_back().first = suite->first;
      std::vector<Row>& rows = suites[suite->second].second;
      const auto [row, new_row] = row_places.insert({name, rows.size()});
      if (new_row) {
        rows.push_back({.name = name, .results = {}});
        rows.back().results.resize(run.targets.size());
      }
      rows[row->second].results[t] = r;
    }
  }
  return suites;
}

std::string FailureId(std::size_t target, std::size_t result) {
  return "failure-" + std::to_string(target) + "-" + std::to_string(result);
}

std::string ConsoleId(std::size_t target) { return "console-" + std::to_string(target); }

/// The filters' classes of a row: what is among its results.
std::string Classes(const RunRecord& run, const Row& row) {
  bool any[3] = {};
  bool absent = false;
  for (std::size_t t = 0; t < run.targets.size(); ++t) {
    if (!row.results[t]) {
      absent = true;
    } else {
      any[static_cast<std::size_t>(run.targets[t].results[*row.results[t]].outcome)] = true;
    }
  }
  std::string classes;
  for (const Outcome outcome : {Outcome::kFailed, Outcome::kSkipped}) {
    if (any[static_cast<std::size_t>(outcome)]) classes.append(" ").append(OutcomeName(outcome));
  }
  if (any[0] + any[1] + any[2] + absent > 1) classes += " different";
  return classes;
}

void AddLink(pugi::xml_node parent, const std::string& fragment, std::string_view text) {
  SetAttribute(AddElement(parent, "a", text), "href", "#" + fragment);
}

/// A target's name, which may be broken where its parts end.
void AddName(pugi::xml_node parent, std::string_view name) {
  while (!name.empty()) {
    const std::size_t end = std::min(name.find_first_of(":,"), name.size() - 1) + 1;
    AddText(parent, name.substr(0, end));
    if (end < name.size()) parent.append_child("wbr");
    name.remove_prefix(end);
  }
}

void AddHeader(pugi::xml_node body, const RunRecord& run) {
  pugi::xml_node header = AddElement(body, "header");
  const std::size_t failed = run.Count(Outcome::kFailed);
  const std::size_t targets = run.targets.size();
  pugi::xml_node title = AddElement(header, "h1");
  AddWithClass(title, "span", failed > 0 || run.interrupted ? "bad" : "good",
               failed > 0        ? std::to_string(failed) + " failed"
               : run.interrupted ? "Interrupted"
                                 : "Nothing failed");
  AddText(title, targets == 1 ? " on " + run.targets.front().target
                              : " on " + std::to_string(targets) + " targets");
  AddWithClass(header, "p", "quiet",
               Summary(run) + (run.interrupted ? "; interrupted: this is not the whole" : ""));
  pugi::xml_node facts = AddWithClass(header, "dl", "facts");
  AddElement(facts, "dt", "command");
  AddElement(AddElement(facts, "dd"), "code", run.command);
}

void AddBar(pugi::xml_node cell, const TargetRecord& target) {
  pugi::xml_node bar = AddWithClass(cell, "div", "bar");
  for (const Outcome outcome : {Outcome::kPassed, Outcome::kFailed, Outcome::kSkipped}) {
    const std::size_t count = target.Count(outcome);
    if (count == 0) continue;
    SetAttribute(AddWithClass(bar, "i", OutcomeName(outcome)), "style",
                 "flex: " + std::to_string(count));
  }
}

/// What each target came to.
void AddTargets(pugi::xml_node body, const RunRecord& run) {
  pugi::xml_node section = AddSection(body, "Targets");
  pugi::xml_node rows =
      AddTable(AddWithClass(section, "div", "scroll"), "counts",
               {"target", "result", "", "machine", "seed", "began (UTC)", "took", ""});
  for (std::size_t t = 0; t < run.targets.size(); ++t) {
    const TargetRecord& target = run.targets[t];
    pugi::xml_node row = AddElement(rows, "tr");
    AddElement(row, "th", target.target);
    AddCounts(AddWithClass(row, "td", "result"), target);
    AddBar(AddElement(row, "td"), target);
    AddElement(row, "td", target.machine);
    AddWithClass(row, "td", "number", std::to_string(target.seed));
    std::string begin = UtcTime(target.begin).substr(0, 19);
    begin[10] = ' ';
    AddWithClass(row, "td", "number", begin);
    AddWithClass(row, "td", "number", Length(target.duration));
    pugi::xml_node more = AddElement(row, "td");
    if (!target.kernel_log.empty()) AddLink(more, ConsoleId(t), "console");
  }
}

void AddFilters(pugi::xml_node body, const RunRecord& run, std::size_t tests,
                const std::map<std::string, std::size_t>& counts) {
  std::vector<std::pair<const char*, std::string>> filters = {
      {"all", "all " + std::to_string(tests)}};
  for (const char* name : {"failed", "skipped", "different"}) {
    const auto count = counts.find(name);
    const std::string number = std::to_string(count == counts.end() ? 0 : count->second);
    if (name == std::string_view("different")) {
      if (run.targets.size() > 1) filters.emplace_back(name, number + " different between targets");
    } else {
      filters.emplace_back(name, number + " " + name);
    }
  }
  // Siblings of the table, which their state shows in part.
  for (const auto& [name, label] : filters) {
    pugi::xml_node input = body.append_child("input");
    SetAttribute(input, "type", "radio");
    SetAttribute(input, "name", "filter");
    SetAttribute(input, "class", "filter");
    SetAttribute(input, "id", std::string("show-") + name);
    SetAttribute(input, "value", name);
    if (name == std::string_view("all")) SetAttribute(input, "checked", "");
  }
  pugi::xml_node labels = AddWithClass(body, "div", "block filters");
  for (const auto& [name, label] : filters) {
    SetAttribute(AddElement(labels, "label", label), "for", std::string("show-") + name);
  }
  pugi::xml_node search = labels.append_child("input");
  SetAttribute(search, "type", "search");
  SetAttribute(search, "id", "search");
  SetAttribute(search, "placeholder", "part of a name");
  SetAttribute(search, "aria-label", "part of a name");
  SetAttribute(search, "hidden", "");
}

void AddCell(pugi::xml_node row, const RunRecord& run, std::size_t target,
             std::optional<std::size_t> place) {
  if (!place) {
    AddWithClass(row, "td", "absent", "\u2013");
    return;
  }
  const TestResult& result = run.targets[target].results[*place];
  pugi::xml_node cell = AddWithClass(row, "td", OutcomeName(result.outcome));
  const std::string time = Length(milliseconds(result.milliseconds));
  switch (result.outcome) {
    case Outcome::kPassed:
      AddText(cell, time);
      break;
    case Outcome::kFailed:
      AddLink(cell, FailureId(target, *place), "FAILED");
      AddElement(cell, "small", time);
      break;
    case Outcome::kSkipped:
      AddText(cell, "skipped");
      AddElement(cell, "small", result.SkipReason());
      break;
  }
}

/// The table, and the filters above it.
void AddResults(pugi::xml_node body, const RunRecord& run) {
  const auto suites = Suites(run);
  std::map<std::string, std::size_t> counts;
  std::size_t tests = 0;
  for (const auto& [suite, rows] : suites) {
    tests += rows.size();
    for (const Row& row : rows) {
      const std::string classes = Classes(run, row);
      for (const char* name : {"failed", "skipped", "different"}) {
        counts[name] += classes.find(name) != classes.npos;
      }
    }
  }
  AddElement(AddWithClass(body, "div", "block"), "h2", "Tests");
  AddFilters(body, run, tests, counts);
  pugi::xml_node table = AddWithClass(body, "table", "results");
  pugi::xml_node head = AddElement(AddElement(table, "thead"), "tr");
  AddElement(head, "th", "test");
  for (const TargetRecord& target : run.targets) AddName(AddElement(head, "th"), target.target);
  for (const auto& [suite, rows] : suites) {
    pugi::xml_node group = AddElement(table, "tbody", "\n");
    std::set<std::string> group_classes;
    pugi::xml_node title = AddWithClass(group, "tr", "suite");
    AddElement(title, "th", suite);
    SetAttribute(AddElement(title, "td"), "colspan", std::to_string(run.targets.size()));
    for (const Row& row : rows) {
      const std::string classes = Classes(run, row);
      for (const char* name : {"failed", "skipped", "different"}) {
        if (classes.find(name) != classes.npos) group_classes.insert(name);
      }
      pugi::xml_node line = AddWithClass(group, "tr", "test" + classes);
      SetAttribute(line, "data-name", row.name);
      const std::size_t dot = row.name.find('.');
      AddWithClass(line, "th", "name", dot == row.name.npos ? row.name : row.name.substr(dot + 1));
      for (std::size_t t = 0; t < run.targets.size(); ++t) AddCell(line, run, t, row.results[t]);
      AddText(group, "\n");
    }
    std::string all;
    for (const std::string& name : group_classes) all += (all.empty() ? "" : " ") + name;
    SetAttribute(group, "class", all);
  }
}

void AddFailures(pugi::xml_node body, const RunRecord& run) {
  const std::size_t count = run.Count(Outcome::kFailed);
  if (count == 0) return;
  pugi::xml_node section = AddSection(body, "Failures");
  for (std::size_t t = 0; t < run.targets.size(); ++t) {
    const TargetRecord& target = run.targets[t];
    for (std::size_t r = 0; r < target.results.size(); ++r) {
      const TestResult& result = target.results[r];
      if (result.outcome != Outcome::kFailed) continue;
      pugi::xml_node details = AddWithClass(section, "details", "failure");
      SetAttribute(details, "id", FailureId(t, r));
      if (count <= kUnfolded) SetAttribute(details, "open", "");
      pugi::xml_node summary = AddElement(details, "summary");
      AddElement(summary, "b", result.name);
      AddText(summary, " on " + target.target + ", ");
      AddWithClass(summary, "span", "quiet", Length(milliseconds(result.milliseconds)));
      pugi::xml_node inside = AddWithClass(details, "div", "inside");
      AddFailure(inside, result);
      if (!target.kernel_log.empty()) {
        AddLink(AddElement(inside, "p"), ConsoleId(t), "console of " + target.target);
      }
    }
  }
}

void AddSlowest(pugi::xml_node body, const RunRecord& run) {
  std::vector<std::pair<const TestResult*, const TargetRecord*>> slowest;
  for (const TargetRecord& target : run.targets) {
    for (const TestResult& result : target.results) slowest.emplace_back(&result, &target);
  }
  std::ranges::stable_sort(slowest, [](const auto& a, const auto& b) {
    return a.first->milliseconds > b.first->milliseconds;
  });
  slowest.resize(std::min(slowest.size(), kSlowest));
  if (slowest.empty() || slowest.front().first->milliseconds == 0) return;
  pugi::xml_node rows = AddTable(AddWithClass(AddSection(body, "Slowest tests"), "div", "scroll"),
                                 "counts slowest", {"test", "target", "time", ""});
  const long most = slowest.front().first->milliseconds;
  for (const auto& [result, target] : slowest) {
    pugi::xml_node row = AddElement(rows, "tr");
    AddWithClass(row, "td", "name", result->name);
    AddElement(row, "td", target->target);
    AddWithClass(row, "td", "number", Length(milliseconds(result->milliseconds)));
    pugi::xml_node bar = AddWithClass(AddElement(row, "td"), "div", "bar");
    SetAttribute(AddElement(bar, "i"), "style",
                 "width: " + std::to_string(100 * result->milliseconds / most) + "%");
  }
}

void AddConsoles(pugi::xml_node body, const RunRecord& run) {
  std::optional<pugi::xml_node> section;
  for (std::size_t t = 0; t < run.targets.size(); ++t) {
    const TargetRecord& target = run.targets[t];
    if (target.kernel_log.empty()) continue;
    if (!section) section = AddSection(body, "Console");
    pugi::xml_node details = AddElement(*section, "details");
    SetAttribute(details, "id", ConsoleId(t));
    AddElement(details, "summary",
               target.target + ": the last " + std::to_string(target.kernel_log.size()) +
                   " lines of the kernel");
    AddElement(AddWithClass(details, "div", "inside"), "pre", XmlText(target.kernel_log));
  }
}

}  // namespace

std::string ToHtml(const RunRecord& run) {
  Page page("hil: " + Summary(run));
  AddHeader(page.body(), run);
  AddTargets(page.body(), run);
  AddResults(page.body(), run);
  AddFailures(page.body(), run);
  AddSlowest(page.body(), run);
  AddConsoles(page.body(), run);
  return page.Finish();
}

}  // namespace ixylab::hil
