// Clients of the program: the least of vfio-user, and its control socket. They wait for answers,
// ten seconds at most.
#ifndef TESTS_EMULATOR_NIC_CLIENT_H_
#define TESTS_EMULATOR_NIC_CLIENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "emulator/host/file_descriptor.h"

namespace ixylab::emulator {

/// Connected to the socket at `path`; none if nobody is there.
FileDescriptor ConnectTo(const std::string& path);
std::pair<FileDescriptor, FileDescriptor> MakePair(int type);

/// As in QEMU, docs/interop/vfio-user.rst, with its numbers written out.
class VfioUserClient {
 public:
  static constexpr std::uint32_t kConfigSpace = 7;

  /// Agrees on the version. Failures are failures of the test.
  explicit VfioUserClient(FileDescriptor socket);

  /// None if the server hangs up or says no.
  std::optional<std::uint32_t> Read(std::uint32_t region, std::uint64_t offset,
                                    std::uint32_t bytes = 4);
  bool Write(std::uint32_t region, std::uint64_t offset, std::uint32_t value,
             std::uint32_t bytes = 4);
  /// Sends without looking for an answer.
  void SendRaw(const std::string& bytes);
  void HangUp() { socket_.Close(); }

 private:
  std::optional<std::string> Call(std::uint16_t command, const std::string& payload);

  FileDescriptor socket_;
  std::uint16_t next_id_ = 1;
};

class ControlClient {
 public:
  explicit ControlClient(FileDescriptor socket) : socket_(std::move(socket)) {}

  /// The lines of the answer; the last one is "ok" or "error TEXT". Fewer if it does not come.
  std::vector<std::string> Ask(const std::string& request);
  void Send(const std::string& bytes);
  std::optional<std::string> ReadLine();

 private:
  FileDescriptor socket_;
};

}  // namespace ixylab::emulator

#endif  // TESTS_EMULATOR_NIC_CLIENT_H_
