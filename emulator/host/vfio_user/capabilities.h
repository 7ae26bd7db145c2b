// What server and client tell each other of themselves (VFIO_USER_VERSION).
#ifndef EMULATOR_HOST_VFIO_USER_CAPABILITIES_H_
#define EMULATOR_HOST_VFIO_USER_CAPABILITIES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ixylab::emulator::vfio_user {

/// "max_msg_fds"; QEMU accepts no more (hw/vfio-user/protocol.h, VFIO_USER_MAX_MAX_FDS).
inline constexpr std::uint32_t kMaxMessageDescriptors = 16;

/// Those of our capabilities that the client proposed, as JSON text. `proposal` is JSON text up to
/// the first 0; text that is none proposes nothing.
std::string AgreeOn(std::span<const std::byte> proposal);

}  // namespace ixylab::emulator::vfio_user

#endif  // EMULATOR_HOST_VFIO_USER_CAPABILITIES_H_
