// The agent's end of its connection to hil (hil/lab/protocol.h), and everything else that may end a
// request early.
#ifndef HIL_AGENT_CONNECTION_H_
#define HIL_AGENT_CONNECTION_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "hil/lab/protocol.h"
#include "hil/process.h"

namespace ixylab::hil {

class Connection {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Wait { kReadable, kTime, kOver };

  /// Requests come from standard input, events go to standard output. A client that says or takes
  /// nothing for `alive_deadline` is gone.
  explicit Connection(std::chrono::milliseconds alive_deadline);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const SignalsAsEvents& signals() const { return signals_; }

  /// The first line. Throws std::runtime_error if there is none.
  std::string ReadRequest();
  /// Does nothing once nobody takes it.
  void Send(const Event& event);
  /// hil said so or is gone, or this process was told to end.
  bool over();
  /// Waits until `fd` can be read, or `until`, or over().
  Wait WaitFor(int fd, Clock::time_point until);

 private:
  void Hear(std::string_view line);
  void ReadInput();

  const std::chrono::milliseconds alive_deadline_;
  const SignalsAsEvents signals_;
  Lines lines_;
  std::optional<std::string> request_;  // the first line
  bool over_ = false;
  bool deaf_ = false;  // nobody takes events
  Clock::time_point heard_ = Clock::now();
};

}  // namespace ixylab::hil

#endif  // HIL_AGENT_CONNECTION_H_
