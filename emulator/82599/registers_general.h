// Device control and status, EEPROM and flash, semaphores, PCIe (datasheet 8.2.3.1, 8.2.3.2,
// 8.2.3.4).
#ifndef EMULATOR_82599_REGISTERS_GENERAL_H_
#define EMULATOR_82599_REGISTERS_GENERAL_H_

#include "emulator/82599/port.h"
#include "emulator/register_table.h"

namespace ixylab::emulator::intel82599 {

// clang-format off

inline constexpr Field kCtrlFields[] = {{"GIO_DIS", 2}, {"LNK_RST", 3}, {"RST", 26}};
inline constexpr Field kStatusFields[] = {
    {"LAN_ID", 2, 2}, {"LINKUP", 7}, {"NUM_VFS", 10, 8}, {"IOV_ACTIVE", 18}, {"GIO", 19}};
inline constexpr Field kCtrlExtFields[] = {
    {"PFRSTD", 14}, {"NS_DIS", 16}, {"RO_DIS", 17}, {"EXTENDED_VLAN", 26}, {"DRV_LOAD", 28}};
inline constexpr Field kEsdpFields[] = {
    {"SDP0", 0}, {"SDP1", 1}, {"SDP2", 2}, {"SDP3", 3}, {"SDP4", 4}, {"SDP5", 5}, {"SDP6", 6},
    {"SDP7", 7}, {"SDP_IODIR", 8, 8}, {"SDP_MODE", 16, 8}, {"SDP_NATIVE", 26, 6}};
inline constexpr Field kI2cctlFields[] = {
    {"CLK_IN", 0}, {"CLK_OUT", 1}, {"DATA_IN", 2}, {"DATA_OUT", 3}};
inline constexpr Field kLedctlFields[] = {
    {"LED0_MODE", 0, 4}, {"GLOBAL_BLINK_MODE", 5}, {"LED0_IVRT", 6}, {"LED0_BLINK", 7},
    {"LED1_MODE", 8, 4}, {"LED1_IVRT", 14}, {"LED1_BLINK", 15}, {"LED2_MODE", 16, 4},
    {"LED2_IVRT", 22}, {"LED2_BLINK", 23}, {"LED3_MODE", 24, 4}, {"LED3_IVRT", 30},
    {"LED3_BLINK", 31}};
inline constexpr Field kEecFields[] = {
    {"EE_SK", 0}, {"EE_CS", 1}, {"EE_DI", 2}, {"EE_DO", 3}, {"FWE", 4, 2}, {"EE_REQ", 6},
    {"EE_GNT", 7}, {"EE_PRES", 8}, {"AUTO_RD", 9}, {"EE_SIZE", 11, 4}, {"PCI_ANALOG_DONE", 15},
    {"PCI_CORE_DONE", 16}, {"PCI_GENERAL_DONE", 17}, {"PCI_FUNC_DONE", 18}, {"CORE_DONE", 19},
    {"CORE_CSR_DONE", 20}, {"MAC_DONE", 21}};
inline constexpr Field kEerdFields[] = {
    {"START", 0}, {"DONE", 1}, {"ADDR", 2, 14}, {"DATA", 16, 16}};
inline constexpr Field kSwsmFields[] = {{"SMBI", 0}, {"SWESMBI", 1}, {"WMNG", 2}};
inline constexpr Field kFwsmFields[] = {
    {"EEP_FW_SEMAPHORE", 0}, {"FW_MODE", 1, 3}, {"EEP_RELOAD_IND", 6}, {"FW_VAL_BIT", 15},
    {"RESET_CNT", 16, 3}, {"EXT_ERR_IND", 19, 6}, {"PCIE_CONFIG_ERR_IND", 25},
    {"PHY_SERDES0_CONFIG_ERR_IND", 26}, {"PHY_SERDES1_CONFIG_ERR_IND", 27}};
inline constexpr Field kFactpsFields[] = {
    {"FUNC0_POWER_STATE", 0, 2}, {"LAN0_VALID", 2}, {"FUNC0_AUX_EN", 3},
    {"FUNC1_POWER_STATE", 6, 2}, {"LAN1_VALID", 8}, {"FUNC1_AUX_EN", 9}, {"MNGCG", 29}, {"LFS", 30},
    {"PM_STATE_CHANGED", 31}};
inline constexpr Field kSwFwSyncFields[] = {
    {"SW_EEP_SM", 0}, {"SW_PHY_SM0", 1}, {"SW_PHY_SM1", 2}, {"SW_MAC_CSR_SM", 3},
    {"SW_FLASH_SM", 4}, {"FW_EEP_SM", 5}, {"FW_PHY_SM0", 6}, {"FW_PHY_SM1", 7},
    {"FW_MAC_CSR_SM", 8}, {"FW_FLASH_SM", 9}, {"SW_MNG_SM", 10}};
inline constexpr Field kGcrFields[] = {
    {"CMPL_TMOUT", 12, 4}, {"CMPL_TMOUT_RESEND", 16}, {"CAP_VER2", 18}};
inline constexpr Field kGcrExtFields[] = {
    {"VT_MODE", 0, 2}, {"BUFFERS_CLEAR_FUNC", 30}, {"MSIX_EN", 31}};

inline constexpr Register<Port> kGeneralRegisters[] = {
    // 8.2.3.1 General control
    {{.name = "CTRL", .offset = 0x00000, .writable = 0x0400000C, .self_clearing = 0x04000008,
      .fields = kCtrlFields, .section = "8.2.3.1.1", .provenance = "Vigor; TinyNF"},
     {.on_read = &Port::ReadCtrl, .on_write = &Port::WroteCtrl}},
    {{.name = "CTRL", .offset = 0x00004, .fields = kCtrlFields, .section = "8.2.3.1.1",
      .provenance = "Vigor", .alias_of = 0x00000}},
    // GIO follows CTRL.GIO_DIS; LAN_ID is the function's number.
    {{.name = "STATUS", .offset = 0x00008, .kind = Kind::kReadOnly, .reset = 0x00080000,
      .fields = kStatusFields, .section = "8.2.3.1.2", .provenance = "Vigor; Linux ixgbe"},
     {.on_read = &Port::ReadStatus}},
    {{.name = "CTRL_EXT", .offset = 0x00018, .writable = 0x14034000, .fields = kCtrlExtFields,
      .section = "8.2.3.1.3", .provenance = "Vigor"}},
    {{.name = "ESDP", .offset = 0x00020, .fields = kEsdpFields, .section = "8.2.3.1",
      .provenance = "Vigor; Linux ixgbe"},
     {.on_read = &Port::ReadEsdp, .on_write = &Port::WroteEsdp}},
    // Open-drain lines: high at rest.
    {{.name = "I2CCTL", .offset = 0x00028, .reset = 0x0000000F, .writable = 0x0000000A,
      .fields = kI2cctlFields, .section = "8.2.3.1", .provenance = "Vigor; Linux ixgbe"},
     {.on_read = &Port::ReadI2cctl, .on_write = &Port::WroteI2cctl}},
    {{.name = "LEDCTL", .offset = 0x00200, .reset = 0x05040100, .fields = kLedctlFields,
      .section = "8.2.3.1", .provenance = "Vigor"}},

    // 8.2.3.2 EEPROM and flash
    {{.name = "EEC", .offset = 0x10010, .reset = 0x00001730, .writable = 0x00000077,
      .fields = kEecFields, .section = "8.2.3.2.1", .provenance = "Vigor; TinyNF"},
     {.on_read = &Port::ReadEec, .on_write = &Port::WroteEec}},
    {{.name = "EERD", .offset = 0x10014, .writable = 0x0000FFFD, .self_clearing = 0x00000001,
      .fields = kEerdFields, .section = "8.2.3.2", .provenance = "Vigor; Linux ixgbe"},
     {.on_write = &Port::WroteEerd}},
    // DPDK waits for DONE before it writes the first word.
    {{.name = "EEWR", .offset = 0x10018, .reset = 0x00000002, .writable = 0xFFFFFFFD,
      .self_clearing = 0x00000001, .fields = kEerdFields, .section = "8.2.3.2",
      .provenance = "DPDK ixgbe"},
     {.on_write = &Port::WroteEewr}},
    {{.name = "FLA", .offset = 0x1001C, .section = "8.2.3.2", .provenance = "DPDK ixgbe"}},
    {{.name = "EEMNGCTL", .offset = 0x10110, .section = "8.2.3.2", .provenance = "DPDK ixgbe"}},
    {{.name = "EEMNGDATA", .offset = 0x10114, .section = "8.2.3.2", .provenance = "DPDK ixgbe"}},
    {{.name = "FLMNGCTL", .offset = 0x10118, .section = "8.2.3.2", .provenance = "DPDK ixgbe"}},
    {{.name = "FLMNGDATA", .offset = 0x1011C, .section = "8.2.3.2", .provenance = "DPDK ixgbe"}},
    {{.name = "FLMNGCNT", .offset = 0x10120, .section = "8.2.3.2", .provenance = "DPDK ixgbe"}},
    {{.name = "FLOP", .offset = 0x1013C, .section = "8.2.3.2", .provenance = "DPDK ixgbe"}},
    {{.name = "GRC", .offset = 0x10200, .section = "8.2.3.2", .provenance = "DPDK ixgbe"}},
    {{.name = "SRAMREL", .offset = 0x10210, .section = "8.2.3.2", .provenance = "DPDK ixgbe"}},

    // 8.2.3.4 Semaphores: shared by both ports of the chip
    {{.name = "SWSM", .offset = 0x10140, .readable = 0x00000007, .writable = 0x00000007,
      .fields = kSwsmFields, .section = "8.2.3.4", .provenance = "Vigor; Linux ixgbe"},
     {.on_read = &Port::ReadSwsm, .on_write = &Port::WroteSwsm}},
    {{.name = "FWSM", .offset = 0x10148, .kind = Kind::kReadOnly, .reset = 0x00008040,
      .fields = kFwsmFields, .section = "8.2.3.4.10", .provenance = "Vigor"}},
    {{.name = "FACTPS", .offset = 0x10150, .kind = Kind::kReadOnly, .reset = 0x00000104,
      .fields = kFactpsFields, .section = "8.2.3.4", .provenance = "Vigor; LAN1_VALID guessed"}},
    {{.name = "SW_FW_SYNC", .offset = 0x10160, .writable = 0x0000041F, .fields = kSwFwSyncFields,
      .section = "8.2.3.4", .provenance = "Vigor; SW_MNG_SM Linux ixgbe"},
     {.on_read = &Port::ReadSwFwSync, .on_write = &Port::WroteSwFwSync}},

    // 8.2.3.4 PCIe
    {{.name = "GCR", .offset = 0x11000, .fields = kGcrFields, .section = "8.2.3.4",
      .provenance = "Linux ixgbe"}},
    {{.name = "GTV", .offset = 0x11004, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},
    {{.name = "FUNCTAG", .offset = 0x11008, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},
    {{.name = "GLT", .offset = 0x1100C, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},
    {{.name = "GSCL_1", .offset = 0x11010, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},
    {{.name = "GSCL_2", .offset = 0x11014, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},
    {{.name = "GSCL_3", .offset = 0x11018, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},
    {{.name = "GSCL_4", .offset = 0x1101C, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},
    {{.name = "GSCN_0", .offset = 0x11020, .kind = Kind::kReadOnly, .section = "8.2.3.4",
      .provenance = "DPDK ixgbe"}},
    {{.name = "GSCN_1", .offset = 0x11024, .kind = Kind::kReadOnly, .section = "8.2.3.4",
      .provenance = "DPDK ixgbe"}},
    {{.name = "GSCN_2", .offset = 0x11028, .kind = Kind::kReadOnly, .section = "8.2.3.4",
      .provenance = "DPDK ixgbe"}},
    {{.name = "GSCN_3", .offset = 0x1102C, .kind = Kind::kReadOnly, .section = "8.2.3.4",
      .provenance = "DPDK ixgbe"}},
    {{.name = "GSCL_5_8", .offset = 0x11030, .count = 4, .section = "8.2.3.4",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PHYADR", .offset = 0x11040, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},
    {{.name = "PHYDAT", .offset = 0x11044, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},
    {{.name = "PHYCTL", .offset = 0x11048, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},
    {{.name = "GCR_EXT", .offset = 0x11050, .fields = kGcrExtFields, .section = "8.2.3.4.12",
      .provenance = "TinyNF; Linux ixgbe"}},
    {{.name = "MREVID", .offset = 0x11064, .kind = Kind::kReadOnly, .section = "8.2.3.4",
      .provenance = "DPDK ixgbe"}},
    {{.name = "CIAA", .offset = 0x11088, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},
    {{.name = "CIAD", .offset = 0x1108C, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},
    {{.name = "PCIE_DIAG", .offset = 0x11090, .count = 8, .section = "8.2.3.4",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PICAUSE", .offset = 0x110B0, .kind = Kind::kWrite1Clear, .section = "8.2.3.4",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PIENA", .offset = 0x110B8, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},
    {{.name = "BARCTRL", .offset = 0x110F4, .section = "8.2.3.4", .provenance = "DPDK ixgbe"}},

    // Analog front end: SFI settings from the EEPROM's SFP init list
    {{.name = "CORECTL", .offset = 0x14F00, .provenance = "Linux ixgbe"}},
};

// clang-format on

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_REGISTERS_GENERAL_H_
