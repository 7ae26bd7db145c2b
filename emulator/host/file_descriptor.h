// A file descriptor with an owner.
#ifndef EMULATOR_HOST_FILE_DESCRIPTOR_H_
#define EMULATOR_HOST_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace ixylab::emulator {

/// Closes it at the end. -1 is none.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    other.Close();
    return *this;
  }
  ~FileDescriptor() { Close(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void Close() {
    if (const int fd = std::exchange(fd_, -1); fd >= 0) close(fd);
  }

 private:
  int fd_ = -1;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_HOST_FILE_DESCRIPTOR_H_
