#include "tests/conformance/session.h"

namespace ixylab::conformance {

Session& CurrentSession() {
  static Session session;
  return session;
}

}  // namespace ixylab::conformance
