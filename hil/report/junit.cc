#include "hil/report/junit.h"

#include <algorithm>
#include <cstdio>
#include <pugixml.hpp>
#include <sstream>
#include <string_view>

#include "hil/report/failure_parts.h"
#include "hil/report/time.h"
#include "hil/report/xml_text.h"

namespace ixylab::hil {

namespace {

std::string Seconds(std::chrono::milliseconds length) {
  char text[40];
  std::snprintf(text, sizeof text, "%ld.%03ld", length.count() / 1000, length.count() % 1000);
  return text;
}

void SetCounts(pugi::xml_node node, std::size_t tests, std::size_t failed, std::size_t skipped) {
  SetAttribute(node, "tests", std::to_string(tests));
  SetAttribute(node, "failures", std::to_string(failed));
  SetAttribute(node, "errors", "0");
  SetAttribute(node, "skipped", std::to_string(skipped));
}

void AddProperty(pugi::xml_node properties, const char* name, std::string_view value) {
  const pugi::xml_node property = properties.append_child("property");
  SetAttribute(property, "name", name);
  SetAttribute(property, "value", value);
}

/// What to read first of a failure, in one line.
std::string Message(const TestResult& result) {
  const FailureParts parts = TakeApart(result);
  if (parts.assertions.empty()) return parts.other.empty() ? "failed" : parts.other.back();
  const std::vector<std::string>& lines = parts.assertions.front().lines;
  return lines[std::min<std::size_t>(1, lines.size() - 1)];
}

void AddTest(pugi::xml_node suite, const std::string& target, const TestResult& result) {
  const std::size_t dot = std::min(result.name.find('.'), result.name.size());
  // Servers take dots for those of packages, and tell tests apart by class and name alone.
  std::string where = target;
  std::ranges::replace(where, '.', '_');
  pugi::xml_node test = suite.append_child("testcase");
  SetAttribute(test, "classname", where + "." + result.name.substr(0, dot));
  SetAttribute(test, "name", dot < result.name.size() ? result.name.substr(dot + 1) : result.name);
  SetAttribute(test, "time", Seconds(std::chrono::milliseconds(result.milliseconds)));
  const std::string output = XmlText(result.output);
  if (result.outcome == Outcome::kSkipped) {
    SetAttribute(test.append_child("skipped"), "message", result.SkipReason());
  } else if (result.outcome == Outcome::kFailed) {
    const pugi::xml_node failure = AddElement(test, "failure", output);
    SetAttribute(failure, "message", Message(result));
    SetAttribute(failure, "type", "failure");
  } else if (!output.empty()) {
    AddElement(test, "system-out", output);
  }
}

void AddTarget(pugi::xml_node suites, const RunRecord& run, const TargetRecord& target) {
  pugi::xml_node suite = suites.append_child("testsuite");
  SetAttribute(suite, "name", target.target);
  SetCounts(suite, target.results.size(), target.Count(Outcome::kFailed),
            target.Count(Outcome::kSkipped));
  SetAttribute(suite, "time", Seconds(target.duration));
  // The schema knows neither parts of a second nor a zone here.
  SetAttribute(suite, "timestamp", UtcTime(target.begin).substr(0, 19));
  SetAttribute(suite, "hostname", target.machine);
  const pugi::xml_node properties = suite.append_child("properties");
  AddProperty(properties, "target", target.target);
  AddProperty(properties, "seed", std::to_string(target.seed));
  AddProperty(properties, "command", run.command);
  if (run.interrupted) AddProperty(properties, "interrupted", "true");
  for (const TestResult& result : target.results) AddTest(suite, target.target, result);
  if (!target.kernel_log.empty()) AddElement(suite, "system-out", XmlText(target.kernel_log));
}

}  // namespace

std::string ToJunit(const RunRecord& run) {
  pugi::xml_document document;
  const pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  SetAttribute(declaration, "version", "1.0");
  SetAttribute(declaration, "encoding", "UTF-8");
  const pugi::xml_node suites = document.append_child("testsuites");
  std::chrono::milliseconds time{0};
  std::size_t tests = 0;
  for (const TargetRecord& target : run.targets) {
    time += target.duration;
    tests += target.results.size();
  }
  SetAttribute(suites, "name", "hil");
  SetCounts(suites, tests, run.Count(Outcome::kFailed), run.Count(Outcome::kSkipped));
  SetAttribute(suites, "time", Seconds(time));
  for (const TargetRecord& target : run.targets) AddTarget(suites, run, target);
  std::ostringstream text;
  document.save(text, " ", pugi::format_indent, pugi::encoding_utf8);
  return text.str();
}

}  // namespace ixylab::hil
