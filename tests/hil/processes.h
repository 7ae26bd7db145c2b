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

/// Whether `condition` holds within ten seconds.
bool Eventually(const auto& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace ixylab::hil

#endif  // TESTS_HIL_PROCESSES_H_
