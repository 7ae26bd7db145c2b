// The registers of the 82599 that the paper's driver does without: several queues, offloads, longer
// frames, interrupts, the EEPROM. As in registers.h.
#ifndef DRIVER_IXGBE_OPTION_REGISTERS_H_
#define DRIVER_IXGBE_OPTION_REGISTERS_H_

#include "driver/ixgbe/registers.h"

namespace ixylab::ixgbe {

// 8.2.3.2 EEPROM
inline constexpr Bits EEC_EE_PRES = Bit(8);
inline constexpr Register EERD{"EERD", 0x10014};
inline constexpr Bits EERD_START = Bit(0), EERD_DONE = Bit(1);
inline constexpr unsigned EERD_ADDR_SHIFT = 2, EERD_DATA_SHIFT = 16;

// 8.2.3.5 Interrupts
inline constexpr Register EIAC{"EIAC", 0x00810}, EITR{"EITR", 0x00820, 24, 4};
inline constexpr Bits EITR_CNT_WDIS = Bit(31);
inline constexpr unsigned EITR_INTERVAL_SHIFT = 3;  // nine bits, in units of 2 us at 10 Gbit/s
inline constexpr Register EIMS{"EIMS", 0x00880}, EIAM_EX{"EIAM_EX", 0x00AD0, 2, 4};
inline constexpr Register GPIE{"GPIE", 0x00898};
inline constexpr Bits GPIE_MULTIPLE_MSIX = Bit(4), GPIE_EIAME = Bit(30), GPIE_PBA_SUPPORT = Bit(31);
inline constexpr Register IVAR{"IVAR", 0x00900, 64, 4};
inline constexpr Bits IVAR_INT_ALLOC_VAL0 = Bit(7), IVAR_INT_ALLOC_VAL2 = Bit(23);
inline constexpr unsigned IVAR_INT_ALLOC2_SHIFT = 16;

// 8.2.3.7 Receive filters
inline constexpr Register RXCSUM{"RXCSUM", 0x05000};
inline constexpr Bits RXCSUM_PCSD = Bit(13);
inline constexpr Register MRQC{"MRQC", 0x05818};
inline constexpr Bits MRQC_RSS = 1, MRQC_RSS_FIELDS = 0xF3u << 16;  // TCP, UDP, IP; 4 and 6
inline constexpr Register RETA{"RETA", 0x05C00, 32, 4}, RSSRK{"RSSRK", 0x05C80, 10, 4};

// 8.2.3.8 Receive DMA
inline constexpr Bits RXDCTL_VME = Bit(30);

// 8.2.3.22 MAC
inline constexpr Bits HLREG0_JUMBOEN = Bit(2);
inline constexpr Register MAXFRS{"MAXFRS", 0x04268};
inline constexpr unsigned MAXFRS_MFS_SHIFT = 16;

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_OPTION_REGISTERS_H_
