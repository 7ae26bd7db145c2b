#include "hil/lab/ssh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "hil/lab/ssh_failure.h"
#include "tests/hil/lab/fake_lab.h"

namespace ixylab::hil {
namespace {

using std::chrono_literals::operator""s;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class SshTest : public testing::Test {
 protected:
  std::string Refusal(const std::string& program) const {
    try {
      Ssh(machine_, program, signals_).Run("look at it", "echo reached", 60s);
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
      return error.what();
    }
    return {};
  }

  FakeLab lab_;
  const std::string fake_ = lab_.Options().ssh;
  const SignalsAsEvents signals_;
  LabMachine machine_ = {.name = "rack1",
                         .host = "127.0.0.1",
                         .user = "root",
                         .key = {},
                         .ssh_options = {},
                         .notes = {},
                         .ports = {}};
};

// The words are those of OpenSSH 9.2.
TEST_F(SshTest, WhatSshSaysInOneLine) {
  machine_.key = "/dev/null";
  machine_.port = 2222;
  struct Failure {
    std::string said;
    std::string complaint;  // in the message, before ssh's last line
  };
  for (const Failure& failure : std::vector<Failure>{
           {"ssh: connect to host 127.0.0.1 port 2222: Connection refused",
            "127.0.0.1 refuses the connection: is its SSH server running, and is ssh_port right?"},
           {"ssh: connect to host 127.0.0.1 port 2222: Connection timed out",
            "127.0.0.1 does not answer: is it on, and is host right?"},
           {"Connection timed out during banner exchange\n"
            "Connection to 127.0.0.1 port 2222 timed out",
            "127.0.0.1 does not answer: is it on, and is host right?"},
           {"ssh: connect to host 127.0.0.1 port 2222: No route to host",
            "127.0.0.1 cannot be reached: is it on?"},
           {"ssh: connect to host 127.0.0.1 port 2222: Network is unreachable",
            "no network leads to 127.0.0.1"},
           {"ssh: Could not resolve hostname 127.0.0.1: Name or service not known",
            "there is no host 127.0.0.1"},
           {"root@127.0.0.1: Permission denied (publickey).",
            "root@127.0.0.1 does not take the key /dev/null: add its public half to "
            "authorized_keys there, or correct user and key"},
           {"@@@@@@@@@\n@ WARNING: UNPROTECTED PRIVATE KEY FILE! @\n@@@@@@@@@\n"
            "Permissions 0644 for '/dev/null' are too open.\n"
            "Load key \"/dev/null\": bad permissions\n"
            "root@127.0.0.1: Permission denied (publickey).",
            "others may read the key /dev/null: chmod 600"},
           {"No ED25519 host key is known for [127.0.0.1]:2222 and you have requested strict "
            "checking.\nHost key verification failed.",
            "its host key is not known: connect once by hand, or set ssh_options = "
            "[\"StrictHostKeyChecking=accept-new\"]"},
           {"@@@@@@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n@@@@@@@@@\n"
            "Offending ED25519 key in /root/.ssh/known_hosts:3\n"
            "Host key verification failed.",
            "its host key is another one than before: find out why, then forget the old one "
            "(ssh-keygen -R [127.0.0.1]:2222)"},
           {"Warning: Permanently added '127.0.0.1' (ED25519) to the list of known hosts.\n"
            "Connection to 127.0.0.1 closed by remote host.",
            "connection lost"},
           {"client_loop: send disconnect: Broken pipe\r", "connection lost"},
       }) {
    lab_.Write("fails", failure.said + "\n");
    std::string last = failure.said.substr(failure.said.rfind('\n') + 1);
    if (last.ends_with('\r')) last.pop_back();
    EXPECT_EQ(Refusal(fake_), "lab machine rack1: " + failure.complaint + " (" + last + ")");
  }
  lab_.Write("fails", "Warning: Permanently added 'x' to the list of known hosts.\n");
  EXPECT_EQ(Refusal(fake_), "lab machine rack1: connection lost (ssh ended with exit code 255)");
}

TEST_F(SshTest, TheCommandLine) {
  machine_.host = "rack1.example";
  machine_.port = 2222;
  machine_.key = "/dev/null";
  machine_.ssh_options = {"StrictHostKeyChecking=no", "ConnectTimeout=3"};
  EXPECT_EQ(Ssh(machine_, fake_, signals_).Run("greet", "echo 'a  b'; echo \"it's\"", 60s),
            "a  b\nit's\n");
  const std::string log = lab_.Read("log");
  EXPECT_THAT(log, StartsWith("-T -o BatchMode=yes -o StrictHostKeyChecking=no -o "
                              "ConnectTimeout=3 -o ConnectTimeout=10 "));
  EXPECT_THAT(log, HasSubstr(" -p 2222 -l root -o IdentitiesOnly=yes -i /dev/null -- "
                             "rack1.example sh -c '"));
}

TEST_F(SshTest, CommandsThatFail) {
  const Ssh ssh(machine_, fake_, signals_);
  const auto refusal = [&](const std::string& script) -> std::string {
    try {
      ssh.Run("greet", script, 60s);
    } catch (const LabError& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_EQ(refusal("echo 'sh: no such thing' >&2; exit 7"),
            "lab machine rack1: cannot greet: sh: no such thing");
  EXPECT_EQ(refusal("exit 7"), "lab machine rack1: cannot greet: ssh ended with exit code 7");
  EXPECT_EQ(refusal("yes"), "lab machine rack1: cannot greet: it says far too much");
}

TEST_F(SshTest, TheRealProgram) {
  // Nothing listens on the port of tcpmux.
  machine_.port = 1;
  EXPECT_THAT(Refusal("ssh"),
              AllOf(StartsWith("lab machine rack1: 127.0.0.1 refuses the connection"),
                    EndsWith(" (ssh: connect to host 127.0.0.1 port 1: Connection refused)")));
  machine_.key = "/nonexistent/key";
  EXPECT_EQ(Refusal("ssh"),
            "lab machine rack1: cannot read its key /nonexistent/key: No such file or directory");
}

TEST_F(SshTest, NoSuchProgram) {
  EXPECT_THAT(Refusal("no-such-ssh"), StartsWith("no no-such-ssh on the PATH"));
  EXPECT_EQ(Refusal("/nonexistent/ssh"), "cannot run /nonexistent/ssh: No such file or directory");
}

}  // namespace
}  // namespace ixylab::hil
