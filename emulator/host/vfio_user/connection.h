// A client's socket: messages and the descriptors that come with them in, replies out.
#ifndef EMULATOR_HOST_VFIO_USER_CONNECTION_H_
#define EMULATOR_HOST_VFIO_USER_CONNECTION_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "emulator/host/file_descriptor.h"
#include "emulator/host/vfio_user/protocol.h"

namespace ixylab::emulator::vfio_user {

struct Message {
  Header header;
  std::span<const std::byte> payload;       // valid until the next Receive
  std::vector<FileDescriptor> descriptors;  // closed unless they are taken
};

/// Never blocks, raises no signal and allocates nothing for small messages.
class Connection {
 public:
  explicit Connection(FileDescriptor socket);

  int fd() const { return socket_.get(); }

  /// Takes what has arrived, up to the size of the buffer: often several messages. False if nothing
  /// had, or if the connection is over (then error() says why).
  bool Receive();
  /// The next message that is there as a whole. None either if the connection is over.
  std::optional<Message> Next();
  /// Why the connection is over; empty while it is not.
  const std::string& error() const { return error_; }

  /// A reply with `head` and `data` as its payload, and `descriptor` (-1: none; duplicated if it
  /// has to wait); with `error` (an errno) instead, if not 0.
  void Reply(const Header& request, int error, std::span<const std::byte> head,
             std::span<const std::byte> data, int descriptor = -1);
  /// Replies are waiting, because the client does not read. To be cared for before it gets more.
  bool blocked() const { return !unsent_.empty(); }
  /// Tries again to send them.
  void Flush();

 private:
  void TakeDescriptors(void* control_message);
  ssize_t Send(std::span<const iovec> pieces, int descriptor);

  FileDescriptor socket_;
  std::string error_;

  std::vector<std::byte> buffer_;
  std::size_t taken_ = 0;   // what of the buffer is done with
  std::size_t filled_ = 0;  // what of it is there
  // Where in the buffer the last byte is that came with a descriptor. recvmsg never reads on beyond
  // bytes that carry descriptors (Linux, net/unix/af_unix.c, unix_stream_read_generic), so that
  // this byte belongs to their message, however the client cut its messages up.
  std::vector<std::pair<std::size_t, FileDescriptor>> arrived_;
  std::vector<std::byte> unsent_;
  FileDescriptor unsent_descriptor_;  // goes with the first byte of that
};

}  // namespace ixylab::emulator::vfio_user

#endif  // EMULATOR_HOST_VFIO_USER_CONNECTION_H_
