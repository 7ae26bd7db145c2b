#include "hil/lab/lab_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace ixylab::hil {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kLab = R"(# A lab.
[machine.rack1]
host = "192.0.2.17"
ssh_port = 2222
user = "root"
key = "~/.ssh/lab"
ssh_options = ["StrictHostKeyChecking=accept-new"]
sudo = true
iommu = true
notes = "upper shelf"
[machine.rack1.port.left]
address = "0000:03:00.1"
cable = "a"
speed = 10
sfp = "10GBASE-SR"
[machine.rack1.port.a]
address = "0000:03:00.0"
cable = "left"
speed = 2.5
[machine.rack1.port.x]
address = "10000:e1:00.0"
cable = "b"
[machine.rack1.port.b]
address = "10000:e1:00.1"
cable = "x"

[machine.desk]
host = "desk"
[machine.desk.port.1]
address = "0000:03:00.0"
cable = "2"
[machine.desk.port.2]
address = "0000:03:00.1"
cable = "1"
)";

/// The lab with `from` replaced by `to`.
std::string Changed(const std::string& from, const std::string& to) {
  std::string text(kLab);
  const std::size_t place = text.find(from);
  EXPECT_NE(place, text.npos) << from;
  return text.replace(place, from.size(), to);
}

/// What ParseLab says of `text`; empty if it takes it.
std::string Complaint(const std::string& text) {
  try {
    ParseLab(text, "lab.toml");
  } catch (const LabError& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
    return error.what();
  }
  return {};
}

std::vector<std::string> Names(const std::vector<std::array<LabPort, 2>>& pairs) {
  std::vector<std::string> names;
  for (const auto& [first, second] : pairs) names.push_back(first.name + "-" + second.name);
  return names;
}

