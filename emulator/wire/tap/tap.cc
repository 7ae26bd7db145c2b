#include "emulator/wire/tap/tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cerrno>

namespace ixylab::emulator {
namespace {

constexpr char kDevice[] = "/dev/net/tun";

[[noreturn]] void Fail(const std::string& name) {
  switch (errno) {
    case EPERM:
    case EACCES:
      throw SocketError("the TAP interface " + name +
                        " is not permitted; let root make it for you first: ip tuntap add dev " +
                        name + " mode tap user $USER");
    case EBUSY:
      throw SocketError("the TAP interface " + name + " is in use by a running process");
    case EINVAL:
      throw SocketError("the interface " + name + " exists and is no TAP interface of one queue");
    case ENOENT:
    case ENODEV:
    case ENXIO:
      throw SocketError(std::string(kDevice) + " is not there; try: modprobe tun");
    default:
      FailWithErrno("open the TAP interface " + name);
  }
}

}  // namespace

MessageEnd::Options OpenTap(const std::string& name) {
  FileDescriptor tap(open(kDevice, O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!tap) Fail(name);
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (ioctl(tap.get(), TUNSETIFF, &request) != 0) Fail(name);
  const auto set_carrier = [fd = tap.get()](bool present) {
    const int carrier = present;
    // Kernels before 5.0 do not have it: there the interface always has a carrier.
    [[maybe_unused]] const int result = ioctl(fd, TUNSETCARRIER, &carrier);
  };
  set_carrier(false);
  return {.name = "tap:" + name, .file = std::move(tap), .on_carrier = set_carrier};
}

}  // namespace ixylab::emulator
