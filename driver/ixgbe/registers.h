// The registers of the 82599 that this driver uses, by their names in the datasheet
// (section 8.2.3).
#ifndef DRIVER_IXGBE_REGISTERS_H_
#define DRIVER_IXGBE_REGISTERS_H_

#include <cstdint>

namespace ixylab::ixgbe {

/// One register: its name for messages, its byte offset in BAR0.
struct Register {
  const char* name;
  std::uint32_t offset;
};

/// `count` registers of one name, `stride` bytes apart; `offset` is the first one's.
struct RegisterArray {
  const char* name;
  std::uint32_t offset;
  std::uint32_t count;
  std::uint32_t stride;
  constexpr Register operator[](std::uint32_t n) const { return {name, offset + n * stride}; }
};

constexpr std::uint32_t Bit(unsigned n) { return std::uint32_t{1} << n; }

// 8.2.3.1 General control
inline constexpr Register CTRL{"CTRL", 0x00000};
inline constexpr std::uint32_t CTRL_GIO_DIS = Bit(2);
inline constexpr std::uint32_t CTRL_LNK_RST = Bit(3);
inline constexpr std::uint32_t CTRL_RST = Bit(26);
inline constexpr Register STATUS{"STATUS", 0x00008};
inline constexpr std::uint32_t STATUS_GIO = Bit(19);
inline constexpr Register CTRL_EXT{"CTRL_EXT", 0x00018};
inline constexpr std::uint32_t CTRL_EXT_NS_DIS = Bit(16);
inline constexpr Register ESDP{"ESDP", 0x00020};
inline constexpr std::uint32_t ESDP_SDP3 = Bit(3);
inline constexpr std::uint32_t ESDP_SDP3_IODIR = Bit(11);

// 8.2.3.2 EEPROM
inline constexpr Register EEC{"EEC", 0x10010};
inline constexpr std::uint32_t EEC_EE_PRES = Bit(8);
inline constexpr std::uint32_t EEC_AUTO_RD = Bit(9);
inline constexpr Register EERD{"EERD", 0x10014};
inline constexpr std::uint32_t EERD_START = Bit(0);
inline constexpr std::uint32_t EERD_DONE = Bit(1);
inline constexpr unsigned EERD_ADDR_SHIFT = 2;
inline constexpr unsigned EERD_DATA_SHIFT = 16;

// 8.2.3.5 Interrupts
inline constexpr Register EICR{"EICR", 0x00800};
inline constexpr RegisterArray EIMC_EX{"EIMC_EX", 0x00AB0, 2, 4};
inline constexpr Register EIMC{"EIMC", 0x00888};

// 8.2.3.7 Receive filters
inline constexpr Register FCTRL{"FCTRL", 0x05080};
inline constexpr std::uint32_t FCTRL_MPE = Bit(8);
inline constexpr std::uint32_t FCTRL_UPE = Bit(9);
inline constexpr std::uint32_t FCTRL_BAM = Bit(10);
inline constexpr Register RXCSUM{"RXCSUM", 0x05000};
inline constexpr std::uint32_t RXCSUM_PCSD = Bit(13);
inline constexpr RegisterArray MTA{"MTA", 0x05200, 128, 4};
inline constexpr Register MRQC{"MRQC", 0x05818};
inline constexpr std::uint32_t MRQC_RSS = 1;  // MRQE
inline constexpr std::uint32_t MRQC_RSS_FIELDS =
    Bit(16) | Bit(17) | Bit(20) | Bit(21) | Bit(22) | Bit(23);  // TCP, UDP and IP, versions 4 and 6
inline constexpr RegisterArray RETA{"RETA", 0x05C00, 32, 4};
inline constexpr RegisterArray RSSRK{"RSSRK", 0x05C80, 10, 4};
inline constexpr RegisterArray RAL{"RAL", 0x0A200, 128, 8};
inline constexpr RegisterArray RAH{"RAH", 0x0A204, 128, 8};
inline constexpr std::uint32_t RAH_AV = Bit(31);
inline constexpr RegisterArray FTQF{"FTQF", 0x0E600, 128, 4};
inline constexpr RegisterArray PFUTA{"PFUTA", 0x0F400, 128, 4};

// 8.2.3.8 Receive DMA. The driver uses the lower 64 of the 128 queues.
inline constexpr RegisterArray RDBAL{"RDBAL", 0x01000, 64, 0x40};
inline constexpr RegisterArray RDBAH{"RDBAH", 0x01004, 64, 0x40};
inline constexpr RegisterArray RDLEN{"RDLEN", 0x01008, 64, 0x40};
inline constexpr RegisterArray DCA_RXCTRL{"DCA_RXCTRL", 0x0100C, 64, 0x40};
inline constexpr std::uint32_t DCA_RXCTRL_RESERVED_12 = Bit(12);
inline constexpr RegisterArray RDH{"RDH", 0x01010, 64, 0x40};
inline constexpr RegisterArray SRRCTL{"SRRCTL", 0x01014, 64, 0x40};
inline constexpr std::uint32_t SRRCTL_BSIZEPACKET_2K = 2;
inline constexpr std::uint32_t SRRCTL_DESCTYPE_ADVANCED_ONE_BUFFER = 1u << 25;
inline constexpr std::uint32_t SRRCTL_DROP_EN = Bit(28);
inline constexpr RegisterArray RDT{"RDT", 0x01018, 64, 0x40};
inline constexpr RegisterArray RXDCTL{"RXDCTL", 0x01028, 64, 0x40};
inline constexpr std::uint32_t RXDCTL_ENABLE = Bit(25);
inline constexpr Register RDRXCTL{"RDRXCTL", 0x02F00};
inline constexpr std::uint32_t RDRXCTL_CRCSTRIP = Bit(1);
inline constexpr std::uint32_t RDRXCTL_DMAIDONE = Bit(3);
inline constexpr std::uint32_t RDRXCTL_RSCFRSTSIZE = 0x1Fu << 17;
inline constexpr std::uint32_t RDRXCTL_RSCACKC = Bit(25);
inline constexpr std::uint32_t RDRXCTL_FCOE_WRFIX = Bit(26);
inline constexpr Register RXCTRL{"RXCTRL", 0x03000};
inline constexpr std::uint32_t RXCTRL_RXEN = Bit(0);
inline constexpr RegisterArray RXPBSIZE{"RXPBSIZE", 0x03C00, 8, 4};
inline constexpr std::uint32_t RXPBSIZE_512K = 512u << 10;

// 8.2.3.9 Transmit DMA, 8.2.3.10 DCB
inline constexpr Register DMATXCTL{"DMATXCTL", 0x04A80};
inline constexpr std::uint32_t DMATXCTL_TE = Bit(0);
inline constexpr Register DTXMXSZRQ{"DTXMXSZRQ", 0x08100};
inline constexpr std::uint32_t DTXMXSZRQ_LARGEST = 0xFFF;
inline constexpr RegisterArray TXPBSIZE{"TXPBSIZE", 0x0CC00, 8, 4};
inline constexpr std::uint32_t TXPBSIZE_160K = 160u << 10;
inline constexpr RegisterArray TXPBTHRESH{"TXPBTHRESH", 0x04950, 8, 4};
inline constexpr std::uint32_t TXPBTHRESH_160K_LESS_A_FRAME = 160 - 2;
inline constexpr RegisterArray TDBAL{"TDBAL", 0x06000, 128, 0x40};
inline constexpr RegisterArray TDBAH{"TDBAH", 0x06004, 128, 0x40};
inline constexpr RegisterArray TDLEN{"TDLEN", 0x06008, 128, 0x40};
inline constexpr RegisterArray TDH{"TDH", 0x06010, 128, 0x40};
inline constexpr RegisterArray TDT{"TDT", 0x06018, 128, 0x40};
inline constexpr RegisterArray TXDCTL{"TXDCTL", 0x06028, 128, 0x40};
// PTHRESH 36, HTHRESH 8: fetch in bulk (7.2.3.4.1). WTHRESH 0: where RS is set write back at once;
// anything else would need RS in each descriptor (DPDK: tx_rs_thresh > 1 asks for WTHRESH = 0).
inline constexpr std::uint32_t TXDCTL_THRESHOLDS = 36 | 8 << 8 | 0 << 16;
inline constexpr std::uint32_t TXDCTL_ENABLE = Bit(25);
inline constexpr Register RTTDCS{"RTTDCS", 0x04900};
inline constexpr std::uint32_t RTTDCS_ARBDIS = Bit(6);

// 8.2.3.22 MAC and link
inline constexpr Register HLREG0{"HLREG0", 0x04240};
inline constexpr std::uint32_t HLREG0_TXCRCEN = Bit(0);
inline constexpr std::uint32_t HLREG0_RXCRCSTRP = Bit(1);
inline constexpr std::uint32_t HLREG0_TXPADEN = Bit(10);
inline constexpr Register AUTOC{"AUTOC", 0x042A0};
inline constexpr std::uint32_t AUTOC_RESTART_AN = Bit(12);
inline constexpr Register LINKS{"LINKS", 0x042A4};
inline constexpr unsigned LINKS_SPEED_SHIFT = 28;  // two bits
inline constexpr std::uint32_t LINKS_UP = Bit(30);

// 8.2.3.23 Statistics, cleared by reading. Octets are pairs: the high part's read clears both.
inline constexpr Register CRCERRS{"CRCERRS", 0x04000};
inline constexpr Register RUC{"RUC", 0x040A4};
inline constexpr Register RFC{"RFC", 0x040A8};
inline constexpr Register ROC{"ROC", 0x040AC};
inline constexpr Register RJC{"RJC", 0x040B0};
inline constexpr Register GPTC{"GPTC", 0x04080};
inline constexpr Register GOTCL{"GOTCL", 0x04090};
inline constexpr Register GOTCH{"GOTCH", 0x04094};
inline constexpr RegisterArray RXMPC{"RXMPC", 0x03FA0, 8, 4};
inline constexpr RegisterArray QPRC{"QPRC", 0x01030, 16, 0x40};
inline constexpr RegisterArray QBRC_L{"QBRC_L", 0x01034, 16, 0x40};
inline constexpr RegisterArray QBRC_H{"QBRC_H", 0x01038, 16, 0x40};
inline constexpr RegisterArray QPRDC{"QPRDC", 0x01430, 16, 0x40};

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_REGISTERS_H_
