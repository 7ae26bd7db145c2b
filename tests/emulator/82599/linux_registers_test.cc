// The registers that Linux's ixgbe (6.1 and 6.12) touches on an 82599, from its own header: probe,
// up and down, the service task, counters, and what ethtool asks for. The table has them all, so
// that an unmodified driver finds none unknown.
#include <gtest/gtest.h>

#include <cstdint>

#include "emulator/82599/chip.h"

namespace ixylab::emulator::intel82599 {
namespace {

struct LinuxRegisters {
  const char* name;  // in ixgbe_type.h
  std::uint32_t offset;
  std::uint32_t count = 1;
  std::uint32_t stride = 4;
};

// clang-format off
constexpr LinuxRegisters kLinuxRegisters[] = {
    // ixgbe_reset_hw_82599, ixgbe_start_hw_gen2, ixgbe_stop_adapter_generic
    {"CTRL", 0x00000}, {"STATUS", 0x00008}, {"CTRL_EXT", 0x00018}, {"EICR", 0x00800},
    {"EIMC", 0x00888}, {"AUTOC", 0x042A0}, {"AUTOC2", 0x042A8}, {"GCR_EXT", 0x11050},
    {"HLREG0", 0x04240}, {"RXCTRL", 0x03000}, {"FWSM", 0x10148}, {"MMNGC", 0x042D0},
    {"DCA_TXCTRL_82599", 0x0600C, 128, 0x40}, {"DCA_RXCTRL", 0x02200, 16, 0x4},
    {"DCA_RXCTRL", 0x0140C, 48, 0x40}, {"RTTDQSEL", 0x04904}, {"RTTBCNRC", 0x04984},
    {"RTTBCNRM", 0x04980},
    // EEPROM, SFP+ and MDIO
    {"EEC", 0x10010}, {"EERD", 0x10014}, {"EEWR", 0x10018}, {"FLA", 0x1001C}, {"SWSM", 0x10140},
    {"SW_FW_SYNC", 0x10160}, {"FACTPS", 0x10150}, {"I2CCTL_82599", 0x00028}, {"ESDP", 0x00020},
    {"CORECTL", 0x14F00}, {"MSCA", 0x0425C}, {"MSRWD", 0x04260}, {"GRC", 0x10200},
    // ixgbe_host_interface_command
    {"HICR", 0x15F00}, {"FWSTS", 0x15F0C}, {"FLEX_MNG", 0x15800, 448, 0x4},
    // Link set-up, ixgbe_fc_enable_generic, ixgbe_watchdog_subtask
    {"LINKS", 0x042A4}, {"LINKS2", 0x04324}, {"ANLP1", 0x042B0}, {"PCS1GLSTA", 0x0420C},
    {"PCS1GLCTL", 0x04208}, {"PCS1GANA", 0x04218}, {"PCS1GANLP", 0x0421C}, {"MFLCN", 0x04294},
    {"FCCFG", 0x03D00}, {"FCRTL_82599", 0x03220, 8, 0x4}, {"FCRTH_82599", 0x03260, 8, 0x4},
    {"FCTTV", 0x03200, 4, 0x4}, {"FCRTV", 0x032A0}, {"MACC", 0x04330}, {"MLADD", 0x04264},
    {"MAXFRS", 0x04268}, {"PAP", 0x04248},
    // Filters
    {"FCTRL", 0x05080}, {"VLNCTRL", 0x05088}, {"MCSTCTRL", 0x05090}, {"MTA", 0x05200, 128, 0x4},
    {"VFTA", 0x0A000, 128, 0x4}, {"RAL", 0x05400, 16, 0x8}, {"RAL", 0x0A280, 112, 0x8},
    {"RAH", 0x05404, 16, 0x8}, {"RAH", 0x0A284, 112, 0x8}, {"MPSAR_LO", 0x0A600, 128, 0x8},
    {"MPSAR_HI", 0x0A604, 128, 0x8}, {"UTA", 0x0F400, 128, 0x4}, {"VLVF", 0x0F100, 64, 0x4},
    {"VLVFB", 0x0F200, 128, 0x4}, {"PSRTYPE", 0x05480, 16, 0x4}, {"PSRTYPE", 0x0EA40, 48, 0x4},
    {"RFCTL", 0x05008}, {"RXCSUM", 0x05000},
    // Queues
    {"RDBAL", 0x01000, 64, 0x40}, {"RDBAL", 0x0D000, 64, 0x40}, {"RDBAH", 0x01004, 64, 0x40},
    {"RDBAH", 0x0D004, 64, 0x40}, {"RDLEN", 0x01008, 64, 0x40}, {"RDLEN", 0x0D008, 64, 0x40},
    {"RDH", 0x01010, 64, 0x40}, {"RDH", 0x0D010, 64, 0x40}, {"RDT", 0x01018, 64, 0x40},
    {"RDT", 0x0D018, 64, 0x40}, {"RXDCTL", 0x01028, 64, 0x40}, {"RXDCTL", 0x0D028, 64, 0x40},
    {"SRRCTL", 0x02100, 16, 0x4}, {"SRRCTL", 0x01414, 48, 0x40}, {"SRRCTL", 0x0D014, 64, 0x40},
    {"RSCCTL", 0x0102C, 64, 0x40}, {"RSCCTL", 0x0D02C, 64, 0x40}, {"TDBAL", 0x06000, 128, 0x40},
    {"TDBAH", 0x06004, 128, 0x40}, {"TDLEN", 0x06008, 128, 0x40}, {"TDH", 0x06010, 128, 0x40},
    {"TDT", 0x06018, 128, 0x40}, {"TXDCTL", 0x06028, 128, 0x40}, {"TDWBAL", 0x06038, 128, 0x40},
    {"TDWBAH", 0x0603C, 128, 0x40}, {"DMATXCTL", 0x04A80}, {"RDRXCTL", 0x02F00},
    {"RSCDBU", 0x03028}, {"SECTXCTRL", 0x08800}, {"SECTXSTAT", 0x08804}, {"SECTXBUFFAF", 0x08808},
    {"SECTXMINIFG", 0x08810}, {"SECRXCTRL", 0x08D00}, {"SECRXSTAT", 0x08D04}, {"RTTDCS", 0x04900},
    {"MTQC", 0x08120}, {"TXPBSIZE", 0x0CC00, 8, 0x4}, {"RXPBSIZE", 0x03C00, 8, 0x4},
    {"TXPBTHRESH", 0x04950, 8, 0x4}, {"MRQC", 0x05818}, {"RETA", 0x05C00, 32, 0x4},
    {"RSSRK", 0x05C80, 10, 0x4},
    // Interrupts
    {"GPIE", 0x00898}, {"IVAR", 0x00900, 64, 0x4}, {"IVAR_MISC", 0x00A00},
    {"EITR", 0x00820, 24, 0x4}, {"EICS", 0x00808}, {"EICS_EX", 0x00A90, 2, 0x4}, {"EIMS", 0x00880},
    {"EIMS_EX", 0x00AA0, 2, 0x4}, {"EIMC_EX", 0x00AB0, 2, 0x4}, {"EIAC", 0x00810},
    {"EIAM", 0x00890}, {"EIAM_EX", 0x00AD0, 2, 0x4}, {"EITRSEL", 0x00894}, {"PBACL", 0x11068},
    {"PBACL", 0x110C4, 7, 0x4},
    // Flow director, service task
    {"FDIRCTRL", 0x0EE00}, {"FDIRHKEY", 0x0EE68}, {"FDIRSKEY", 0x0EE6C}, {"FDIRHASH", 0x0EE28},
    {"FDIRCMD", 0x0EE2C}, {"FDIRFREE", 0x0EE38}, {"FDIRLEN", 0x0EE4C}, {"FDIRUSTAT", 0x0EE50},
    {"FDIRFSTAT", 0x0EE54}, {"FDIRMATCH", 0x0EE58}, {"FDIRMISS", 0x0EE5C}, {"FDIRM", 0x0EE70},
    {"FDIRIP6M", 0x0EE74}, {"FDIRTCPM", 0x0EE44}, {"FDIRUDPM", 0x0EE48}, {"FDIRSIP4M", 0x0EE40},
    {"FDIRDIP4M", 0x0EE3C}, {"FDIRIPSA", 0x0EE18}, {"FDIRIPDA", 0x0EE1C}, {"FDIRPORT", 0x0EE20},
    {"FDIRVLAN", 0x0EE24}, {"FDIRSIPv6", 0x0EE0C, 3, 0x4},
    // Counters, ethtool -S
    {"CRCERRS", 0x04000}, {"ILLERRC", 0x04004}, {"ERRBC", 0x04008}, {"MSPDC", 0x04010},
    {"MPC", 0x03FA0, 8, 0x4}, {"MLFC", 0x04034}, {"MRFC", 0x04038}, {"RLEC", 0x04040},
    {"LXONTXC", 0x03F60}, {"LXOFFTXC", 0x03F68}, {"LXONRXCNT", 0x041A4}, {"LXOFFRXCNT", 0x041A8},
    {"PXONTXC", 0x03F00, 8, 0x4}, {"PXOFFTXC", 0x03F20, 8, 0x4}, {"PXONRXCNT", 0x04140, 8, 0x4},
    {"PXOFFRXCNT", 0x04160, 8, 0x4}, {"PXON2OFFCNT", 0x03240, 8, 0x4}, {"PRC64", 0x0405C},
    {"PRC127", 0x04060}, {"PRC255", 0x04064}, {"PRC511", 0x04068}, {"PRC1023", 0x0406C},
    {"PRC1522", 0x04070}, {"GPRC", 0x04074}, {"BPRC", 0x04078}, {"MPRC", 0x0407C},
    {"GPTC", 0x04080}, {"GORCL", 0x04088}, {"GORCH", 0x0408C}, {"GOTCL", 0x04090},
    {"GOTCH", 0x04094}, {"RUC", 0x040A4}, {"RFC", 0x040A8}, {"ROC", 0x040AC}, {"RJC", 0x040B0},
    {"MNGPRC", 0x040B4}, {"MNGPDC", 0x040B8}, {"MNGPTC", 0x0CF90}, {"TORL", 0x040C0},
    {"TORH", 0x040C4}, {"TPR", 0x040D0}, {"TPT", 0x040D4}, {"PTC64", 0x040D8}, {"PTC127", 0x040DC},
    {"PTC255", 0x040E0}, {"PTC511", 0x040E4}, {"PTC1023", 0x040E8}, {"PTC1522", 0x040EC},
    {"MPTC", 0x040F0}, {"BPTC", 0x040F4}, {"XEC", 0x04120}, {"RQSMR", 0x02300, 32, 0x4},
    {"TQSM", 0x08600, 32, 0x4}, {"QPRC", 0x01030, 16, 0x40}, {"QPTC", 0x06030, 16, 0x40},
    {"QBRC_L", 0x01034, 16, 0x40}, {"QBRC_H", 0x01038, 16, 0x40}, {"QBTC_L", 0x08700, 16, 0x8},
    {"QBTC_H", 0x08704, 16, 0x8}, {"QPRDC", 0x01430, 16, 0x40}, {"FCCRC", 0x05118},
    {"FCOERPDC", 0x0241C}, {"FCOEPRC", 0x02428}, {"FCOEPTC", 0x08784}, {"FCOEDWRC", 0x0242C},
    {"FCOEDWTC", 0x08788}, {"FCLAST", 0x02424}, {"SSVPC", 0x08780},
    // PTP
    {"TSYNCTXCTL", 0x08C00}, {"TSYNCRXCTL", 0x05188}, {"RXMTRL", 0x05120}, {"SYSTIML", 0x08C0C},
    {"SYSTIMH", 0x08C10}, {"TIMINCA", 0x08C14}, {"TXSTMPL", 0x08C04}, {"TXSTMPH", 0x08C08},
    {"RXSTMPL", 0x051E8}, {"RXSTMPH", 0x051A4}, {"TSAUXC", 0x08C20}, {"TRGTTIML0", 0x08C24},
    {"TRGTTIMH0", 0x08C28}, {"ETQF", 0x05128, 8, 0x4}, {"ETQS", 0x0EC00, 8, 0x4},
    // SR-IOV and mailboxes
    {"VT_CTL", 0x051B0}, {"VFRE", 0x051E0, 2, 0x4}, {"VFTE", 0x08110, 2, 0x4},
    {"VMECM", 0x08790, 2, 0x4}, {"VMOLR", 0x0F000, 64, 0x4}, {"VMVIR", 0x08000, 64, 0x4},
    {"PFVFSPOOF", 0x08200, 8, 0x4}, {"PFDTXGSWC", 0x08220}, {"PFMBICR", 0x00710, 4, 0x4},
    {"PFMBIMR", 0x00720, 2, 0x4}, {"PFMAILBOX", 0x04B00, 64, 0x4}, {"PFMBMEM", 0x13000, 64, 0x40},
    {"PFVFLREC", 0x00700, 2, 0x4}, {"QDE", 0x02F04}, {"MRCTL", 0x0F600, 4, 0x4},
    // DCB
    {"RTRPCS", 0x02430}, {"RTRPT4C", 0x02140, 8, 0x4}, {"RTTDT1C", 0x04908},
    {"RTTDT2C", 0x04910, 8, 0x4}, {"RTTPCS", 0x0CD00}, {"RTTPT2C", 0x0CD20, 8, 0x4},
    {"RTRUP2TC", 0x03020}, {"RTTUP2TC", 0x0C800}, {"RQTC", 0x0EC70},
    // DCA, FCoE, wake-up, LEDs
    {"DCA_CTRL", 0x11074}, {"FCRXCTRL", 0x05100}, {"FCRECTL", 0x0ED00}, {"FCRETA", 0x0ED10, 8, 0x4},
    {"FCBUFF", 0x02418}, {"FCDMARW", 0x02420}, {"FCPTRL", 0x02410}, {"FCPTRH", 0x02414},
    {"FCFLT", 0x05108}, {"FCFLTRW", 0x05110}, {"FCPARAM", 0x051D8}, {"LEDCTL", 0x00200},
    {"WUC", 0x05800}, {"WUFC", 0x05808}, {"WUS", 0x05810}, {"IPAV", 0x05838}, {"WUPL", 0x05900},
    // ixgbe_ipsec.c
    {"IPSTXIDX", 0x08900}, {"IPSTXSALT", 0x08904}, {"IPSTXKEY", 0x08908, 4, 0x4},
    {"IPSRXIDX", 0x08E00}, {"IPSRXIPADDR", 0x08E04, 4, 0x4}, {"IPSRXSPI", 0x08E14},
    {"IPSRXIPIDX", 0x08E18}, {"IPSRXKEY", 0x08E1C, 4, 0x4}, {"IPSRXSALT", 0x08E2C},
    {"IPSRXMOD", 0x08E30},
    // ixgbe_get_regs (ethtool -d), besides; some of them as seen in a VM
    {"MSIXPBA", 0x02000}, {"RDSTAT", 0x02C00, 8, 0x4}, {"RDSTATCTL", 0x02C20}, {"RDHMPN", 0x02F08},
    {"RIC_DW", 0x02F10, 4, 0x4}, {"RDPROBE", 0x02F20}, {"PBRXECC", 0x03300}, {"RXBUFCTRL", 0x03600},
    {"RXBUFDATA", 0x03610, 4, 0x4}, {"DROPEN", 0x03D04}, {"APAE", 0x04250}, {"ARD", 0x04254},
    {"AIS", 0x04258}, {"TREG", 0x0426C}, {"MDFTC1", 0x042B8}, {"MDFTC2", 0x042C0},
    {"MDFTFIFO1", 0x042C4}, {"MDFTFIFO2", 0x042C8}, {"MDFTS", 0x042CC}, {"ATLASCTL", 0x04800},
    {"RFVAL", 0x050A4}, {"VMD_CTL", 0x0581C}, {"IMIR", 0x05A80, 8, 0x4},
    {"IMIREXT", 0x05AA0, 8, 0x4}, {"DCA_TXCTRL_82598", 0x07214},
    {"DCA_TXCTRL_82598", 0x0721C, 3, 0x4}, {"DCA_TXCTRL_82598", 0x0722C, 3, 0x4},
    {"TDSTAT", 0x07C14}, {"TDSTAT", 0x07C1C}, {"TDSTATCTL", 0x07C20}, {"TIC_DW", 0x07F14, 2, 0x8},
    {"TDPROBE", 0x07F20}, {"PBTXECC", 0x0C300}, {"TXBUFCTRL", 0x0C600},
    {"TXBUFDATA", 0x0C610, 4, 0x4}, {"TIPG", 0x0CB00}, {"PCIEECCCTL", 0x1106C},
};
// clang-format on

TEST(LinuxRegisters, AreAllInTheTable) {
  for (const LinuxRegisters& registers : kLinuxRegisters) {
    for (std::uint32_t n = 0; n < registers.count; ++n) {
      const std::uint32_t offset = registers.offset + n * registers.stride;
      const RegisterInfo* row = FindRegister(offset);
      ASSERT_NE(row, nullptr) << registers.name << " " << n << " at 0x" << std::hex << offset;
      EXPECT_FALSE(row->provenance.empty()) << row->name;
    }
  }
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
