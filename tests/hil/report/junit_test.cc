#include "hil/report/junit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pugixml.hpp>
#include <set>
#include <string>

namespace ixylab::hil {
namespace {

using testing::HasSubstr;

struct JunitTest : testing::Test {
  RunRecord run;
  pugi::xml_document document;
  std::string text;

  JunitTest() {
    using std::chrono::milliseconds;
    TargetRecord model{
        .target = "pci:0000:02:00.0",
        .machine = "bench",
        .seed = 7,
        .begin = std::chrono::system_clock::time_point(milliseconds(1'772'373'909'123)),
        .duration = milliseconds(4567)};
    model.results = {
        {.name = "A.One", .outcome = Outcome::kPassed, .milliseconds = 12},
        {.name = "A.Two",
         .outcome = Outcome::kFailed,
         .milliseconds = 3,
         .output = {"a.cc:7: Failure", "Value of: <x> & ]]>", "Again: hil"}},
        {.name = "Of/B.Three/64",
         .outcome = Outcome::kSkipped,
         .output = {"a.cc:9: Skipped", "no \"cable\"", ""}},
        {.name = "A.Four", .outcome = Outcome::kPassed, .output = {std::string("\0\x1b\xff", 3)}},
        {.name = "(the end of the run)", .output = {"last words"}},
    };
    model.kernel_log = {"[    1.000000] gone"};
    run = {.command = "hil run --seed=7", .targets = {model, {.target = "empty"}}};
    text = ToJunit(run);
  }

  void SetUp() override {
    const pugi::xml_parse_result result =
        document.load_buffer(text.data(), text.size(), pugi::parse_full | pugi::parse_ws_pcdata);
    ASSERT_TRUE(result) << result.description() << text;
  }

  pugi::xml_node Suite() { return document.child("testsuites").first_element_by_path("testsuite"); }
  pugi::xml_node Test(const char* name) {
    return Suite().find_child_by_attribute("testcase", "name", name);
  }
};

TEST_F(JunitTest, SuiteForEachTargetWithCounts) {
  const pugi::xml_node all = document.child("testsuites");
  EXPECT_EQ(all.attribute("tests").as_int(), 5);
  EXPECT_EQ(all.attribute("failures").as_int(), 2);
  EXPECT_EQ(all.attribute("skipped").as_int(), 1);
  EXPECT_STREQ(all.attribute("time").value(), "4.567");
  const pugi::xml_node suite = Suite();
  EXPECT_STREQ(suite.attribute("name").value(), "pci:0000:02:00.0");
  EXPECT_EQ(suite.attribute("tests").as_int(), 5);
  EXPECT_EQ(suite.attribute("failures").as_int(), 2);
  EXPECT_EQ(suite.attribute("skipped").as_int(), 1);
  EXPECT_STREQ(suite.attribute("hostname").value(), "bench");
  EXPECT_STREQ(suite.attribute("timestamp").value(), "2026-03-01T14:05:09");
  const pugi::xml_node properties = suite.child("properties");
  EXPECT_STREQ(properties.find_child_by_attribute("name", "seed").attribute("value").value(), "7");
  EXPECT_STREQ(properties.find_child_by_attribute("name", "command").attribute("value").value(),
               "hil run --seed=7");
  EXPECT_STREQ(suite.child("system-out").text().get(), "[    1.000000] gone\n");
}

TEST_F(JunitTest, TestsWithTheirOutcomes) {
  EXPECT_STREQ(Test("One").attribute("classname").value(), "pci:0000:02:00_0.A");
  EXPECT_STREQ(Test("One").attribute("time").value(), "0.012");
  EXPECT_FALSE(Test("One").first_child());
  EXPECT_STREQ(Test("Two").child("failure").attribute("message").value(), "Value of: <x> & ]]>");
  EXPECT_THAT(Test("Two").child("failure").text().get(),
              HasSubstr("a.cc:7: Failure\nValue of: <x>"));
  EXPECT_STREQ(Test("Three/64").attribute("classname").value(), "pci:0000:02:00_0.Of/B");
  EXPECT_STREQ(Test("Three/64").child("skipped").attribute("message").value(), "no \"cable\"");
  EXPECT_STREQ(Test("Four").child("system-out").text().get(), "\u2400\u241B\uFFFD\n");
  EXPECT_STREQ(Test("(the end of the run)").child("failure").attribute("message").value(),
               "last words");
}

// As in the schema that Jenkins publishes: which elements and attributes there are, and the order.
TEST_F(JunitTest, HasTheStructureThatServersKnow) {
  const std::set<std::string> suite_attributes = {"name",    "tests", "failures",  "errors",
                                                  "skipped", "time",  "timestamp", "hostname"};
  for (const pugi::xml_node suite : document.child("testsuites").children()) {
    if (suite.type() != pugi::node_element) continue;
    EXPECT_STREQ(suite.name(), "testsuite");
    for (const pugi::xml_attribute attribute : suite.attributes()) {
      EXPECT_TRUE(suite_attributes.contains(attribute.name())) << attribute.name();
    }
    int last = 0;
    for (const pugi::xml_node child : suite.children()) {
      if (child.type() != pugi::node_element) continue;
      const std::string name = child.name();
      const int rank = name == "properties"   ? 1
                       : name == "testcase"   ? 2
                       : name == "system-out" ? 3
                                              : 0;
      EXPECT_GE(rank, last) << name;
      EXPECT_GT(rank, 0) << name;
      last = rank;
      if (name != "testcase") continue;
      EXPECT_TRUE(child.attribute("name") && child.attribute("classname") &&
                  child.attribute("time"));
      for (const pugi::xml_node part : child.children()) {
        if (part.type() != pugi::node_element) continue;
        const std::string kind = part.name();
        EXPECT_TRUE(kind == "skipped" || kind == "failure" || kind == "system-out") << kind;
      }
    }
  }
}

}  // namespace
}  // namespace ixylab::hil