TEST(LabFileTest, EverythingThatCanBeSaid) {
  setenv("HOME", "/home/mia", 1);
  const Lab lab = ParseLab(kLab, "lab.toml");
  ASSERT_EQ(lab.machines.size(), 2u);
  const LabMachine& rack = lab.machines[0];
  EXPECT_EQ(rack.name, "rack1");
  EXPECT_EQ(rack.host, "192.0.2.17");
  EXPECT_EQ(rack.port, 2222);
  EXPECT_EQ(rack.user, "root");
  EXPECT_EQ(rack.key, "/home/mia/.ssh/lab");
  EXPECT_THAT(rack.ssh_options, ElementsAre("StrictHostKeyChecking=accept-new"));
  EXPECT_TRUE(rack.sudo);
  EXPECT_TRUE(rack.iommu);
  EXPECT_EQ(rack.notes, "upper shelf");
  ASSERT_EQ(rack.ports.size(), 4u);
  EXPECT_EQ(rack.ports[0].name, "left");
  EXPECT_EQ(rack.ports[0].address, "0000:03:00.1");
  EXPECT_EQ(rack.ports[0].cable, "a");
  EXPECT_EQ(rack.ports[0].megabits_per_second, 10'000u);
  EXPECT_EQ(rack.ports[0].sfp, "10GBASE-SR");
  EXPECT_EQ(rack.ports[1].megabits_per_second, 2'500u);
  EXPECT_EQ(rack.ports[2].megabits_per_second, 0u);

  const LabMachine& desk = lab.Find("desk");
  EXPECT_EQ(desk.port, 0);
  EXPECT_EQ(desk.user, "");
  EXPECT_EQ(desk.key, "");
  EXPECT_FALSE(desk.sudo);
  EXPECT_FALSE(desk.iommu);
}

TEST(LabFileTest, PairsInTheOrderOfTheFile) {
  const Lab lab = ParseLab(kLab, "lab.toml");
  const LabMachine& rack = lab.Find("rack1");
  EXPECT_THAT(Names(rack.Pairs()), ElementsAre("left-a", "x-b"));
  EXPECT_THAT(Names(rack.Pairs("a")), ElementsAre("a-left"));
  EXPECT_THAT(Names(rack.Pairs("x")), ElementsAre("x-b"));
  try {
    rack.Pairs("y");
    ADD_FAILURE();
  } catch (const LabError& error) {
    EXPECT_STREQ(error.what(), "lab machine rack1 has no port \"y\"; there are: left a x b");
  }
  try {
    lab.Find("rack2");
    ADD_FAILURE();
  } catch (const LabError& error) {
    EXPECT_STREQ(error.what(), "no lab machine \"rack2\" in lab.toml; there are: rack1 desk");
  }
}

TEST(LabFileTest, AKeyIsRelativeToTheLabFile) {
  EXPECT_EQ(ParseLab(Changed("~/.ssh/lab", "keys/lab"), "/etc/labs/lab.toml").machines[0].key,
            "/etc/labs/keys/lab");
  EXPECT_EQ(ParseLab(Changed("~/.ssh/lab", "/keys/lab"), "/etc/labs/lab.toml").machines[0].key,
            "/keys/lab");
}

struct Wrong {
  std::string from;
  std::string to;
  std::string complaint;  // its beginning
};

TEST(LabFileTest, WhatIsWrongIsToldWithLineAndKey) {
  ASSERT_EQ(Complaint(std::string(kLab)), "");
  const std::string port = "lab.toml:12: machine.rack1.port.left.address: ";
  const std::string cable = "lab.toml:13: machine.rack1.port.left.cable: ";
  const std::string speed = "lab.toml:14: machine.rack1.port.left.speed: Gbit/s expected";
  const std::string ssh_port = "lab.toml:4: machine.rack1.ssh_port: a number from 1 to 65535";
  for (const Wrong& wrong : std::vector<Wrong>{
           // TOML
           {"host = \"192.0.2.17\"", "host = 192.0.2.17", "lab.toml:3: not TOML: "},
           {"[machine.rack1]", "[machine.rack1", "lab.toml:2: not TOML: "},
           {"ssh_port = 2222", "host = \"a\"", "lab.toml:4: not TOML: "},
           {"[machine.desk]", "[machine.rack1]", "lab.toml:27: not TOML: "},
           // keys
           {"iommu", "iomu",
            "lab.toml:9: machine.rack1.iomu: unknown key; there are: host ssh_port user key "},
           {"sfp", "spf", "lab.toml:15: machine.rack1.port.left.spf: unknown key; there are: "},
           {"# A lab.", "machines = 7", "lab.toml:1: machines: unknown key; there are: machine"},
           {"host = \"192.0.2.17\"", "",
            "lab.toml:2: machine.rack1.host: missing; such as host = "},
           {"host = \"desk\"", "", "lab.toml:27: machine.desk.host: missing"},
           {"address = \"0000:03:00.1\"", "",
            "lab.toml:11: machine.rack1.port.left.address: missing; such as address = "},
           {"cable = \"a\"", "", "lab.toml:11: machine.rack1.port.left.cable: missing"},
           // types and ranges
           {"\"192.0.2.17\"", "7", "lab.toml:3: machine.rack1.host: a text in quotation marks"},
           {"\"192.0.2.17\"", "\"\"", "lab.toml:3: machine.rack1.host: empty"},
           {"\"192.0.2.17\"", "\"a\\nb\"", "lab.toml:3: machine.rack1.host: a single line"},
           {"\"192.0.2.17\"", "\"-oProxyCommand=x\"", "lab.toml:3: machine.rack1.host: \"-oProxy"},
           {"\"192.0.2.17\"", "\"mia@rack\"", "lab.toml:3: machine.rack1.host: \"mia@rack\" is no"},
           {"\"root\"", "\"a b\"", "lab.toml:5: machine.rack1.user: \"a b\" is no user's name"},
           {"2222", "0", ssh_port},
           {"2222", "65536", ssh_port},
           {"2222", "-1", ssh_port},
           {"2222", "22.0", ssh_port},
           {"2222", "\"22\"", ssh_port},
           {"[\"StrictHostKeyChecking=accept-new\"]", "\"a=b\"",
            "lab.toml:7: machine.rack1.ssh_options: a list expected"},
           {"[\"StrictHostKeyChecking=accept-new\"]", "[7]",
            "lab.toml:7: machine.rack1.ssh_options: a text in quotation marks"},
           {"\"StrictHostKeyChecking=accept-new\"", "\"-v\"",
            "lab.toml:7: machine.rack1.ssh_options: \"-v\": NAME=VALUE expected"},
           {"sudo = true", "sudo = 1", "lab.toml:8: machine.rack1.sudo: true or false"},
           {"speed = 10", "speed = 0", speed},
           {"speed = 10", "speed = 10000", speed},
           {"speed = 10", "speed = nan", speed},
           {"speed = 10", "speed = true", speed},
           {"speed = 10", "speed = \"10G\"", speed},
           // addresses
           {"\"0000:03:00.1\"", "\"03:00.1\"", port + "\"03:00.1\" is not a PCI address"},
           {"\"0000:03:00.1\"", "\"0000:03:00.8\"", port + "\"0000:03:00.8\" is not a PCI"},
           {"address = \"0000:03:00.0\"", "address = \"0000:03:00.1\"",
            "lab.toml:17: machine.rack1.port.a.address: 0000:03:00.1 is that of port left already"},
           // cables
           {"cable = \"a\"", "cable = \"left\"", cable + "leads from the port to itself"},
           {"cable = \"a\"", "cable = \"y\"",
            cable + "leads to \"y\"; the machine has only left a"},
           {"cable = \"a\"", "cable = \"x\"", cable + "leads to x, but that one's cable to b"},
           {"cable = \"a\"", "cable = \"desk/1\"", cable + "\"desk/1\" is on another machine"},
           // names
           {"port.a]", "port.\"a/b\"]", "lab.toml:16: machine.rack1.port: \"a/b\" is no name"},
           {"port.a]", "port.\"a b\"]", "lab.toml:16: machine.rack1.port: \"a b\" is no name"},
           {"[machine.desk]", "[machine.\"d,vfio\"]",
            "lab.toml:27: machine: \"d,vfio\" is no name"},
           {"[machine.desk]", "[machine.\"\"]", "lab.toml:27: machine: \"\" is no name"},
           // ports
           {"ssh_port = 2222", "port = 22", "lab.toml:12: not TOML: "},
       }) {
    EXPECT_THAT(Complaint(Changed(wrong.from, wrong.to)), StartsWith(wrong.complaint))
        << wrong.from << " -> " << wrong.to;
  }
}

TEST(LabFileTest, WhatIsMissing) {
  EXPECT_EQ(Complaint(""),
            "lab.toml:1: machine: missing; machines expected, each as [machine.NAME]");
  EXPECT_THAT(Complaint("[machine]"), StartsWith("lab.toml:1: machine: machines expected"));
  EXPECT_THAT(Complaint("machine = 7"), StartsWith("lab.toml:1: machine: machines expected"));
  EXPECT_THAT(Complaint("[machine]\nrack1 = 7"),
              StartsWith("lab.toml:2: machine.rack1: machines expected"));
  const std::string head = "[machine.rack1]\nhost = \"h\"\n";
  EXPECT_THAT(Complaint(head),
              StartsWith("lab.toml:1: machine.rack1.port: missing; ports expected"));
  EXPECT_THAT(Complaint(head + "port = 22"),
              StartsWith("lab.toml:3: machine.rack1.port: ports expected, each as [machine.NAME."));
  EXPECT_THAT(Complaint(head + "port.a = 22"),
              StartsWith("lab.toml:3: machine.rack1.port.a: ports expected"));
  EXPECT_THAT(Complaint(head + "[machine.rack1.port.a]\naddress = \"0000:03:00.0\""),
              StartsWith("lab.toml:3: machine.rack1.port.a.cable: missing"));
}

class LabFilesTest : public testing::Test {
 protected:
  LabFilesTest() {
    std::filesystem::create_directories(folder_ + "/.config/ixylab");
    unsetenv("IXYLAB_LAB");
    unsetenv("BUILD_WORKING_DIRECTORY");
    setenv("HOME", folder_.c_str(), 1);
  }
  ~LabFilesTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& machine) const {
    std::ofstream(folder_ + name) << "[machine." << machine << "]\nhost = \"h\"\n"
                                  << "port.a = {address = \"0000:03:00.0\", cable = \"b\"}\n"
                                  << "port.b = {address = \"0000:03:00.1\", cable = \"a\"}\n";
  }
  static std::string FirstMachine(const LabOptions& options) {
    return ReadLab(options).machines[0].name;
  }
  static std::string Refusal(const std::string& path) {
    try {
      ReadLab(path);
    } catch (const LabError& error) {
      return error.what();
    }
    return {};
  }

  const std::string folder_ = testing::TempDir() + "/lab_file_test";
};

TEST_F(LabFilesTest, TheCommandLineBeforeTheEnvironmentBeforeTheHome) {
  Write("/.config/ixylab/lab.toml", "home");
  Write("/environment", "environment");
  Write("/given", "given");
  EXPECT_EQ(FirstMachine({}), "home");
  setenv("IXYLAB_LAB", (folder_ + "/environment").c_str(), 1);
  EXPECT_EQ(FirstMachine({}), "environment");
  LabOptions options;
  options.file = folder_ + "/given";
  EXPECT_EQ(FirstMachine(options), "given");
}

TEST_F(LabFilesTest, FilesThatCannotBeRead) {
  EXPECT_EQ(Refusal(folder_ + "/none"),
            "no lab file: there is no " + folder_ +
                "/none; write it (hil/lab/README.md has an example), or say where it is with "
                "--lab=FILE or $IXYLAB_LAB");
  EXPECT_EQ(Refusal(folder_), "cannot read " + folder_ + ": Is a directory");
  EXPECT_EQ(Refusal("/dev/zero"), "/dev/zero is no lab file: larger than 1 MiB");
}

}  // namespace
}  // namespace ixylab::hil
