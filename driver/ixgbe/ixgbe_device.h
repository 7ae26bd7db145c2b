// The 82599 from reset to running queues, chapter by chapter of the datasheet. A template of the
// queues alone: ixgbe.cc opens it with the plain ones, options.cc also with those that offload.
#ifndef DRIVER_IXGBE_IXGBE_DEVICE_H_
#define DRIVER_IXGBE_IXGBE_DEVICE_H_

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>

#include "driver/ixgbe/ixgbe.h"
#include "driver/ixgbe/queue.h"
#include "driver/ixgbe/registers.h"

namespace ixylab::ixgbe {

inline constexpr std::uint32_t kCrcSize = 4;
// The datasheet names hardly any; these are far beyond what Linux and DPDK wait.
inline constexpr Nanoseconds kDeadline = std::chrono::milliseconds(1000);
inline constexpr Nanoseconds kQueueDeadline = std::chrono::milliseconds(100);

static_assert(std::endian::native == std::endian::little, "registers and descriptors are");

template <typename Receiving, typename Transmitting>
class IxgbeDevice final : public Device {
 public:
  explicit IxgbeDevice(Bus& bus) : bus_(bus) {}

  /// `configure_options` runs before there are queues. Throws DeviceError.
  void BringUp(const DeviceConfig& config, auto configure_options) {
    const PciId id = bus_.id();
    if (id.vendor != kVendorId || std::ranges::find(kDeviceIds, id.device) == std::end(kDeviceIds))
      throw DeviceError("this device is not an 82599");
    max_frame_size_ = config.max_frame_size;
    Reset();
    ReadMacAddress();
    StartLink();
    ResetStatistics();
    ConfigureReceive();
    configure_options();
    ConfigureTransmit();
    SetPromiscuous(config.promiscuous);
    for (MemoryPool* pool : config.pools) AddQueues(config, *pool);
    StartQueues();
  }

  // A reset ends all DMA at once, whatever state the queues are in; only then may memory go.
  ~IxgbeDevice() override {
    if (receive_.empty()) return;  // BringUp did not get as far as any DMA
    try {
      DisableMaster();
      ResetOnce(CTRL_RST);
    } catch (const DeviceError&) {
      // The device is gone, and there is nobody to tell from a destructor. Its IOMMU mappings go
      // with the rings' memory.
    }
    for (auto& queue : receive_) queue.Clear();
    for (auto& queue : transmit_) queue.Clear();
  }

  std::string_view driver_name() const override { return "ixgbe"; }
  std::uint16_t queues() const override { return static_cast<std::uint16_t>(receive_.size()); }
  std::uint32_t max_frame_size() const override { return max_frame_size_; }

  std::size_t Receive(std::uint16_t queue, std::span<PacketBuffer*> packets) override {
    return receive_[queue].Receive(packets);
  }
  std::size_t Transmit(std::uint16_t queue, std::span<PacketBuffer* const> packets) override {
    return transmit_[queue].Transmit(packets);
  }

  // All queues count in counter 0 (RQSMR is 0 after reset). The queue counters tell what reached
  // memory; GPRC would include missed frames (Linux: "work around hardware counting issue"). QBRC
  // leaves out a CRC that was taken off, GOTC includes it (DPDK: ixgbe_read_stats_registers).
  Statistics ReadStatistics() override {
    const std::uint64_t transmitted = Read(GPTC);
    totals_.transmitted_packets += transmitted;
    totals_.transmitted_bytes += ReadPair(GOTCL, GOTCH) - transmitted * kCrcSize;
    totals_.received_packets += Read(QPRC[0]);
    totals_.received_bytes += ReadPair(QBRC_L[0], QBRC_H[0]);
    totals_.missed_packets += Read(QPRDC[0]);
    for (std::uint32_t n = 0; n < RXMPC.count; ++n) totals_.missed_packets += Read(RXMPC[n]);
    for (const Register bad : {CRCERRS, RUC, RFC, ROC, RJC}) totals_.receive_errors += Read(bad);
    return totals_;
  }
  void ResetStatistics() override {
    ReadStatistics();
    totals_ = {};
  }

  // Section 8.2.3.22.20; speeds as 3 = 10 Gbit/s, 2 = 1 Gbit/s, 1 = 100 Mbit/s.
  LinkState Link() override {
    constexpr std::array<std::uint32_t, 4> kSpeeds = {0, 100, 1000, 10000};
    const std::uint32_t links = Read(LINKS);
    if ((links & LINKS_UP) == 0) return {};
    return {.up = true, .megabits_per_second = kSpeeds[links >> LINKS_SPEED_SHIFT & 3]};
  }
  bool WaitForLink(Nanoseconds timeout) override {
    return Poll(LINKS, LINKS_UP, LINKS_UP, timeout);
  }

