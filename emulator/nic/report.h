// What was seen, as the answers to --control's questions and as JSON.
#ifndef EMULATOR_NIC_REPORT_H_
#define EMULATOR_NIC_REPORT_H_

#include <string>
#include <string_view>

#include "emulator/card.h"
#include "emulator/host/file_descriptor.h"
#include "emulator/nic/cables.h"
#include "emulator/nic/record.h"

namespace ixylab::emulator::nic {

/// What reports are about.
struct Seen {
  const Card& card;
  unsigned ports;
  const Cables& cables;
  const Record& record;
};

// Each is lines with their ends.
std::string CountersText(const Seen& seen);
std::string FaultsText(const Seen& seen);
std::string UnknownText(const Seen& seen);
std::string RegistersText(const Seen& seen);
std::string ClientsText(const Seen& seen);

/// `card` and `end`: what it was and why it ended.
std::string ReportJson(const Seen& seen, std::string_view card, std::string_view end);

/// A file that is written at the end; that it can be is known from the start.
class ReportFile {
 public:
  /// Throws SocketError.
  explicit ReportFile(std::string path);
  void Write(std::string_view text);

 private:
  const std::string path_;
  FileDescriptor file_;
};

}  // namespace ixylab::emulator::nic

#endif  // EMULATOR_NIC_REPORT_H_
