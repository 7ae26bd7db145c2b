#ifndef EMULATOR_WIRE_PCAP_PCAP_ERROR_H_
#define EMULATOR_WIRE_PCAP_PCAP_ERROR_H_

#include <stdexcept>

namespace ixylab::emulator {

/// A capture file cannot be read or written. One line: the file, what is wrong, what to do.
class PcapError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_WIRE_PCAP_PCAP_ERROR_H_
