#include "hil/report/xml_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ixylab::hil {
namespace {

TEST(XmlTextTest, WhatIsAllowedStays) {
  const std::string text = "a<b>&\"'\t\n\u00FC\u20AC\U0001F4A5]]>";
  EXPECT_EQ(XmlText(text), text);
}

TEST(XmlTextTest, ControlCharactersBecomeTheirPictures) {
  EXPECT_EQ(XmlText(std::string_view("\0\x1b[31m\r\x7f", 8)), "\u2400\u241B[31m\u240D\u2421");
  EXPECT_EQ(XmlText("\xC2\x85"), "\uFFFD");
}

TEST(XmlTextTest, WhatIsNoUtf8BecomesReplacements) {
  EXPECT_EQ(XmlText("a\xFFz"), "a\uFFFDz");
  EXPECT_EQ(XmlText("\xC3"), "\uFFFD");                           // ends too early
  EXPECT_EQ(XmlText("\xC3("), "\uFFFD(");                         // not continued
  EXPECT_EQ(XmlText("\xC0\xAF"), "\uFFFD\uFFFD");                 // '/', longer than it needs
  EXPECT_EQ(XmlText("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");       // a surrogate
  EXPECT_EQ(XmlText("\xF4\x90\x80\x80").substr(0, 3), "\uFFFD");  // beyond U+10FFFF
  EXPECT_EQ(XmlText("\xEF\xBF\xBE"), "\uFFFD");                   // U+FFFE
  EXPECT_EQ(XmlText("\x80\xF8"), "\uFFFD\uFFFD");
}

TEST(XmlTextTest, LinesEndWithLineEnds) {
  EXPECT_EQ(XmlText(std::vector<std::string>{"a", "", "b\0"}), "a\n\nb\n");
}

TEST(XmlTextTest, EveryByteOfEveryPairGivesTextThatXmlCanHave) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string bytes = {static_cast<char>(first), static_cast<char>(second)};
      pugi::xml_document document;
      AddElement(document, "a", bytes);
      std::string text = XmlText(bytes);
      EXPECT_EQ(XmlText(text), text);
      EXPECT_EQ(document.child("a").text().get(), text);
    }
  }
}

}  // namespace
}  // namespace ixylab::hil
