// Text of any origin as XML and HTML can have it.
#ifndef HIL_REPORT_XML_TEXT_H_
#define HIL_REPORT_XML_TEXT_H_

#include <pugixml.hpp>
#include <span>
#include <string>
#include <string_view>

namespace ixylab::hil {

/// `bytes` as valid UTF-8 of characters that XML 1.0 allows: control characters but tab and line
/// feed become their pictures (NUL: U+2400), everything else that is not allowed U+FFFD. Markup is
/// not escaped: pugixml does that.
std::string XmlText(std::string_view bytes);

/// `lines`, each with a line end, likewise.
std::string XmlText(std::span<const std::string> lines);

/// Adds an element. Its `text` and the values of attributes go through XmlText. It is written as
/// <name></name> even if it is empty, as HTML wants it.
pugi::xml_node AddElement(pugi::xml_node parent, const char* name, std::string_view text = {});
void AddText(pugi::xml_node parent, std::string_view text);
void SetAttribute(pugi::xml_node node, const char* name, std::string_view value);

}  // namespace ixylab::hil

#endif  // HIL_REPORT_XML_TEXT_H_
