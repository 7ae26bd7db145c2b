#include "driver/ixgbe/ixgbe.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "driver/ixgbe/eeprom.h"
#include "driver/ixgbe/queue.h"
#include "driver/ixgbe/register_access.h"
#include "driver/ixgbe/registers.h"

namespace ixylab::ixgbe {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// 1,518 bytes with the CRC: MAXFRS after reset, and what HLREG0.JUMBOEN = 0 allows.
constexpr std::uint32_t kMaxFrameSize = 1514;
constexpr std::uint32_t kCrcSize = 4;
constexpr std::size_t kMaxQueues = 16;
// The datasheet names hardly any; these are far beyond what Linux and DPDK wait.
constexpr Nanoseconds kDeadline = milliseconds(1000);
constexpr Nanoseconds kQueueDeadline = milliseconds(100);

class IxgbeDevice final : public Device {
 public:
  IxgbeDevice(Bus& bus, const DeviceConfig& config) : bus_(bus), registers_(bus) {
    Reset();
    CheckEeprom(registers_);
    address_ = ReadMacAddress();
    StartLink();
    ResetStatistics();
    ConfigureReceive(config.pools.size());
    ConfigureTransmit();
    SetPromiscuous(config.promiscuous);
    try {
      for (MemoryPool* pool : config.pools) AddQueues(config, *pool);
      StartQueues();
    } catch (...) {
      Close();
      throw;
    }
  }
  ~IxgbeDevice() override { Close(); }

  std::string_view driver_name() const override { return "ixgbe"; }
  std::uint16_t queues() const override { return static_cast<std::uint16_t>(receive_.size()); }
  std::uint32_t max_frame_size() const override { return kMaxFrameSize; }

  std::size_t Receive(std::uint16_t queue, std::span<PacketBuffer*> packets) override {
    return receive_[queue].Receive(packets);
  }
  std::size_t Transmit(std::uint16_t queue, std::span<PacketBuffer* const> packets) override {
    return transmit_[queue].Transmit(packets);
  }

  Statistics ReadStatistics() override;
  void ResetStatistics() override;
  LinkState Link() override;
  bool WaitForLink(Nanoseconds timeout) override {
    return registers_.Poll(LINKS, LINKS_UP, LINKS_UP, timeout);
  }
  MacAddress mac_address() const override { return address_; }
  void SetMacAddress(const MacAddress& address) override;
  void SetPromiscuous(bool on) override;

 private:
  void Reset();
  void MaskInterrupts();
  void StartLink();
  MacAddress ReadMacAddress();
  void ConfigureReceive(std::size_t queues);
  void ConfigureRss(std::size_t queues);
  void ConfigureTransmit();
  void AddQueues(const DeviceConfig& config, MemoryPool& pool);
  void StartQueues();
  bool DisableMaster();
  void Close();

