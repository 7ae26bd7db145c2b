// Other processes, for tests that kill some: who is whose child, who is gone.
#ifndef TESTS_HIL_PROCESSES_H_
#define TESTS_HIL_PROCESSES_H_

#include <sys/types.h>

#include <chrono>
#include <string_view>
#include <thread>
#include <vector>

namespace ixylab::hil {

/// The children of `process` whose command contains `word`.
std::vector<pid_t> Children(pid_t process, std::string_view word = {});

/// Not there, or dead and not yet collected by whoever inherited it.
bool IsGone(pid_t process);

/// Whether `condition` holds within `patience`.
bool Eventually(const auto& condition, std::chrono::seconds patience = std::chrono::seconds(10)) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace ixylab::hil

#endif  // TESTS_HIL_PROCESSES_H_