  MacAddress mac_address() const override { return address_; }
  void SetMacAddress(const MacAddress& address) override {
    CheckPortAddress(address);
    std::array<std::uint32_t, 2> words = {0, RAH_AV};
    std::memcpy(words.data(), address.data(), address.size());
    Write(RAL[0], words[0]);
    Write(RAH[0], words[1]);
    address_ = address;
  }

  // Section 8.2.3.7.1 asks for RXEN = 0 meanwhile; Linux and DPDK switch it live, and so do we: no
  // frame is lost then.
  void SetPromiscuous(bool on) override {
    const Bits bits = FCTRL_UPE | FCTRL_MPE;
    on ? Set(FCTRL, bits) : Clear(FCTRL, bits);
  }

 private:
  // Section 4.6.3.2 Global reset and general configuration; 4.2.1.6.1 software reset, which is to
  // be preceded by the master disable of 5.2.5.3.2. LNK_RST resets the link as well.
  void Reset() {
    MaskInterrupts();
    // Requests that are still pending after the deadline call for a second reset.
    for (int resets = DisableMaster() ? 1 : 2; resets > 0; --resets)
      ResetOnce(CTRL_RST | CTRL_LNK_RST);
    MaskInterrupts();
    WaitFor(EEC, EEC_AUTO_RD, EEC_AUTO_RD, kDeadline);
    WaitFor(RDRXCTL, RDRXCTL_DMAIDONE, RDRXCTL_DMAIDONE, kDeadline);
  }

  // Section 4.6.3.1. EIMS is write-1-to-set: only EIMC masks. Reading EICR clears what is pending.
  void MaskInterrupts() {
    Write(EIMC, 0x7FFFFFFF);
    WriteAll(EIMC_EX, 0xFFFFFFFF);
    Read(EICR);
  }

  // Section 5.2.5.3.2: no new DMA requests; true once none is pending.
  bool DisableMaster() {
    Clear(RXCTRL, RXCTRL_RXEN);
    Set(CTRL, CTRL_GIO_DIS);
    return Poll(STATUS, STATUS_GIO, 0, kQueueDeadline);
  }

  void ResetOnce(Bits bits) {
    Set(CTRL, bits);
    bus_.Sleep(std::chrono::milliseconds(10));
    WaitFor(CTRL, bits, 0, kDeadline);
  }

  // Section 8.2.3.7.8: RAL[0] and RAH[0] come from the EEPROM.
  void ReadMacAddress() {
    const std::uint64_t bytes = ReadPair(RAL[0], RAH[0]);
    std::memcpy(address_.data(), &bytes, address_.size());
  }

  // Section 4.6.4. The EEPROM configures AUTOC for the board. On SFP+ boards SDP3 turns the laser
  // off, which the kernel's driver does when it leaves (Linux:
  // ixgbe_enable_tx_laser_multispeed_fiber).
  void StartLink() {
    Write(ESDP, (Read(ESDP) & ~ESDP_SDP3) | ESDP_SDP3_IODIR);
    Set(AUTOC, AUTOC_RESTART_AN);
  }

  // Section 4.6.7. After a reset RXEN is off, and only the memories below are not cleared.
  void ConfigureReceive() {
    for (const Register table : {MTA, PFUTA, FTQF}) WriteAll(table, 0);
    Set(FCTRL, FCTRL_BAM);

    // DCB and virtualization off (4.6.11.3.4): one packet buffer.
    WriteAll(RXPBSIZE, 0);
    Write(RXPBSIZE[0], 512 << 10);  // KiB

    // The MAC takes the CRC off; both places must say so (8.2.3.8.8, with RSC's bits as it asks).
    Set(HLREG0, HLREG0_RXCRCSTRP);
    const Bits dma = Read(RDRXCTL) & ~RDRXCTL_RSCFRSTSIZE;
    Write(RDRXCTL, dma | RDRXCTL_CRCSTRIP | RDRXCTL_RSCACKC | RDRXCTL_FCOE_WRFIX);
  }

