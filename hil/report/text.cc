#include "hil/report/text.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace ixylab::hil {

namespace {

/// A line of the table, without the blanks at its end.
std::string Line(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

}  // namespace

std::string Cell(const TestResult* result) {
  if (result == nullptr) return "-";
  switch (result->outcome) {
    case Outcome::kPassed:
      return std::to_string(result->milliseconds) + " ms";
    case Outcome::kFailed:
      return "FAILED";
    case Outcome::kSkipped:
      return "skipped";
  }
  return {};
}

std::string Padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string Table(const RunRecord& run) {
  // Tests in the order in which the first target that had them ran them.
  std::vector<std::string> names;
  std::vector<std::map<std::string, const TestResult*>> cells;
  std::size_t name_width = 4;
  for (const TargetRecord& column : run.targets) {
    auto& column_cells = cells.emplace_back();
    for (const TestResult& result : column.results) {
      if (std::ranges::find(names, result.name) == names.end()) names.push_back(result.name);
      name_width = std::max(name_width, result.name.size());
      column_cells[result.name] = &result;
    }
  }
  std::string head = Padded("test", name_width);
  std::string rule(name_width, '-');
  for (const TargetRecord& column : run.targets) {
    head += "  " + Padded(column.target, 8);
    rule += "  " + std::string(std::max<std::size_t>(column.target.size(), 8), '-');
  }
  std::string table = Line(head) + Line(rule);
  for (const std::string& name : names) {
    std::string row = Padded(name, name_width);
    for (std::size_t i = 0; i < run.targets.size(); ++i) {
      const auto cell = cells[i].find(name);
      row += "  " + Padded(Cell(cell == cells[i].end() ? nullptr : cell->second),
                           std::max<std::size_t>(run.targets[i].target.size(), 8));
    }
    table += Line(row);
  }
  return table;
}

std::string Failures(const RunRecord& run) {
  std::string text;
  for (const TargetRecord& column : run.targets) {
    for (const TestResult& result : column.results) {
      if (result.outcome != Outcome::kFailed) continue;
      text += "FAILED on " + column.target + ": " + result.name + "\n";
      for (const std::string& line : result.output) text += "    " + line + "\n";
    }
  }
  return text;
}

void Print(const RunRecord& run) {
  const std::string text = "\n" + Table(run) + "\n" + Failures(run);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string Summary(const RunRecord& run) {
  return std::to_string(run.Count(Outcome::kPassed)) + " passed, " +
         std::to_string(run.Count(Outcome::kFailed)) + " failed, " +
         std::to_string(run.Count(Outcome::kSkipped)) + " skipped";
}

}  // namespace ixylab::hil
