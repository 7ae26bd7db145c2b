#include "emulator/host/vfio_user/connection.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace ixylab::emulator::vfio_user {
namespace {

// Enough for a burst of posted writes of 36 bytes each.
constexpr std::size_t kBufferBytes = 64 << 10;
constexpr std::size_t kMaxDescriptors = 253;  // a message; Linux, SCM_MAX_FD

}  // namespace

Connection::Connection(FileDescriptor socket) : socket_(std::move(socket)), buffer_(kBufferBytes) {}

bool Connection::Receive() {
  if (!error_.empty()) return false;
  if (taken_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + taken_, filled_ - taken_);
    for (auto& [last, descriptor] : arrived_) last -= taken_;
    filled_ -= taken_;
    taken_ = 0;
  }
  iovec room{.iov_base = buffer_.data() + filled_, .iov_len = buffer_.size() - filled_};
  alignas(cmsghdr) std::byte control[CMSG_SPACE(kMaxDescriptors * sizeof(int))];
  msghdr message{};
  message.msg_iov = &room;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t bytes = recvmsg(fd(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (bytes <= 0) {
    if (bytes == 0) {
      error_ = filled_ == 0 ? "closed the connection" : "closed the connection within a message";
    } else if (errno != EAGAIN && errno != EINTR) {
      error_ = std::strerror(errno);
    }
    return false;
  }
  filled_ += static_cast<std::size_t>(bytes);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    TakeDescriptors(header);
  }
  return true;
}

void Connection::TakeDescriptors(void* control_message) {
  const auto* header = static_cast<const cmsghdr*>(control_message);
  if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return;
  const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (std::size_t i = 0; i < count; ++i) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
    arrived_.emplace_back(filled_ - 1, FileDescriptor(descriptor));
    // No message takes one. Were it the client's own end, kept for the rest of a message, the
    // client could go and nobody would ever learn of it.
    struct stat status;
    if (fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode)) error_ = "sent a socket";
  }
}

std::optional<Message> Connection::Next() {
  const std::size_t available = filled_ - taken_;
  if (!error_.empty() || available < sizeof(Header)) return std::nullopt;
  Message message;
  std::memcpy(&message.header, buffer_.data() + taken_, sizeof(Header));
  const std::size_t size = message.header.size;
  if (size < sizeof(Header) || size > kMaxMessage) {
    // Where the next one begins, nobody can tell.
    error_ = "sent a message of " + std::to_string(size) + " bytes";
    return std::nullopt;
  }
  if (available < size) {
    if (size > buffer_.size()) buffer_.resize(size);
    return std::nullopt;
  }
  message.payload = std::span(buffer_).subspan(taken_ + sizeof(Header), size - sizeof(Header));
  taken_ += size;
  if (!arrived_.empty()) [[unlikely]] {
    const auto end = std::ranges::find_if(arrived_, [&](auto& a) { return a.first >= taken_; });
    for (auto it = arrived_.begin(); it != end; ++it) {
      message.descriptors.push_back(std::move(it->second));
    }
    arrived_.erase(arrived_.begin(), end);
  }
  return message;
}

ssize_t Connection::Send(std::span<const iovec> pieces, int descriptor) {
  alignas(cmsghdr) std::byte control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  const ssize_t sent = sendmsg(fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) error_ = std::strerror(errno);
  return sent;
}

void Connection::Reply(const Header& request, int error, std::span<const std::byte> head,
                       std::span<const std::byte> data, int descriptor) {
  if ((request.flags & kNoReply) != 0 || !error_.empty()) return;
  // "If an error occurs, the reply message must only include the reply header."
  if (error != 0) {
    head = data = {};
    descriptor = -1;
  }
  const Header header{
      .id = request.id,
      .command = request.command,
      .size = static_cast<std::uint32_t>(sizeof(Header) + head.size() + data.size()),
      .flags = kTypeReply | (error != 0 ? kError : 0),
      .error = static_cast<std::uint32_t>(error)};
  const std::array<std::span<const std::byte>, 3> pieces = {std::as_bytes(std::span(&header, 1)),
                                                            head, data};
  std::array<iovec, 3> vector;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    vector[i] = {const_cast<std::byte*>(pieces[i].data()), pieces[i].size()};
  }
  const ssize_t result = blocked() ? 0 : Send(vector, descriptor);
  std::size_t sent = static_cast<std::size_t>(std::max<ssize_t>(result, 0));
  if (sent == 0 && descriptor >= 0) {
    unsent_descriptor_ = FileDescriptor(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  }
  for (std::span<const std::byte> piece : pieces) {
    const std::size_t skip = std::min(sent, piece.size());
    sent -= skip;
    piece = piece.subspan(skip);
    unsent_.insert(unsent_.end(), piece.begin(), piece.end());
  }
}

void Connection::Flush() {
  if (!blocked() || !error_.empty()) return;
  const iovec all{.iov_base = unsent_.data(), .iov_len = unsent_.size()};
  const ssize_t bytes = Send(std::span(&all, 1), unsent_descriptor_.get());
  if (bytes <= 0) return;
  unsent_descriptor_.Close();
  unsent_.erase(unsent_.begin(), unsent_.begin() + bytes);
}

}  // namespace ixylab::emulator::vfio_user
