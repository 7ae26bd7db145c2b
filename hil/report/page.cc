#include "hil/report/page.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "hil/report/failure_parts.h"
#include "hil/report/xml_text.h"

namespace ixylab::hil {

namespace {

constexpr const char* kStyle =
#include "hil/report/page.css.inc"
    ;
constexpr const char* kScript =
#include "hil/report/page.js.inc"
    ;

// A test may fail in a loop: so many of its assertions are shown unfolded.
constexpr std::size_t kAssertionsAtOnce = 3;
// All further ones are folded up to here, so that the page stays one that a browser takes.
constexpr std::size_t kAssertions = 50;

/// `code` within comments that hide the section's marks from CSS and JavaScript: within an element
/// of HTML whose text has no markup nothing may be escaped.
void AddCode(pugi::xml_node parent, const char* name, const char* code) {
  pugi::xml_node node = AddElement(parent, name, "/*");
  node.append_child(pugi::node_cdata).set_value(("*/\n" + std::string(code) + "/*").c_str());
  AddText(node, "*/");
}

void AddMeta(pugi::xml_node head, const char* kind, const char* name, const char* content) {
  pugi::xml_node meta = head.append_child("meta");
  SetAttribute(meta, kind, name);
  SetAttribute(meta, "content", content);
}

void AddAccesses(pugi::xml_node parent, const std::vector<std::string>& lines) {
  AddElement(parent, "h3", "Last register accesses");
  pugi::xml_node rows = AddTable(AddWithClass(parent, "div", "accesses"), "",
                                 {"time", "port", "", "register", "value"});
  for (const std::string& line : lines) {
    const auto access = ParseAccess(line);
    pugi::xml_node row = AddElement(rows, "tr");
    if (!access) {
      SetAttribute(AddWithClass(row, "td", "name", line), "colspan", "5");
      continue;
    }
    if (access->direction == "W") SetAttribute(row, "class", "write");
    AddWithClass(row, "td", "number", access->time);
    AddWithClass(row, "td", "number", access->port);
    AddWithClass(row, "td", "name", access->direction == "W" ? "write" : "read");
    AddWithClass(row, "td", "name", access->name);
    AddWithClass(row, "td", "name", access->value);
  }
}

void AddAssertion(pugi::xml_node parent, const FailedAssertion& assertion) {
  AddWithClass(parent, "pre", "assertion", XmlText(assertion.lines));
  if (!assertion.accesses.empty()) AddAccesses(parent, assertion.accesses);
}

}  // namespace

Page::Page(std::string_view title) {
  document_.append_child(pugi::node_doctype).set_value("html");
  pugi::xml_node html = document_.append_child("html");
  SetAttribute(html, "lang", "en");
  pugi::xml_node head = html.append_child("head");
  SetAttribute(head.append_child("meta"), "charset", "utf-8");
  AddMeta(head, "name", "viewport", "width=device-width, initial-scale=1");
  // Whatever slipped through, the page reaches for nothing.
  AddMeta(head, "http-equiv", "Content-Security-Policy",
          "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'");
  AddElement(head, "title", title);
  AddCode(head, "style", kStyle);
  body_ = html.append_child("body");
}

std::string Page::Finish() {
  AddCode(body_, "script", kScript);
  std::ostringstream text;
  document_.save(text, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
  return text.str() + "\n";
}

pugi::xml_node AddWithClass(pugi::xml_node parent, const char* name, std::string_view css_class,
                            std::string_view text) {
  pugi::xml_node node = AddElement(parent, name, text);
  SetAttribute(node, "class", css_class);
  return node;
}

pugi::xml_node AddSection(pugi::xml_node parent, std::string_view heading) {
  pugi::xml_node section = AddWithClass(parent, "section", "block", "\n");
  AddElement(section, "h2", heading);
  return section;
}

void AddFact(pugi::xml_node facts, std::string_view what, std::string_view value) {
  AddElement(facts, "dt", what);
  AddElement(facts, "dd", value);
}

pugi::xml_node AddTable(pugi::xml_node parent, std::string_view css_class,
                        std::initializer_list<std::string_view> columns) {
  pugi::xml_node table = AddWithClass(parent, "table", css_class);
  pugi::xml_node head = AddElement(AddElement(table, "thead"), "tr");
  for (const std::string_view column : columns) AddElement(head, "th", column);
  return AddElement(table, "tbody");
}

void AddCounts(pugi::xml_node parent, const TargetRecord& target) {
  const std::size_t failed = target.Count(Outcome::kFailed);
  AddText(parent, std::to_string(target.Count(Outcome::kPassed)) + " passed, ");
  AddWithClass(parent, "span", failed > 0 ? "bad" : "", std::to_string(failed) + " failed");
  AddText(parent, ", " + std::to_string(target.Count(Outcome::kSkipped)) + " skipped");
}

void AddFailure(pugi::xml_node parent, const TestResult& result) {
  const FailureParts parts = TakeApart(result);
  const std::size_t count = parts.assertions.size();
  for (std::size_t i = 0; i < std::min(count, kAssertionsAtOnce); ++i) {
    AddAssertion(parent, parts.assertions[i]);
  }
  if (count > kAssertionsAtOnce) {
    pugi::xml_node more = AddElement(parent, "details");
    AddElement(more, "summary", std::to_string(count - kAssertionsAtOnce) + " more assertions");
    pugi::xml_node inside = AddWithClass(more, "div", "inside");
    for (std::size_t i = kAssertionsAtOnce; i < std::min(count, kAssertions); ++i) {
      AddAssertion(inside, parts.assertions[i]);
    }
    if (count > kAssertions) {
      AddElement(inside, "p", "and " + std::to_string(count - kAssertions) + ": see run.json");
    }
  }
  if (!parts.other.empty()) {
    AddElement(parent, "h3", "Output");
    AddWithClass(parent, "pre", "output", XmlText(parts.other));
  }
  if (!parts.again.empty()) {
    AddElement(parent, "h3", "This test again");
    AddElement(parent, "pre", parts.again);
  }
}

}  // namespace ixylab::hil