  // Section 4.6.8. The arbiter stands still while the packet buffers are laid out (DCB
  // off, 4.6.11.3.4).
  void ConfigureTransmit() {
    Set(HLREG0, HLREG0_TXCRCEN | HLREG0_TXPADEN);
    Set(RTTDCS, RTTDCS_ARBDIS);
    WriteAll(TXPBSIZE, 0);
    Write(TXPBSIZE[0], 160 << 10);  // KiB
    WriteAll(TXPBTHRESH, 0);
    Write(TXPBTHRESH[0], 160 - 16);  // KiB: room for the longest frame
    Write(DTXMXSZRQ, 0xFFF);         // as much as there can be
    Clear(RTTDCS, RTTDCS_ARBDIS);
  }

  // Sections 4.6.7.1 and 4.6.8.1: rings are described to the device while the queues are off.
  void AddQueues(const DeviceConfig& config, MemoryPool& pool) {
    const auto n = static_cast<std::uint32_t>(receive_.size());
    receive_.emplace_back(bus_.dma(), config, pool, Doorbell(bus_, RDT[n].offset));
    DescribeRing(receive_[n].ring(), RDBAL[n], RDBAH[n], RDLEN[n], RDH[n], RDT[n]);
    // Which section 4.6.7 calls reserved, but wants to be 0.
    Clear(DCA_RXCTRL[n], DCA_RXCTRL_RESERVED_12);
    // A full ring drops its own frames rather than hold up the other queues' in the packet buffer.
    Write(SRRCTL[n], SRRCTL_BSIZEPACKET_2K | SRRCTL_DESCTYPE_ADVANCED_ONE_BUFFER | SRRCTL_DROP_EN);

    transmit_.emplace_back(bus_.dma(), config, Doorbell(bus_, TDT[n].offset));
    DescribeRing(transmit_[n].ring(), TDBAL[n], TDBAH[n], TDLEN[n], TDH[n], TDT[n]);
    Write(TXDCTL[n], TXDCTL_THRESHOLDS);
  }

  void DescribeRing(const Ring& ring, Register low, Register high, Register length, Register head,
                    Register tail) {
    Write(low, static_cast<std::uint32_t>(ring.iova()));
    Write(high, static_cast<std::uint32_t>(ring.iova() >> 32));
    Write(length, ring.bytes());
    Write(head, 0);
    Write(tail, 0);
  }

  void StartQueues() {
    Set(DMATXCTL, DMATXCTL_TE);
    for (std::uint32_t n = 0; n < transmit_.size(); ++n) Enable(TXDCTL[n], TXDCTL_ENABLE);
    // Section 4.6.7.1: the tail is bumped only after the queue reads back as enabled.
    for (std::uint32_t n = 0; n < receive_.size(); ++n) {
      Enable(RXDCTL[n], RXDCTL_ENABLE);
      receive_[n].Start();
    }
    Set(CTRL_EXT, CTRL_EXT_NS_DIS);  // no snoop off, as section 4.6.7 ends
    Set(RXCTRL, RXCTRL_RXEN);
  }

  void Enable(Register queue, Bits bit) {
    Set(queue, bit);
    WaitFor(queue, bit, bit, kQueueDeadline);
  }

  std::uint64_t ReadPair(Register low, Register high) {
    const std::uint64_t low_part = Read(low);
    return low_part | std::uint64_t{Read(high)} << 32;
  }

  std::uint32_t Read(Register r) { return bus_.Read32(r.offset); }
  void Write(Register r, std::uint32_t value) { bus_.Write32(r.offset, value); }
  void Set(Register r, Bits bits) { Write(r, Read(r) | bits); }
  void Clear(Register r, Bits bits) { Write(r, Read(r) & ~bits); }
  void WriteAll(Register array, std::uint32_t value) {
    for (std::uint32_t n = 0; n < array.count; ++n) Write(array[n], value);
  }

  bool Poll(Register r, Bits mask, Bits expected, Nanoseconds timeout) {
    return WaitUntil(bus_, timeout, [=, this] { return (Read(r) & mask) == expected; });
  }

  // Throws DeviceError if the bits of `mask` do not read as `expected` within `timeout`.
  void WaitFor(Register r, Bits mask, Bits expected, Nanoseconds timeout) {
    if (Poll(r, mask, expected, timeout)) return;
    char text[160];
    std::snprintf(text, sizeof text,
                  "%s (0x%05x): bits 0x%08x did not become 0x%08x within %ld ms, last read 0x%08x",
                  r.name, r.offset, mask, expected, timeout.count() / 1'000'000, Read(r));
    throw DeviceError(text);
  }

  Bus& bus_;
  std::vector<Receiving> receive_;
  std::vector<Transmitting> transmit_;
  std::uint32_t max_frame_size_ = 0;
  MacAddress address_{};
  Statistics totals_;
};

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_IXGBE_DEVICE_H_
