// The registers of the 82599 that this driver uses, by their names in the datasheet (section
// 8.2.3), each followed by its fields. Those of options are in option_registers.h.
#ifndef DRIVER_IXGBE_REGISTERS_H_
#define DRIVER_IXGBE_REGISTERS_H_

#include <cstdint>

namespace ixylab::ixgbe {

/// A register: its name for messages and its byte offset in BAR 0; or `count` of one name, `stride`
/// bytes apart.
struct Register {
  const char* name;
  std::uint32_t offset;
  std::uint32_t count = 1;
  std::uint32_t stride = 0;
  constexpr Register operator[](std::uint32_t n) const { return {name, offset + n * stride}; }
};

using Bits = std::uint32_t;
constexpr Bits Bit(unsigned n) { return Bits{1} << n; }

// 8.2.3.1 General control
inline constexpr Register CTRL{"CTRL", 0x00000};
inline constexpr Bits CTRL_GIO_DIS = Bit(2), CTRL_LNK_RST = Bit(3), CTRL_RST = Bit(26);
inline constexpr Register STATUS{"STATUS", 0x00008}, CTRL_EXT{"CTRL_EXT", 0x00018};
inline constexpr Bits STATUS_GIO = Bit(19), CTRL_EXT_NS_DIS = Bit(16);
inline constexpr Register ESDP{"ESDP", 0x00020};
inline constexpr Bits ESDP_SDP3 = Bit(3), ESDP_SDP3_IODIR = Bit(11);

// 8.2.3.2 EEPROM
inline constexpr Register EEC{"EEC", 0x10010};
inline constexpr Bits EEC_AUTO_RD = Bit(9);

// 8.2.3.5 Interrupts
inline constexpr Register EICR{"EICR", 0x00800}, EIMC{"EIMC", 0x00888};
inline constexpr Register EIMC_EX{"EIMC_EX", 0x00AB0, 2, 4};

// 8.2.3.7 Receive filters
inline constexpr Register FCTRL{"FCTRL", 0x05080};
inline constexpr Bits FCTRL_MPE = Bit(8), FCTRL_UPE = Bit(9), FCTRL_BAM = Bit(10);
inline constexpr Register MTA{"MTA", 0x05200, 128, 4};
inline constexpr Register RAL{"RAL", 0x0A200, 128, 8}, RAH{"RAH", 0x0A204, 128, 8};
inline constexpr Bits RAH_AV = Bit(31);
inline constexpr Register FTQF{"FTQF", 0x0E600, 128, 4}, PFUTA{"PFUTA", 0x0F400, 128, 4};

// 8.2.3.8 Receive DMA. The driver uses the lower 64 of the 128 queues.
inline constexpr Register RDBAL{"RDBAL", 0x01000, 64, 0x40}, RDBAH{"RDBAH", 0x01004, 64, 0x40};
inline constexpr Register RDLEN{"RDLEN", 0x01008, 64, 0x40}, RDH{"RDH", 0x01010, 64, 0x40};
inline constexpr Register DCA_RXCTRL{"DCA_RXCTRL", 0x0100C, 64, 0x40};
inline constexpr Bits DCA_RXCTRL_RESERVED_12 = Bit(12);
inline constexpr Register SRRCTL{"SRRCTL", 0x01014, 64, 0x40};
inline constexpr Bits SRRCTL_BSIZEPACKET_2K = 2;
inline constexpr Bits SRRCTL_DESCTYPE_ADVANCED_ONE_BUFFER = 1u << 25, SRRCTL_DROP_EN = Bit(28);
inline constexpr Register RDT{"RDT", 0x01018, 64, 0x40};
inline constexpr Register RXDCTL{"RXDCTL", 0x01028, 64, 0x40};
inline constexpr Bits RXDCTL_ENABLE = Bit(25);
inline constexpr Register RDRXCTL{"RDRXCTL", 0x02F00};
inline constexpr Bits RDRXCTL_CRCSTRIP = Bit(1), RDRXCTL_DMAIDONE = Bit(3),
                      RDRXCTL_RSCFRSTSIZE = 0x1Fu << 17, RDRXCTL_RSCACKC = Bit(25),
                      RDRXCTL_FCOE_WRFIX = Bit(26);
inline constexpr Register RXCTRL{"RXCTRL", 0x03000};
inline constexpr Bits RXCTRL_RXEN = Bit(0);
inline constexpr Register RXPBSIZE{"RXPBSIZE", 0x03C00, 8, 4};

// 8.2.3.9 Transmit DMA, 8.2.3.10 DCB
inline constexpr Register DMATXCTL{"DMATXCTL", 0x04A80};
inline constexpr Bits DMATXCTL_TE = Bit(0);
inline constexpr Register DTXMXSZRQ{"DTXMXSZRQ", 0x08100}, TXPBSIZE{"TXPBSIZE", 0x0CC00, 8, 4};
inline constexpr Register TXPBTHRESH{"TXPBTHRESH", 0x04950, 8, 4};
inline constexpr Register TDBAL{"TDBAL", 0x06000, 128, 0x40}, TDBAH{"TDBAH", 0x06004, 128, 0x40};
inline constexpr Register TDLEN{"TDLEN", 0x06008, 128, 0x40}, TDH{"TDH", 0x06010, 128, 0x40};
inline constexpr Register TDT{"TDT", 0x06018, 128, 0x40}, TXDCTL{"TXDCTL", 0x06028, 128, 0x40};
// PTHRESH 36, HTHRESH 8: fetch in bulk (7.2.3.4.1). WTHRESH 0: where RS is set write back at once;
// anything else would need RS in each descriptor (DPDK: tx_rs_thresh > 1 asks for WTHRESH = 0).
inline constexpr Bits TXDCTL_THRESHOLDS = 36 | 8 << 8 | 0 << 16, TXDCTL_ENABLE = Bit(25);
inline constexpr Register RTTDCS{"RTTDCS", 0x04900};
inline constexpr Bits RTTDCS_ARBDIS = Bit(6);

// 8.2.3.22 MAC and link
inline constexpr Register HLREG0{"HLREG0", 0x04240};
inline constexpr Bits HLREG0_TXCRCEN = Bit(0), HLREG0_RXCRCSTRP = Bit(1), HLREG0_TXPADEN = Bit(10);
inline constexpr Register AUTOC{"AUTOC", 0x042A0}, LINKS{"LINKS", 0x042A4};
inline constexpr Bits AUTOC_RESTART_AN = Bit(12), LINKS_UP = Bit(30);
inline constexpr unsigned LINKS_SPEED_SHIFT = 28;  // two bits

// 8.2.3.23 Statistics, cleared by reading. Octets are pairs: the high part's read clears both.
inline constexpr Register CRCERRS{"CRCERRS", 0x04000}, RUC{"RUC", 0x040A4}, RFC{"RFC", 0x040A8};
inline constexpr Register ROC{"ROC", 0x040AC}, RJC{"RJC", 0x040B0}, GPTC{"GPTC", 0x04080};
inline constexpr Register GOTCL{"GOTCL", 0x04090}, GOTCH{"GOTCH", 0x04094};
inline constexpr Register RXMPC{"RXMPC", 0x03FA0, 8, 4}, QPRC{"QPRC", 0x01030, 16, 0x40};
inline constexpr Register QBRC_L{"QBRC_L", 0x01034, 16, 0x40}, QBRC_H{"QBRC_H", 0x01038, 16, 0x40};
inline constexpr Register QPRDC{"QPRDC", 0x01430, 16, 0x40};

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_REGISTERS_H_
