#include "emulator/wire/wire.h"

namespace ixylab::emulator {

void Wire::Attach(unsigned end, Endpoint* endpoint) {
  SetSignal(end, false);
  ends_[end].endpoint = endpoint;
  if (endpoint != nullptr && Carrier(end)) endpoint->OnCarrier(true);
}

void Wire::SetSignal(unsigned end, bool on) {
  if (ends_[end].signal == on) return;
  ends_[end].signal = on;
  Endpoint* receiver = ends_[1 - end].endpoint;
  if (plugged_ && receiver != nullptr) receiver->OnCarrier(on);
}

void Wire::SetPlugged(bool plugged) {
  if (plugged_ == plugged) return;
  plugged_ = plugged;
  for (unsigned end : {0u, 1u}) {
    if (ends_[end].endpoint != nullptr && ends_[1 - end].signal) {
      ends_[end].endpoint->OnCarrier(plugged);
    }
  }
}

bool Wire::Carrier(unsigned end) const { return plugged_ && ends_[1 - end].signal; }

}  // namespace ixylab::emulator
