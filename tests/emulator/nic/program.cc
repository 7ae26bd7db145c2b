#include "tests/emulator/nic/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

namespace ixylab::emulator {
namespace {

using namespace std::chrono_literals;

constexpr char kProgram[] = "emulator/nic/nic";

void ReadSome(const FileDescriptor& fd, std::string& to) {
  std::array<char, 4096> bytes;
  for (ssize_t n; (n = read(fd.get(), bytes.data(), bytes.size())) > 0;) {
    to.append(bytes.data(), static_cast<std::size_t>(n));
  }
}

std::array<FileDescriptor, 2> MakePipe() {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

}  // namespace

Folder::Folder() {
  std::string name = "/tmp/ixylab.XXXXXX";
  path_ = mkdtemp(name.data());
}

std::vector<std::string> Folder::Files() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

bool Until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

Program::Program(const std::vector<std::string>& arguments, std::initializer_list<int> kept) {
  auto [output, output_end] = MakePipe();
  auto [errors, errors_end] = MakePipe();
  std::vector<std::string> words = {kProgram};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(output_end.get(), STDOUT_FILENO);
    dup2(errors_end.get(), STDERR_FILENO);
    for (const int fd : kept) fcntl(fd, F_SETFD, 0);
    execv(argv[0], argv.data());
    _exit(126);
  }
  output_ = std::move(output);
  errors_ = std::move(errors);
}

Program::~Program() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Program::Drain() {
  ReadSome(output_, output_text_);
  ReadSome(errors_, errors_text_);
}

bool Program::Ready() {
  Until([this] {
    pollfd wait{.fd = output_.get(), .events = POLLIN, .revents = 0};
    poll(&wait, 1, 100);
    return Output().find('\n') != std::string::npos || (wait.revents & POLLHUP) != 0;
  });
  return Output().find(" port") != std::string::npos;
}

const std::string& Program::Output() {
  Drain();
  return output_text_;
}

const std::string& Program::Errors() {
  Drain();
  return errors_text_;
}

void Program::Signal(int signal) { kill(pid_, signal); }

int Program::Wait() {
  int status = 0;
  const bool ended = Until([&] {
    Drain();
    return waitpid(pid_, &status, WNOHANG) == pid_;
  });
  if (!ended) return -1000;
  pid_ = -1;
  Drain();
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace ixylab::emulator
