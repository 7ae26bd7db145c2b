#include "tests/tools/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "gtest/gtest.h"

namespace ixylab::testing {
namespace {

/// An empty file of its own for the output of a child.
std::string TemporaryFile() {
  std::string path = ::testing::TempDir() + "/process.XXXXXX";
  const int file = ::mkstemp(path.data());
  if (file < 0) throw std::runtime_error("mkstemp: " + std::string(std::strerror(errno)));
  ::close(file);
  return path;
}

void Redirect(const std::string& path, int flags, int descriptor) {
  const int file = ::open(path.c_str(), flags);
  if (file < 0 || ::dup2(file, descriptor) < 0) ::_exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& environment)
    : out_path_(TemporaryFile()), err_path_(TemporaryFile()) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork: " + std::string(std::strerror(errno)));
  if (pid_ > 0) return;

  Redirect("/dev/null", O_RDONLY, STDIN_FILENO);
  Redirect(out_path_, O_WRONLY, STDOUT_FILENO);
  Redirect(err_path_, O_WRONLY, STDERR_FILENO);
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  ::execvp(argv[0], argv.data());
  ::dprintf(STDERR_FILENO, "%s: %s\n", argv[0], std::strerror(errno));
  ::_exit(127);
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::filesystem::remove(out_path_);
  std::filesystem::remove(err_path_);
}

void Process::Signal(int signal) {
  if (pid_ > 0) ::kill(pid_, signal);
}

std::string Process::ErrorSoFar() const { return ReadFile(err_path_); }

Result Process::Wait(std::chrono::seconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > end) {
      throw std::runtime_error("the program did not end; it printed: " + ErrorSoFar());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  pid_ = -1;
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
          .out = ReadFile(out_path_),
          .err = ReadFile(err_path_)};
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace ixylab::testing
