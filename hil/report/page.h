// What all HTML pages of hil share: one file each, which loads nothing, reads well in light and in
// dark, and works without script. Style and script are page.css and page.js.
#ifndef HIL_REPORT_PAGE_H_
#define HIL_REPORT_PAGE_H_

#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "hil/report/run_record.h"

namespace ixylab::hil {

class Page {
 public:
  explicit Page(std::string_view title);

  pugi::xml_node body() { return body_; }
  /// The page as a file. Nothing can be added afterwards.
  std::string Finish();

 private:
  pugi::xml_document document_;
  pugi::xml_node body_;
};

/// An element (xml_text.h) with a class.
pugi::xml_node AddWithClass(pugi::xml_node parent, const char* name, std::string_view css_class,
                            std::string_view text = {});
/// A heading with what follows it, until the next one.
pugi::xml_node AddSection(pugi::xml_node parent, std::string_view heading);
/// A line of <dl class="facts">.
void AddFact(pugi::xml_node facts, std::string_view what, std::string_view value);
/// A table's head: a cell for each of `columns`, and its body.
pugi::xml_node AddTable(pugi::xml_node parent, std::string_view css_class,
                        std::initializer_list<std::string_view> columns);

/// "150 passed, 2 failed, 4 skipped", failures in red.
void AddCounts(pugi::xml_node parent, const TargetRecord& target);

/// The assertions of a failed test, the register accesses before each, and what else it printed.
void AddFailure(pugi::xml_node parent, const TestResult& result);

}  // namespace ixylab::hil

#endif  // HIL_REPORT_PAGE_H_
