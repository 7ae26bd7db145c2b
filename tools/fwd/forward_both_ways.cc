#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>

#include "tools/common/ports.h"
#include "tools/common/rate_report.h"
#include "tools/fwd/forward.h"
#include "tools/fwd/forwarder.h"

namespace ixylab::fwd {
namespace {

/// One direction with its report.
class Direction {
 public:
  Direction(tools::Ports& ports, unsigned from, unsigned to, std::size_t batch)
      : label_("fwd: port " + std::to_string(from) + " to port " + std::to_string(to)),
        from_(ports.device(from)),
        to_(ports.device(to)),
        forwarder_(from_, to_, batch) {}

  void ForwardBatch() {
    forwarder_.ForwardBatch();
    rate_.Look();
  }

  void PrintTotals() {
    std::fprintf(stderr, "%s: %" PRIu64 " forwarded, %" PRIu64 " dropped, %" PRIu64 " missed\n",
                 label_.c_str(), forwarder_.forwarded(), forwarder_.dropped(),
                 from_.ReadStatistics().missed_packets);
  }

 private:
  const std::string label_;
  Device& from_;
  Device& to_;
  Forwarder forwarder_;
  tools::RateReport rate_{label_, [this] {
                            const Statistics sent = to_.ReadStatistics();
                            return tools::RateReport::Totals{
                                .packets = sent.transmitted_packets,
                                .bytes = sent.transmitted_bytes,
                                .missed = from_.ReadStatistics().missed_packets};
                          }};
};

}  // namespace

void ForwardBothWays(const Options& options) {
  tools::Ports ports(options.common);
  ports.Open(0);
  ports.Open(1);
  for (const unsigned port : {0u, 1u}) ports.WaitForLink(port);
  Direction forth(ports, 0, 1, options.common.batch);
  Direction back(ports, 1, 0, options.common.batch);
  std::fprintf(stderr, "%s\n", kReadyLine);
  while (!tools::Interrupted()) {
    forth.ForwardBatch();
    back.ForwardBatch();
  }
  std::fputs("fwd: interrupted\n", stderr);
  forth.PrintTotals();
  back.PrintTotals();
}

}  // namespace ixylab::fwd