  Bus& bus_;
  RegisterAccess registers_;
  std::vector<ReceiveQueue<Doorbell>> receive_;
  std::vector<TransmitQueue<Doorbell>> transmit_;
  MacAddress address_{};
  Statistics totals_;
};

// Section 4.6.3.2 Global reset and general configuration; 4.2.1.6.1 software reset, which is to be
// preceded by the master disable of 5.2.5.3.2. LNK_RST resets the link as well.
void IxgbeDevice::Reset() {
  MaskInterrupts();
  // Requests that are still pending after the deadline call for a second reset.
  const int resets = DisableMaster() ? 1 : 2;
  for (int i = 0; i < resets; ++i) {
    registers_.Set(CTRL, CTRL_RST | CTRL_LNK_RST);
    registers_.Sleep(milliseconds(10));
    registers_.WaitFor(CTRL, CTRL_RST | CTRL_LNK_RST, 0, kDeadline);
  }
  MaskInterrupts();
  registers_.WaitFor(EEC, EEC_AUTO_RD, EEC_AUTO_RD, kDeadline);
  registers_.WaitFor(RDRXCTL, RDRXCTL_DMAIDONE, RDRXCTL_DMAIDONE, kDeadline);
}

// Section 4.6.3.1. EIMS is write-1-to-set: only EIMC masks. Reading EICR clears what is pending.
void IxgbeDevice::MaskInterrupts() {
  registers_.Write(EIMC, 0x7FFFFFFF);
  registers_.WriteAll(EIMC_EX, 0xFFFFFFFF);
  registers_.Read(EICR);
}

// Section 5.2.5.3.2: no new DMA requests; true once none is pending.
bool IxgbeDevice::DisableMaster() {
  registers_.Clear(RXCTRL, RXCTRL_RXEN);
  registers_.Set(CTRL, CTRL_GIO_DIS);
  return registers_.Poll(STATUS, STATUS_GIO, 0, kQueueDeadline);
}

// Section 4.6.4. The EEPROM configures AUTOC for the board. On SFP+ boards SDP3 turns the laser
// off, which the kernel's driver does when it leaves (Linux:
// ixgbe_enable_tx_laser_multispeed_fiber).
void IxgbeDevice::StartLink() {
  registers_.Write(ESDP, (registers_.Read(ESDP) & ~ESDP_SDP3) | ESDP_SDP3_IODIR);
  registers_.Set(AUTOC, AUTOC_RESTART_AN);
}

// Section 8.2.3.7.8: RAL[0] and RAH[0] come from the EEPROM.
MacAddress IxgbeDevice::ReadMacAddress() {
  const std::uint32_t low = registers_.Read(RAL[0]);
  const std::uint32_t high = registers_.Read(RAH[0]);
  MacAddress address;
  for (unsigned i = 0; i < 6; ++i) {
    address[i] = static_cast<std::uint8_t>(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
  }
  return address;
}

void IxgbeDevice::SetMacAddress(const MacAddress& address) {
  if ((address[0] & 1) != 0)
    throw DeviceError("MAC address: a multicast address cannot be a port's");
  if (address == MacAddress{}) throw DeviceError("MAC address: all zero");
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  for (unsigned i = 0; i < 4; ++i) low |= std::uint32_t{address[i]} << 8 * i;
  for (unsigned i = 4; i < 6; ++i) high |= std::uint32_t{address[i]} << 8 * (i - 4);
  registers_.Write(RAL[0], low);
  registers_.Write(RAH[0], high | RAH_AV);
  address_ = address;
}

// Section 8.2.3.7.1 asks for RXEN = 0 meanwhile; Linux and DPDK switch it live, and so do we: no
// frame is lost then.
void IxgbeDevice::SetPromiscuous(bool on) {
  const std::uint32_t bits = FCTRL_UPE | FCTRL_MPE;
  if (on) {
    registers_.Set(FCTRL, bits);
  } else {
    registers_.Clear(FCTRL, bits);
  }
}

// Section 4.6.7. After a reset RXEN is off, and only the memories below are not cleared.
void IxgbeDevice::ConfigureReceive(std::size_t queues) {
  registers_.WriteAll(MTA, 0);
  registers_.WriteAll(PFUTA, 0);
  registers_.WriteAll(FTQF, 0);
  registers_.Set(FCTRL, FCTRL_BAM);

  // DCB and virtualization off (4.6.11.3.4): one packet buffer.
  registers_.WriteAll(RXPBSIZE, 0);
  registers_.Write(RXPBSIZE[0], RXPBSIZE_512K);

  // The MAC takes the CRC off; both places must say so (8.2.3.8.8, with RSC's bits as it asks).
  registers_.Set(HLREG0, HLREG0_RXCRCSTRP);
  const std::uint32_t dma = registers_.Read(RDRXCTL) & ~RDRXCTL_RSCFRSTSIZE;
  registers_.Write(RDRXCTL, dma | RDRXCTL_CRCSTRIP | RDRXCTL_RSCACKC | RDRXCTL_FCOE_WRFIX);

  if (queues > 1) ConfigureRss(queues);
}

// Section 4.6.10.1.1, 7.1.2.8: flows are spread over the queues. The key is the one of the
// published verification suite, so that anybody can compute which queue a flow is on.
void IxgbeDevice::ConfigureRss(std::size_t queues) {
  constexpr std::array<std::uint8_t, 40> kKey = {
      0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
      0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
      0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
  for (std::uint32_t n = 0; n < RSSRK.count; ++n) {
    std::uint32_t word = 0;
    for (unsigned i = 0; i < 4; ++i) word |= std::uint32_t{kKey[4 * n + i]} << 8 * i;
    registers_.Write(RSSRK[n], word);
  }
  for (std::uint32_t n = 0; n < RETA.count; ++n) {
    std::uint32_t word = 0;
    for (unsigned i = 0; i < 4; ++i) {
      word |= static_cast<std::uint32_t>((4 * n + i) % queues) << 8 * i;
    }
    registers_.Write(RETA[n], word);
  }
  registers_.Set(RXCSUM, RXCSUM_PCSD);
  registers_.Write(MRQC, MRQC_RSS | MRQC_RSS_FIELDS);
}

// Section 4.6.8. The arbiter stands still while the packet buffers are laid out (DCB
// off, 4.6.11.3.4).
void IxgbeDevice::ConfigureTransmit() {
  registers_.Set(HLREG0, HLREG0_TXCRCEN | HLREG0_TXPADEN);
  registers_.Set(RTTDCS, RTTDCS_ARBDIS);
  registers_.WriteAll(TXPBSIZE, 0);
  registers_.Write(TXPBSIZE[0], TXPBSIZE_160K);
  registers_.WriteAll(TXPBTHRESH, 0);
  registers_.Write(TXPBTHRESH[0], TXPBTHRESH_160K_LESS_A_FRAME);
  registers_.Write(DTXMXSZRQ, DTXMXSZRQ_LARGEST);
  registers_.Clear(RTTDCS, RTTDCS_ARBDIS);
}

// Sections 4.6.7.1 and 4.6.8.1: rings are described to the device while the queues are off.
void IxgbeDevice::AddQueues(const DeviceConfig& config, MemoryPool& pool) {
  const auto n = static_cast<std::uint32_t>(receive_.size());
  const Ring& receive =
      receive_
          .emplace_back(bus_.dma(), config.receive_descriptors, pool, Doorbell(bus_, RDT[n].offset))
          .ring();
  registers_.Write(RDBAL[n], static_cast<std::uint32_t>(receive.iova()));
  registers_.Write(RDBAH[n], static_cast<std::uint32_t>(receive.iova() >> 32));
  registers_.Write(RDLEN[n], receive.bytes());
  registers_.Write(RDH[n], 0);
  registers_.Write(RDT[n], 0);
  // A full ring drops its own frames rather than hold up the other queues' in the packet buffer.
  registers_.Write(SRRCTL[n],
                   SRRCTL_BSIZEPACKET_2K | SRRCTL_DESCTYPE_ADVANCED_ONE_BUFFER | SRRCTL_DROP_EN);

  const Ring& transmit = transmit_
                             .emplace_back(bus_.dma(), config.transmit_descriptors, kMaxFrameSize,
                                           Doorbell(bus_, TDT[n].offset))
                             .ring();
  registers_.Write(TDBAL[n], static_cast<std::uint32_t>(transmit.iova()));
  registers_.Write(TDBAH[n], static_cast<std::uint32_t>(transmit.iova() >> 32));
  registers_.Write(TDLEN[n], transmit.bytes());
  registers_.Write(TDH[n], 0);
  registers_.Write(TDT[n], 0);
  registers_.Write(TXDCTL[n], TXDCTL_THRESHOLDS);
}

void IxgbeDevice::StartQueues() {
  registers_.Set(DMATXCTL, DMATXCTL_TE);
  for (std::uint32_t n = 0; n < transmit_.size(); ++n) {
    registers_.Set(TXDCTL[n], TXDCTL_ENABLE);
    registers_.WaitFor(TXDCTL[n], TXDCTL_ENABLE, TXDCTL_ENABLE, kQueueDeadline);
  }
  // Section 4.6.7.1: the tail is bumped only after the queue reads back as enabled.
  for (std::uint32_t n = 0; n < receive_.size(); ++n) {
    registers_.Set(RXDCTL[n], RXDCTL_ENABLE);
    registers_.WaitFor(RXDCTL[n], RXDCTL_ENABLE, RXDCTL_ENABLE, kQueueDeadline);
    receive_[n].Start();
  }
  // Both as section 4.6.7 ends: no snoop off, and a bit that its text calls reserved but wants 0.
  registers_.Set(CTRL_EXT, CTRL_EXT_NS_DIS);
  for (std::uint32_t n = 0; n < receive_.size(); ++n) {
    registers_.Clear(DCA_RXCTRL[n], DCA_RXCTRL_RESERVED_12);
  }
  registers_.Set(RXCTRL, RXCTRL_RXEN);
}

// A reset ends all DMA at once, whatever state the queues are in; only then may memory go.
void IxgbeDevice::Close() {
  try {
    DisableMaster();
    registers_.Set(CTRL, CTRL_RST);
    registers_.Sleep(milliseconds(10));
    registers_.WaitFor(CTRL, CTRL_RST, 0, kDeadline);
  } catch (const DeviceError&) {
    // The device is gone, and there is nobody to tell from a destructor. Its IOMMU mappings go
    // with the rings' memory.
  }
  for (auto& queue : receive_) queue.Clear();
  for (auto& queue : transmit_) queue.Clear();
}

LinkState IxgbeDevice::Link() {
  // Section 8.2.3.22.20; speeds as 3 = 10 Gbit/s, 2 = 1 Gbit/s, 1 = 100 Mbit/s.
  constexpr std::array<std::uint32_t, 4> kSpeeds = {0, 100, 1000, 10000};
  const std::uint32_t links = registers_.Read(LINKS);
  if ((links & LINKS_UP) == 0) return {};
  return {.up = true, .megabits_per_second = kSpeeds[links >> LINKS_SPEED_SHIFT & 3]};
}

// All queues count in counter 0 (RQSMR is 0 after reset). The queue counters tell what reached
// memory; GPRC would include missed frames (Linux: "work around hardware counting issue"). QBRC
// leaves out a CRC that was taken off, GOTC includes it (DPDK: ixgbe_read_stats_registers).
Statistics IxgbeDevice::ReadStatistics() {
  const auto pair = [this](Register low, Register high) {
    const std::uint64_t low_part = registers_.Read(low);
    return low_part | std::uint64_t{registers_.Read(high)} << 32;
  };
  const std::uint64_t transmitted = registers_.Read(GPTC);
  totals_.transmitted_packets += transmitted;
  totals_.transmitted_bytes += pair(GOTCL, GOTCH) - transmitted * kCrcSize;
  totals_.received_packets += registers_.Read(QPRC[0]);
  totals_.received_bytes += pair(QBRC_L[0], QBRC_H[0]);
  totals_.missed_packets += registers_.Read(QPRDC[0]);
  for (std::uint32_t n = 0; n < RXMPC.count; ++n)
    totals_.missed_packets += registers_.Read(RXMPC[n]);
  for (const Register bad : {CRCERRS, RUC, RFC, ROC, RJC}) {
    totals_.receive_errors += registers_.Read(bad);
  }
  return totals_;
}

void IxgbeDevice::ResetStatistics() {
  ReadStatistics();
  totals_ = {};
}

void CheckConfig(Bus& bus, const DeviceConfig& config) {
  const auto check_ring = [](const char* what, std::uint32_t entries) {
    if (entries < 64 || entries > 4096 || !std::has_single_bit(entries)) {
      throw DeviceError(std::string(what) + ": " + std::to_string(entries) +
                        " is not a power of two from 64 to 4096");
    }
  };
  check_ring("receive_descriptors", config.receive_descriptors);
  check_ring("transmit_descriptors", config.transmit_descriptors);
  if (config.pools.empty() || config.pools.size() > kMaxQueues) {
    throw DeviceError("pools: " + std::to_string(config.pools.size()) + " queues asked for, 1 to " +
                      std::to_string(kMaxQueues) + " are possible");
  }
  for (MemoryPool* pool : config.pools) {
    if (pool == nullptr) throw DeviceError("pools: a null pool");
    if (&pool->dma() != &bus.dma()) {
      throw DeviceError("pools: a pool of another DMA space, which this device cannot reach");
    }
    // Some of the queues may share this one.
    const std::size_t needed = static_cast<std::size_t>(std::ranges::count(config.pools, pool)) *
                               config.receive_descriptors;
    if (pool->available() < needed) {
      throw DeviceError("pools: " + std::to_string(pool->available()) +
                        " buffers are free, the receive rings take " + std::to_string(needed));
    }
  }
}

}  // namespace

std::span<const SupportedDevice> SupportedDevices() {
  static constexpr std::string_view kDriver = "ixgbe";
  static constexpr auto kDevices = std::to_array<SupportedDevice>({
      {{0x8086, 0x10FB}, "82599ES SFI/SFP+", kDriver, true},
      {{0x8086, 0x10F7}, "82599 KX4", kDriver, false},
      {{0x8086, 0x10F8}, "82599 combined backplane", kDriver, false},
      {{0x8086, 0x10F9}, "82599 CX4", kDriver, false},
      {{0x8086, 0x10FC}, "82599 XAUI/BX4", kDriver, false},
      {{0x8086, 0x1507}, "82599 SFP+ EM", kDriver, false},
      {{0x8086, 0x1514}, "82599 KX4 mezzanine", kDriver, false},
      {{0x8086, 0x1517}, "82599 KR", kDriver, false},
      {{0x8086, 0x151C}, "82599 10GBASE-T", kDriver, false},
      {{0x8086, 0x1529}, "82599 SFP+ FCoE", kDriver, false},
      {{0x8086, 0x152A}, "82599 backplane FCoE", kDriver, false},
      {{0x8086, 0x154A}, "82599 quad SFP+", kDriver, false},
      {{0x8086, 0x154D}, "82599 SFP+ SF2", kDriver, false},
      {{0x8086, 0x154F}, "82599 LS", kDriver, false},
      {{0x8086, 0x1557}, "82599EN SFP+", kDriver, false},
      {{0x8086, 0x1558}, "82599 QSFP+", kDriver, false},
  });
  return kDevices;
}

std::unique_ptr<Device> Open(Bus& bus, const DeviceConfig& config) {
  CheckConfig(bus, config);
  return std::make_unique<IxgbeDevice>(bus, config);
}

}  // namespace ixylab::ixgbe
