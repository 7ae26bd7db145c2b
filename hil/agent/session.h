// One request, from the first look at the machine to the last thing given back.
#ifndef HIL_AGENT_SESSION_H_
#define HIL_AGENT_SESSION_H_

#include <functional>
#include <string>
#include <vector>

#include "hil/agent/connection.h"
#include "hil/agent/leftovers.h"
#include "hil/agent/program.h"
#include "hil/agent/reservations.h"
#include "hil/agent/serve.h"
#include "hil/lab/protocol.h"
#include "hil/pci/guard.h"
#include "hil/pci/state_folder.h"

namespace ixylab::hil {

/// hil wants no more, or is gone; everything is given back.
struct Stopped {};

class Session {
 public:
  Session(const ServeOptions& options, const Request& request, Connection& connection);

  /// Gives the last event; everything is given back by then, also if it throws: BusyError, Stopped,
  /// or std::runtime_error in one line.
  Event Answer();

 private:
  void Check();
  /// Gives why the pair cannot be used, or nothing.
  std::string CheckPair(const PortPair& pair);
  Event Run();
  ProgramEnd RunSuite(const PortPair& pair);
  void Reserve();
  void Release();

  /// Throws PciError with the first reason not to take the ports.
  void LookAt(const PortPair& pair);
  /// Takes the ports for `use`, which begins with the proof that they are cabled to each other.
  void WithPorts(const PortPair& pair, const std::function<void()>& use);
  void CheckLink(const PortPair& pair);
  void GiveBack(PortGuard& guard, const PortPair& pair);

  std::vector<std::string> CommandOf(const PortPair& pair, const std::string& folder) const;
  void SendFile(const std::string& name, const std::string& path);
  void Note(const std::string& line);

  const ServeOptions& options_;
  const Request& request_;
  Connection& connection_;
  const StateFolder folder_;
  Reservations reservations_;
  std::vector<Leftover> leftovers_;
};

}  // namespace ixylab::hil

#endif  // HIL_AGENT_SESSION_H_
