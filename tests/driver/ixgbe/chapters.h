// What the 82599's datasheet asks of a driver, as sequences of register accesses with the numbers
// written out. Nothing here comes from the driver's own register list.
#ifndef TESTS_DRIVER_IXGBE_CHAPTERS_H_
#define TESTS_DRIVER_IXGBE_CHAPTERS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "tests/driver/mock_bus.h"

namespace ixylab::ixgbe {

/// Masked interrupts (section 4.6.3.1).
void ExpectMaskedInterrupts(MockBus& bus);
/// No new DMA requests (section 5.2.5.3.2), up to the wait for STATUS.GIO.
void ExpectMasterDisable(MockBus& bus);
/// Reset (sections 4.2.1.6 and 4.6.3.2): CTRL bits `bits` set, 10 ms, read back as 0.
void ExpectResetOnce(MockBus& bus, std::uint32_t bits, int early = 0);
/// The whole of section 4.6.3.
void ExpectReset(MockBus& bus);

/// Words by address; those that are not named are 0.
using Eeprom = std::map<std::uint16_t, std::uint16_t>;
/// EERD accesses (section 8.2.3.2.2) to `addresses`, in this order.
void ExpectEepromWords(MockBus& bus, const Eeprom& eeprom,
                       const std::vector<std::uint16_t>& addresses);

/// RAL[0] and RAH[0] of 00:1b:21:3c:4d:fe, and the bits of RAH that are no address.
void ExpectMacAddress(MockBus& bus);
/// Laser on, auto-negotiation restarted (section 4.6.4).
void ExpectLinkStart(MockBus& bus);

struct Counters {
  std::uint32_t gptc = 0;
  std::uint64_t gotc = 0;
  std::uint32_t qprc = 0;
  std::uint64_t qbrc = 0;
  std::uint32_t qprdc = 0;
  std::uint32_t rxmpc[8] = {};
  std::uint32_t crcerrs = 0, ruc = 0, rfc = 0, roc = 0, rjc = 0;
};
/// Read-clear counters (section 8.2.3.23), each once, of the pairs the low part first.
void ExpectCounters(MockBus& bus, const Counters& counters = {});

/// Section 4.6.7: filters cleared, packet buffer, CRC strip.
void ExpectReceiveSetUp(MockBus& bus);
/// Section 4.6.10.1.1, for two queues or more.
void ExpectRss(MockBus& bus, std::uint32_t queues);
/// Frames of up to `longest` bytes with the CRC (8.2.3.22.8, 8.2.3.22.13).
void ExpectLongFrames(MockBus& bus, std::uint32_t longest);
/// VLAN tags are taken out at the first `queues` queues (7.4.4).
void ExpectVlanStrip(MockBus& bus, std::uint32_t queues);
/// Section 4.6.8.
void ExpectTransmitSetUp(MockBus& bus);
void ExpectPromiscuous(MockBus& bus, bool on);

/// Queue `n`'s ring of `bytes` at device address `iova` (section 4.6.7.1).
void ExpectReceiveRing(MockBus& bus, std::uint32_t n, std::uint64_t iova, std::uint32_t bytes);
/// The same for transmission (section 4.6.8.1).
void ExpectTransmitRing(MockBus& bus, std::uint32_t n, std::uint64_t iova, std::uint32_t bytes);
/// TXDCTL.ENABLE set and read back; RXDCTL likewise.
void ExpectTransmitQueueStart(MockBus& bus, std::uint32_t n);
void ExpectReceiveQueueStart(MockBus& bus, std::uint32_t n);
/// Queues on; tails bumped after that (section 4.6.7.1); RXEN last.
void ExpectQueuesStart(MockBus& bus, std::uint32_t queues, std::uint32_t receive_descriptors);
/// Received frames of `queues` queues interrupt, at most once in `interval` (in 2 us): by messages,
/// or by the level of one queue (sections 4.6.6, 7.3.1).
void ExpectInterrupts(MockBus& bus, std::uint32_t queues, std::uint32_t interval, bool messages);
/// No DMA any more: reset, and no interrupts.
void ExpectClose(MockBus& bus);

}  // namespace ixylab::ixgbe

#endif  // TESTS_DRIVER_IXGBE_CHAPTERS_H_
