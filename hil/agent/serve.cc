#include "hil/agent/serve.h"

#include <stdexcept>

#include "hil/agent/connection.h"
#include "hil/agent/reservations.h"
#include "hil/agent/session.h"

namespace ixylab::hil {

int Serve(const ServeOptions& options) {
  Connection connection(options.alive_deadline);
  Event end{.what = Event::What::kEnd, .end = Event::End::kFailed};
  try {
    const Request request = ParseRequest(connection.ReadRequest());
    end = Session(options, request, connection).Answer();
  } catch (const Stopped&) {
    end.end = Event::End::kStopped;
  } catch (const BusyError& error) {
    connection.Send({.what = Event::What::kBusy, .text = error.what()});
  } catch (const std::exception& error) {
    connection.Send({.what = Event::What::kFail, .text = error.what()});
  }
  connection.Send(end);
  return end.end == Event::End::kFailed ? 1 : 0;
}

}  // namespace ixylab::hil
