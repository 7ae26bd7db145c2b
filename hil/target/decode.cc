#include "hil/target/decode.h"

#include "emulator/82599/chip.h"
#include "emulator/pci/config_space.h"
#include "emulator/register_table.h"
#include "emulator/virtio_net/registers.h"

namespace ixylab::hil {

std::string DecodeAccess(Nic nic, const RegisterAccess& access) {
  if (access.region == Bus::kConfigSpace) {
    return emulator::pci::DescribeConfigAccess(access.offset, access.bytes, access.value);
  }
  if (nic == Nic::kVirtioNet) {
    return emulator::virtio_net::DescribeAccess(access.region, access.offset, access.bytes,
                                                access.value);
  }
  const auto* row =
      access.region == 0 ? emulator::intel82599::FindRegister(access.offset) : nullptr;
  return emulator::DescribeAccess(row, access.offset, access.value);
}

}  // namespace ixylab::hil
