#include "tests/driver/ixgbe/chapters.h"

#include <chrono>

namespace ixylab::ixgbe {

using std::chrono::milliseconds;

void ExpectMaskedInterrupts(MockBus& bus) {
  bus.ExpectWrite32(0x00888, 0x7FFFFFFF);          // EIMC
  bus.ExpectWriteTable32(0x00AB0, 2, 0xFFFFFFFF);  // EIMC_EX
  bus.ExpectRead32(0x00800, 0x00100001);           // EICR, cleared by reading
}

void ExpectMasterDisable(MockBus& bus) {
  bus.ExpectMask32(0x03000, {.clear = 1});     // RXCTRL.RXEN
  bus.ExpectMask32(0x00000, {.set = 1 << 2});  // CTRL.GIO_DIS
}

void ExpectResetOnce(MockBus& bus, std::uint32_t bits, int early) {
  bus.ExpectMask32(0x00000, {.set = bits});
  bus.ExpectSleep(milliseconds(10));
  bus.ExpectPoll32(0x00000, bits, 0, early);
}

void ExpectReset(MockBus& bus) {
  ExpectMaskedInterrupts(bus);
  ExpectMasterDisable(bus);
  bus.ExpectPoll32(0x00008, 1 << 19, 0);      // STATUS.GIO
  ExpectResetOnce(bus, 1 << 26 | 1 << 3);     // CTRL.RST, CTRL.LNK_RST
  ExpectMaskedInterrupts(bus);                // the reset has unmasked nothing, but be sure
  bus.ExpectPoll32(0x10010, 1 << 9, 1 << 9);  // EEC.AUTO_RD
  bus.ExpectPoll32(0x02F00, 1 << 3, 1 << 3);  // RDRXCTL.DMAIDONE
}

void ExpectEepromWords(MockBus& bus, const Eeprom& eeprom,
                       const std::vector<std::uint16_t>& addresses) {
  for (const std::uint32_t address : addresses) {
    const auto found = eeprom.find(static_cast<std::uint16_t>(address));
    const std::uint32_t word = found == eeprom.end() ? 0 : found->second;
    const std::uint32_t done = word << 16 | address << 2 | 1 << 1;
    bus.ExpectWrite32(0x10014, address << 2 | 1);  // EERD: ADDR, START
    bus.ExpectRead32(0x10014, address << 2);       // not yet, and no data
    bus.ExpectRead32(0x10014, done);
    bus.ExpectRead32(0x10014, done);
  }
}

void ExpectMacAddress(MockBus& bus) {
  bus.ExpectRead32(0x0A200, 0x3C211B00);  // RAL[0]
  bus.ExpectRead32(0x0A204, 0x8000FE4D);  // RAH[0]: AV
}

void ExpectLinkStart(MockBus& bus) {
  // ESDP: SDP3 is an output and low, which is "laser on".
  bus.ExpectMask32(0x00020, {.set = 1 << 11, .clear = 1 << 3});
  bus.ExpectMask32(0x042A0, {.set = 1 << 12});  // AUTOC.Restart_AN
}

void ExpectCounters(MockBus& bus, const Counters& counters) {
  const auto expect_pair = [&](std::uint32_t low, std::uint32_t high, std::uint64_t value) {
    bus.ExpectRead32(low, static_cast<std::uint32_t>(value));
    bus.ExpectRead32(high, static_cast<std::uint32_t>(value >> 32));
  };
  bus.ExpectRead32(0x04080, counters.gptc);
  expect_pair(0x04090, 0x04094, counters.gotc);
  bus.ExpectRead32(0x01030, counters.qprc);
  expect_pair(0x01034, 0x01038, counters.qbrc);
  bus.ExpectRead32(0x01430, counters.qprdc);
  for (std::uint32_t n = 0; n < 8; ++n) bus.ExpectRead32(0x03FA0 + 4 * n, counters.rxmpc[n]);
  bus.ExpectRead32(0x04000, counters.crcerrs);
  bus.ExpectRead32(0x040A4, counters.ruc);
  bus.ExpectRead32(0x040A8, counters.rfc);
  bus.ExpectRead32(0x040AC, counters.roc);
  bus.ExpectRead32(0x040B0, counters.rjc);
}

void ExpectReceiveSetUp(MockBus& bus) {
  bus.ExpectWriteTable32(0x05200, 128, 0);      // MTA
  bus.ExpectWriteTable32(0x0F400, 128, 0);      // PFUTA
  bus.ExpectWriteTable32(0x0E600, 128, 0);      // FTQF
  bus.ExpectMask32(0x05080, {.set = 1 << 10});  // FCTRL.BAM
  bus.ExpectWriteTable32(0x03C00, 8, 0);        // RXPBSIZE
  bus.ExpectWrite32(0x03C00, 0x80000);          // 512 KiB for packet buffer 0
  bus.ExpectMask32(0x04240, {.set = 1 << 1});   // HLREG0.RXCRCSTRP
  // RDRXCTL: CRCSTRIP, RSCACKC and FCOE_WRFIX to 1, RSCFRSTSIZE (bits 17-21) to 0.
  bus.ExpectMask32(0x02F00, {.set = 1 << 1 | 1 << 25 | 1 << 26, .clear = 0x1F << 17});
}

void ExpectRss(MockBus& bus, std::uint32_t queues) {
  // The key of the verification suite (section 7.1.2.8.3), its first byte in RSSRK[0] bits 0-7.
  constexpr std::uint32_t kKey[] = {0xDA565A6D, 0xC20E5B25, 0x3D256741, 0xB08FA343, 0xCB2BCAD0,
                                    0xB4307BAE, 0xA32DCB77, 0x0CF23080, 0x3BB7426A, 0xFA01ACBE};
  for (std::uint32_t n = 0; n < 10; ++n) bus.ExpectWrite32(0x05C80 + 4 * n, kKey[n]);
  for (std::uint32_t n = 0; n < 32; ++n) {
    std::uint32_t entries = 0;  // RETA: four of them in a register, 128 in all
    for (std::uint32_t i = 0; i < 4; ++i) entries |= (4 * n + i) % queues << 8 * i;
    bus.ExpectWrite32(0x05C00 + 4 * n, entries);
  }
  bus.ExpectMask32(0x05000, {.set = 1 << 13});  // RXCSUM.PCSD: the hash, not a checksum
  bus.ExpectWrite32(0x05818, 0x00F30001);       // MRQC: RSS on TCP, UDP and IP, versions 4 and 6
}

void ExpectLongFrames(MockBus& bus, std::uint32_t longest) {
  bus.ExpectMask32(0x04240, {.set = 1 << 2});  // HLREG0.JUMBOEN
  bus.ExpectWrite32(0x04268, longest << 16);   // MAXFRS.MFS
}

void ExpectVlanStrip(MockBus& bus, std::uint32_t queues) {
  for (std::uint32_t n = 0; n < queues; ++n) {
    bus.ExpectMask32(0x01028 + 0x40 * n, {.set = 1 << 30});  // RXDCTL.VME
  }
}

void ExpectTransmitSetUp(MockBus& bus) {
  bus.ExpectMask32(0x04240, {.set = 1 << 0 | 1 << 10});  // HLREG0.TXCRCEN, TXPADEN
  bus.ExpectMask32(0x04900, {.set = 1 << 6});            // RTTDCS.ARBDIS
  bus.ExpectWriteTable32(0x0CC00, 8, 0);                 // TXPBSIZE
  bus.ExpectWrite32(0x0CC00, 0x28000);                   // 160 KiB for packet buffer 0
  bus.ExpectWriteTable32(0x04950, 8, 0);                 // TXPBTHRESH
  bus.ExpectWrite32(0x04950, 0x90);                      // 160 KiB less a frame, in KiB
  bus.ExpectWrite32(0x08100, 0xFFF);                     // DTXMXSZRQ
  bus.ExpectMask32(0x04900, {.clear = 1 << 6});
}

void ExpectPromiscuous(MockBus& bus, bool on) {
  constexpr std::uint32_t kUpeMpe = 1 << 9 | 1 << 8;
  bus.ExpectMask32(0x05080, {.set = on ? kUpeMpe : 0, .clear = on ? 0 : kUpeMpe});  // FCTRL
}

void ExpectReceiveRing(MockBus& bus, std::uint32_t n, std::uint64_t iova, std::uint32_t bytes) {
  const std::uint32_t queue = 0x01000 + 0x40 * n;
  bus.ExpectWrite32(queue + 0x00, static_cast<std::uint32_t>(iova));        // RDBAL
  bus.ExpectWrite32(queue + 0x04, static_cast<std::uint32_t>(iova >> 32));  // RDBAH
  bus.ExpectWrite32(queue + 0x08, bytes);                                   // RDLEN
  bus.ExpectWrite32(queue + 0x10, 0);                                       // RDH
  bus.ExpectWrite32(queue + 0x18, 0);                                       // RDT
  bus.ExpectMask32(queue + 0x0C, {.clear = 1 << 12});                       // DCA_RXCTRL
  // SRRCTL: BSIZEPACKET 2 KiB, DESCTYPE 001 (advanced, one buffer), DROP_EN.
  bus.ExpectWrite32(queue + 0x14, 0x12000002);
}

void ExpectTransmitRing(MockBus& bus, std::uint32_t n, std::uint64_t iova, std::uint32_t bytes) {
  const std::uint32_t queue = 0x06000 + 0x40 * n;
  bus.ExpectWrite32(queue + 0x00, static_cast<std::uint32_t>(iova));        // TDBAL
  bus.ExpectWrite32(queue + 0x04, static_cast<std::uint32_t>(iova >> 32));  // TDBAH
  bus.ExpectWrite32(queue + 0x08, bytes);                                   // TDLEN
  bus.ExpectWrite32(queue + 0x10, 0);                                       // TDH
  bus.ExpectWrite32(queue + 0x18, 0);                                       // TDT
  bus.ExpectWrite32(queue + 0x28, 0x00000824);  // TXDCTL: PTHRESH 36, HTHRESH 8, WTHRESH 0
}

void ExpectTransmitQueueStart(MockBus& bus, std::uint32_t n) {
  const std::uint32_t txdctl = 0x06028 + 0x40 * n;
  bus.ExpectMask32(txdctl, {.set = 1 << 25});
  bus.ExpectPoll32(txdctl, 1 << 25, 1 << 25, 1);
}

void ExpectReceiveQueueStart(MockBus& bus, std::uint32_t n) {
  const std::uint32_t rxdctl = 0x01028 + 0x40 * n;
  bus.ExpectMask32(rxdctl, {.set = 1 << 25});
  bus.ExpectPoll32(rxdctl, 1 << 25, 1 << 25, 2);
}

void ExpectQueuesStart(MockBus& bus, std::uint32_t queues, std::uint32_t receive_descriptors) {
  bus.ExpectMask32(0x04A80, {.set = 1});  // DMATXCTL.TE
  for (std::uint32_t n = 0; n < queues; ++n) ExpectTransmitQueueStart(bus, n);
  for (std::uint32_t n = 0; n < queues; ++n) {
    ExpectReceiveQueueStart(bus, n);
    bus.ExpectWrite32(0x01018 + 0x40 * n, receive_descriptors - 1);  // RDT
  }
  bus.ExpectMask32(0x00018, {.set = 1 << 16});  // CTRL_EXT.NS_DIS
  bus.ExpectMask32(0x03000, {.set = 1});        // RXCTRL.RXEN
}

void ExpectInterrupts(MockBus& bus, std::uint32_t queues, std::uint32_t interval, bool messages) {
  // IVAR: in each register receive queue 2n in bits 0-7, 2n + 1 in bits 16-23; bit 7: valid.
  for (std::uint32_t n = 0; n < queues; n += 2) {
    const std::uint32_t second = n + 1 < queues ? 0x80 | (n + 1) : 0;
    bus.ExpectWrite32(0x00900 + 2 * n, 0x80 | n | second << 16);
  }
  for (std::uint32_t n = 0; n < queues; ++n) {
    bus.ExpectWrite32(0x00820 + 4 * n, 0x80000000 | interval << 3);  // EITR: CNT_WDIS, interval
  }
  if (!messages) return;
  bus.ExpectWrite32(0x00810, (1u << queues) - 1);  // EIAC: a message clears its cause
  bus.ExpectWrite32(0x00AD0, (1u << queues) - 1);  // EIAM_EX: and masks it
  bus.ExpectWrite32(0x00898, 0xC0000010);          // GPIE: PBA_SUPPORT, EIAME, MULTIPLE_MSIX
}

void ExpectClose(MockBus& bus) {
  ExpectMasterDisable(bus);
  bus.ExpectPoll32(0x00008, 1 << 19, 0);  // STATUS.GIO
  ExpectResetOnce(bus, 1 << 26);          // CTRL.RST: the link stays up
}

}  // namespace ixylab::ixgbe
