// One port of an 82599: a PCI function on one side, a MAC on a wire on the other. The registers are
// rows of the table (registers.h); what they do beyond storage is here, a file for each chapter.
#ifndef EMULATOR_82599_PORT_H_
#define EMULATOR_82599_PORT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "emulator/82599/chip.h"
#include "emulator/82599/eeprom.h"
#include "emulator/82599/flow_director.h"
#include "emulator/82599/offload.h"
#include "emulator/82599/packet_buffer.h"
#include "emulator/82599/perfect_filters.h"
#include "emulator/82599/queue_filters.h"
#include "emulator/82599/rss.h"
#include "emulator/82599/sfp.h"
#include "emulator/82599/statistics.h"
#include "emulator/82599/windows.h"
#include "emulator/dma.h"
#include "emulator/host.h"
#include "emulator/pci/config_space.h"
#include "emulator/pci/msix.h"
#include "emulator/register_table.h"
#include "emulator/wire/wire.h"

namespace ixylab::emulator::intel82599 {

inline constexpr std::uint32_t kQueues = 128;  // each of receive and transmit
inline constexpr std::uint32_t kDescriptorSize = 16;
inline constexpr std::uint32_t kCrcSize = 4;
inline constexpr std::uint32_t kMacHeader = 14;
inline constexpr std::uint32_t kSmallestFrame = 64;  // with CRC

/// One of a descriptor's two 64-bit words.
inline std::uint64_t& Word(std::byte* descriptor, unsigned word) {
  return *reinterpret_cast<std::uint64_t*>(descriptor + 8 * word);
}

/// What both ports of a chip share.
struct SharedState {
  explicit SharedState(const ChipConfig& config) : eeprom(config) {}
  Eeprom eeprom;
  // Bits that each port's driver has taken, of SWSM and SW_FW_SYNC
  std::array<std::uint32_t, 2> swsm = {};
  std::array<std::uint32_t, 2> sw_fw_sync = {};
};

/// A ring as the hardware works on it, kept up to date by the hooks of its registers.
struct Queue {
  static constexpr std::uint64_t kUnknown = ~std::uint64_t{0};
  std::uint64_t base = 0;               // device address of descriptor 0
  std::uint32_t size = 0;               // descriptors; 0: none
  std::uint32_t head = 0;               // RDH, TDH: the next descriptor to use
  std::uint32_t* tail = nullptr;        // the RDT or TDT register: the first one not to use
  std::uint64_t cause = 0;              // the interrupt vector's bit; 0: none
  std::byte* ring = nullptr;            // the memory of all descriptors, where it is in one window
  std::uint64_t ring_epoch = kUnknown;  // when `ring` was looked up
  std::uint8_t counters = 0;            // which of the 16 sets of statistics
  bool enabled = false;                 // RXDCTL.ENABLE or TXDCTL.ENABLE, as it reads back
};

struct RxQueue : Queue {
  std::uint32_t buffer_size = 0;  // bytes, SRRCTL.BSIZEPACKET; 0: descriptor type not modelled
  std::uint32_t limit = 0;  // what RDT has to be below: size, or 0 while nothing can be posted
  bool drop = false;        // SRRCTL.DROP_EN
  bool legacy = false;      // SRRCTL.DESCTYPE 0
  bool strip_vlan = false;  // RXDCTL.VME
};

struct TxQueue : Queue {
  static constexpr std::uint32_t kNotStalled = 0xFFFFFFFF;
  std::uint64_t head_write_back = 0;       // device address, TDWBAL/H; 0: off
  std::uint32_t stalled_at = kNotStalled;  // the tail at which the ring was found broken
  TxPacket packet = {};                    // whose descriptors have not all been taken
  std::array<TxContext, 2> contexts = {};  // 7.2.2: they last until the queue is disabled
};

// Endpoint comes first: a frame is what it is called for most, and a second base costs a jump.
class Port final : public Endpoint, public NicFunction {
 public:
  Port(const ChipConfig& config, SharedState& chip, unsigned number, Host& host);
  ~Port() override;
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  void Connect(Wire& wire, unsigned end);
  std::uint64_t unknown_accesses() const { return unknown_accesses_; }
  std::vector<NamedCounter> counters() const;
  const pci::ConfigSpace& config_space() const { return pci_; }

  // NicFunction
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override;
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override;
  void* MapRegister(unsigned region, std::uint32_t offset) override;
  std::vector<MappableArea> MappableAreas() const override;
  std::uint32_t Peek(unsigned region, std::uint32_t offset) override;
  bool Run() override;
  std::uint32_t RegionBytes(unsigned region) const override;
  void ResetFunction() override;

  // Endpoint
  void OnFrame(const Frame& frame) override;
  void OnCarrier(bool present) override;
  /// A frame that this port sends and that does not leave it.
  void OnFrameInside(const Frame& frame);

  // Hooks of register rows, by chapter; `index` is the queue's, vector's or entry's number.
  // reset.cc: 8.2.3.1, 8.2.3.4
  std::uint32_t ReadCtrl(std::uint32_t index);
  void WroteCtrl(std::uint32_t index, std::uint32_t value);
  std::uint32_t ReadStatus(std::uint32_t index);
  std::uint32_t ReadRdrxctl(std::uint32_t index);
  std::uint32_t ReadSwsm(std::uint32_t index);
  void WroteSwsm(std::uint32_t index, std::uint32_t value);
  std::uint32_t ReadSwFwSync(std::uint32_t index);
  void WroteSwFwSync(std::uint32_t index, std::uint32_t value);
  // eeprom.cc: 8.2.3.2
  std::uint32_t ReadEec(std::uint32_t index);
  void WroteEec(std::uint32_t index, std::uint32_t value);
  void WroteEerd(std::uint32_t index, std::uint32_t value);
  void WroteEewr(std::uint32_t index, std::uint32_t value);
  // link.cc: 8.2.3.1, 8.2.3.22
  std::uint32_t ReadI2cctl(std::uint32_t index);
  void WroteI2cctl(std::uint32_t index, std::uint32_t value);
  void WroteMsca(std::uint32_t index, std::uint32_t value);
  std::uint32_t ReadEsdp(std::uint32_t index);
  void WroteEsdp(std::uint32_t index, std::uint32_t value);
  void WroteAutoc(std::uint32_t index, std::uint32_t value);
  std::uint32_t ReadAnlp1(std::uint32_t index);
  std::uint32_t ReadLinks(std::uint32_t index);
  // flow_control.cc: 8.2.3.3, 8.2.3.22
  void WroteHlreg0(std::uint32_t index, std::uint32_t value);
  void WroteMflcn(std::uint32_t index, std::uint32_t value);
  void WroteFlowControl(std::uint32_t index, std::uint32_t value);
  std::uint32_t ReadTfcs(std::uint32_t index);
  // filters.cc: 8.2.3.7
  void WroteReceiveControl(std::uint32_t index, std::uint32_t value);
  void WroteReceiveAddress(std::uint32_t index, std::uint32_t value);
  // queue_filters.cc: 8.2.3.7.16 to 8.2.3.7.22
  void WroteQueueFilter(std::uint32_t index, std::uint32_t value);
  // rss.cc: 8.2.3.7.14
  void WroteRssrk(std::uint32_t index, std::uint32_t value);
  // flow_director.cc: 8.2.3.17
  void WroteFdirctrl(std::uint32_t index, std::uint32_t value);
  void WroteFdircmd(std::uint32_t index, std::uint32_t value);
  // windows.cc: 8.2.3.10.13, 8.2.3.14
  void WroteIpstxidx(std::uint32_t index, std::uint32_t value);
  void WroteIpsrxidx(std::uint32_t index, std::uint32_t value);
  void WroteRttdqsel(std::uint32_t index, std::uint32_t value);
  void WroteQueueArbiter(std::uint32_t index, std::uint32_t value);
  // receive.cc: 8.2.3.8
  void WroteRxRing(std::uint32_t queue, std::uint32_t value);
  std::uint32_t ReadRdh(std::uint32_t queue);
  void WroteRdh(std::uint32_t queue, std::uint32_t value);
  std::uint32_t ReadRxdctl(std::uint32_t queue);
  void WroteRxdctl(std::uint32_t queue, std::uint32_t value);
  void WroteRscctl(std::uint32_t queue, std::uint32_t value);
  // transmit.cc: 8.2.3.9
  void WroteTxRing(std::uint32_t queue, std::uint32_t value);
  std::uint32_t ReadTdh(std::uint32_t queue);
  void WroteTdh(std::uint32_t queue, std::uint32_t value);
  void WroteTdt(std::uint32_t queue, std::uint32_t value);
  std::uint32_t ReadTxdctl(std::uint32_t queue);
  void WroteTxdctl(std::uint32_t queue, std::uint32_t value);
  void WroteTransmitControl(std::uint32_t index, std::uint32_t value);
  // statistics.cc: 8.2.3.23
  void WroteQueueCounters(std::uint32_t index, std::uint32_t value);
  // interrupts.cc: 8.2.3.5
  std::uint32_t ReadEicr(std::uint32_t index);
  void WroteEicr(std::uint32_t index, std::uint32_t value);
  std::uint32_t ReadEics(std::uint32_t index);
  void WroteEics(std::uint32_t index, std::uint32_t value);
  std::uint32_t ReadEims(std::uint32_t index);
  void WroteEims(std::uint32_t index, std::uint32_t value);
  void WroteEimc(std::uint32_t index, std::uint32_t value);
  std::uint32_t ReadEicrEx(std::uint32_t index);
  void WroteEicrEx(std::uint32_t index, std::uint32_t value);
  std::uint32_t ReadEicsEx(std::uint32_t index);
  void WroteEicsEx(std::uint32_t index, std::uint32_t value);
  std::uint32_t ReadEimsEx(std::uint32_t index);
  void WroteEimsEx(std::uint32_t index, std::uint32_t value);
  void WroteEimcEx(std::uint32_t index, std::uint32_t value);
  void WroteGpie(std::uint32_t index, std::uint32_t value);
  void WroteEitr(std::uint32_t vector, std::uint32_t value);
  void WrotePbacl(std::uint32_t index, std::uint32_t value);
  void WroteIvar(std::uint32_t index, std::uint32_t value);

 private:
  /// What goes with a frame into its last descriptor.
  struct RxNote {
    std::uint8_t queue = 0;
    std::uint64_t hash_and_type = 0;  // the descriptor's first 8 bytes
    std::uint64_t status = 0;         // the others without length, DD and EOP: errors, VLAN tag
  };

  // reset.cc
  void Reset();
  /// Gives back what this port's driver holds, as a reset of the function does.
  void ReleaseSemaphores();
  /// Runs `work` after `delay`, unless the port is reset or gone by then.
  void Later(Nanoseconds delay, std::function<void()> work);

  // link.cc
  void ResetLink();
  bool TransmitterOn() const;
  void UpdateLink();
  void StartTraining();
  void SetLink(bool up);

  // flow_control.cc
  void UpdateMac();
  void ResetFlowControl();
  bool TakeControlFrame(std::span<const std::byte> frame);
  void Pause(std::uint32_t quanta);
  void AwaitPauseEnd();
  void EndPause();
  void Hold(const Frame& frame);
  void Leave(const Frame& frame);
  bool RunHeld();
  void LetGo(bool although_paused);
  void DropHeld();
  void UpdateXoff();
  void RefreshXoff();
  void SendPause(std::uint32_t quanta);

  // filters.cc
  bool LegalFrame(const Frame& frame);
  bool PassesFilters(std::uint64_t destination, std::span<const std::byte> frame) const;
  bool PassesMulticast(std::uint64_t destination) const;
  bool PassesVlan(std::span<const std::byte> frame) const;

  // rss.cc
  void LoadRssKey();

  // flow_director.cc
  void DirectFlow(std::span<const std::byte> frame, const Headers& headers, RxNote& note);
  void UpdateFdirfree();
  PerfectFilter NewPerfectFilter(std::uint16_t id, std::uint32_t command) const;
  PerfectFields PerfectMask(std::uint8_t l4) const;
  const PerfectFilter* FindPerfectFilter(std::span<const std::byte> frame, const Headers& headers,
                                         std::uint32_t flexible_at) const;

  // queue_filters.cc
  void UpdateDirecting();
  void Direct(std::span<const std::byte> frame, const Headers& headers, RxNote& note);

  // windows.cc
  void ResetWindows();
  template <std::size_t kWords>
  void MoveWindow(const std::array<std::uint32_t, kWords>& registers,
                  std::array<std::uint32_t, kWords>& entry, std::uint32_t command);

  // receive.cc
  enum class Posted : std::uint8_t { kYes, kNoDescriptor, kLost };
  void Accept(const Frame& frame);
  void OnLoopedFrame(const Frame& frame);
  RxNote Classify(std::span<const std::byte> frame, std::uint32_t status);
  void Spread(std::span<const std::byte> frame, const Headers& headers, RxNote& note);
  void NoteFragment(std::span<const std::byte> frame, const Headers& headers, RxNote& note) const;
  void ReceiveBad(const Frame& frame);
  std::span<const std::byte> Contents(const Frame& frame, const RxNote& note);
  std::span<const std::byte> Rewritten(const Frame& frame, bool strip_vlan);
  void Receive(std::span<const std::byte> frame, RxNote note);
  Posted Post(RxQueue& queue, std::span<const std::byte> frame, const RxNote& note);
  bool PostAtOnce(RxQueue& queue, std::span<const std::byte> frame, const RxNote& note);
  void WriteBackRx(std::byte* descriptor, std::uint64_t first, std::uint64_t size,
                   std::uint64_t status);
  void WriteBackLegacy(std::byte* descriptor, std::uint64_t size, std::uint64_t status,
                       std::uint64_t hash_and_type);
  void CountPosted(RxQueue& queue, std::uint64_t size);
  void UpdateLimit(RxQueue& queue);
  bool DrainPacketBuffer();
  void UpdateRxQueue(std::uint32_t queue);

  // transmit.cc
  bool RunTransmit();
  bool TransmitBatch(TxQueue& queue);
  bool TransmitSlowly(TxQueue& queue, std::byte* descriptor);
  void Gather(TxQueue& queue, std::uint64_t address, std::uint64_t length);
  void Refuse(TxQueue& queue, Refusal why);
  void FaultTxRing(TxQueue& queue, std::uint32_t descriptor, std::uint32_t tail);
  void FinishPacket(TxQueue& queue);
  void LogOddities(TxQueue& queue);
  void SendFrame(TxQueue& queue, std::span<const std::byte> frame, bool crc);
  void Send(QueueCounters& counters, const Frame& frame);
  void WriteBackTx(TxQueue& queue, std::byte* descriptor, std::uint32_t index);
  void WriteBackHead(TxQueue& queue);
  void UpdateTxQueue(std::uint32_t queue);
  void EnableTx(std::uint32_t queue, bool enabled);

  // statistics.cc
  void FoldStatistics(std::uint32_t offset);

  // interrupts.cc
  std::uint64_t CauseOf(std::uint32_t queue, bool transmit) const;
  void UpdateCauses();
  void RaiseOther(std::uint32_t cause);
  void EvaluateInterrupts();
  bool SeparateVectors() const;
  unsigned VectorOf(std::uint32_t other_cause) const;
  bool Throttled(unsigned vector);
  void StartInterval(unsigned vector);
  void UpdateIntx(bool pending);
  void Signal(unsigned vector);
  void Sent(unsigned vector);
  void Mask(std::uint64_t vectors, std::uint32_t others);
  void AutoMaskOnAccess(std::uint32_t causes);
  void ClearCauses(std::uint32_t causes);
  void Immediate(std::uint64_t vectors, std::uint32_t others);

  // pci.cc
  enum class Delivery : std::uint8_t { kIntx, kMsi, kMsix };
  std::uint32_t ReadOther(unsigned region, std::uint32_t offset, unsigned bytes);
  void WriteOther(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value);
  void WriteConfigSpace(std::uint32_t offset, unsigned bytes, std::uint32_t value);
  void UpdatePci();
  void SignalMsi();

  // port.cc
  /// The queue's descriptor `index`, or null where the ring is not mapped.
  std::byte* Descriptor(Queue& queue, std::uint32_t index) {
    if (queue.ring_epoch != dma_.Epoch()) [[unlikely]]
      LocateRing(queue);
    if (queue.ring != nullptr) [[likely]]
      return queue.ring + index * kDescriptorSize;
    return dma_.Find(queue.base + std::uint64_t{index} * kDescriptorSize, kDescriptorSize);
  }
  void LocateRing(Queue& queue);
  std::uint32_t ReadRegister(std::uint32_t offset, unsigned bytes);
  void WriteRegister(std::uint32_t offset, unsigned bytes, std::uint32_t value);
  void CountUnknown(unsigned region, std::uint32_t offset, unsigned bytes);
  void NobodyAnswers(unsigned region, std::uint32_t offset, unsigned bytes);
  unsigned IndexOf(const RxQueue& queue) const { return &queue - rx_.data(); }
  unsigned IndexOf(const TxQueue& queue) const { return &queue - tx_.data(); }
  /// Logs a kind of event once for each `subject` (a queue, an offset) until the next reset.
  template <typename MakeLine>
  void LogOnce(std::uint32_t kind, std::uint32_t subject, MakeLine make_line) {
    constexpr std::size_t kMost = 4096;  // a hostile driver has four billion subjects
    if (logged_.size() < kMost && logged_.insert(std::uint64_t{kind} << 32 | subject).second) {
      host_.Log(number_, make_line());
    }
  }
  enum LogKind : std::uint32_t {
    kUnknownRegister,
    kBarOff,
    kRxTail,
    kRxType,
    kRxCoalescing,
    kTxTail,
    kTxOrder,
    kTxType,
    kTxRefused,
    kTxPayload,
    kTxTimestamp,
    kLinkMode,
    kRssMode,
    kPauseOverrun,
  };

  const ChipConfig config_;
  SharedState& chip_;
  const unsigned number_;
  Host& host_;
  Dma dma_;

  // PCI, as the command register, the power state and the interrupt capabilities have it
  pci::ConfigSpace pci_;
  pci::Msix msix_;
  std::uint32_t io_address_ = 0;  // IOADDR
  bool memory_enabled_ = false, io_enabled_ = false, bus_master_ = false;
  Delivery delivery_ = Delivery::kIntx;

  RegisterFile<Port> registers_;
  Wire* wire_ = nullptr;
  unsigned end_ = 0;

  // Reset
  std::shared_ptr<std::uint64_t> life_;  // counts resets; gone with the port
  bool resetting_ = false;
  bool auto_read_done_ = false;
  bool dma_init_done_ = false;
  bool gio_enabled_ = true;      // STATUS.GIO
  bool master_enabled_ = false;  // that and bus mastering: may access memory

  // Link
  SfpBus sfp_;
  EepromPins eeprom_pins_;
  bool carrier_ = false;
  bool link_reset_ = false;
  bool link_up_ = false;
  bool training_ = false;
  bool link_was_down_ = true;  // since LINKS was last read
  std::uint64_t training_number_ = 0;
  Nanoseconds negotiated_at_{0};

  // Between MAC and wire. What does not leave the MAC takes a wire of its own, so that a frame that
  // does costs nothing.
  struct Inside final : Endpoint {
    explicit Inside(Port& owner) : port(owner) {}
    void OnFrame(const Frame& frame) override { port.OnFrameInside(frame); }
    Port& port;
  };
  Inside inside_{*this};
  Wire inner_wire_;
  Wire* out_ = nullptr;      // where the transmitter sends: the wire, or the inner one
  bool loopback_ = false;    // HLREG0.LPBK
  bool hears_wire_ = false;  // frames from the wire are received

  // Flow control
  struct HeldFrame {
    std::vector<std::byte> bytes;
    std::optional<std::uint32_t> fcs;
  };
  std::deque<HeldFrame> held_;  // taken from memory when the pause began
  std::size_t held_bytes_ = 0;
  bool paused_ = false;  // by the partner
  Nanoseconds paused_until_{0};
  bool pause_timer_running_ = false;
  Nanoseconds pause_timer_at_{0};
  std::uint64_t pause_timer_number_ = 0;
  bool xoff_sent_ = false;      // the partner is to be paused
  bool updating_xoff_ = false;  // a pause frame is being sent
  bool refresh_timer_running_ = false;

  // Filters, as FCTRL, RXCTRL, HLREG0, RDRXCTL, MAXFRS, VLNCTRL, RXCSUM and MRQC have them
  bool receive_enabled_ = false;
  bool unicast_promiscuous_ = false;
  bool all_unicast_passes_ = false;  // promiscuous, and no VLAN filter
  bool store_bad_packets_ = false;
  bool vlan_filter_ = false;
  bool strip_crc_ = false;
  bool report_hash_ = false;              // RXCSUM.PCSD: the hash goes into descriptors, or
  bool report_fragments_ = false;         // RXCSUM.IPPCSE: the payload checksum of fragments
  std::uint32_t vlan_type_ = 0;           // EtherType of a tag
  std::uint32_t longest_frame_ = 0;       // with CRC, without VLAN tag
  std::uint32_t rss_fields_ = 0;          // MRQC's field enables; 0: RSS is off
  std::vector<std::uint64_t> addresses_;  // valid RAL/RAH pairs, first byte lowest
  Toeplitz toeplitz_;
  bool rss_key_changed_ = true;
  SignatureFilters signatures_;
  PerfectFilters perfect_filters_;
  bool direct_flows_ = false;     // FDIRCTRL.PBALLOC: the flow director is on
  bool match_perfectly_ = false;  // FDIRCTRL.PERFECT_MATCH: with perfect filters
  QueueFilters queue_filters_;
  bool directing_ = false;  // something before RSS may choose the queue

  // Transmit, as DMATXCTL and HLREG0 have it
  bool transmit_enabled_ = false;
  std::vector<std::uint8_t> active_tx_;  // enabled queues, served in turn

  // Interrupts
  std::uint64_t pending_causes_ = 0;  // written back since the last look
  std::uint64_t vector_causes_ = 0, vector_mask_ = 0, vector_seen_ = 0;
  std::uint32_t other_causes_ = 0, other_mask_ = 0, other_seen_ = 0;
  std::array<Nanoseconds, 64> not_before_{};
  std::uint64_t timer_running_ = 0;
  bool intx_pending_ = false, intx_asserted_ = false;

  Statistics statistics_;        // since the registers took them over
  Statistics lifetime_;          // before that
  std::uint32_t last_read_ = 0;  // offset, for counters of two registers
  std::uint64_t unknown_accesses_ = 0;
  std::unordered_set<std::uint64_t> logged_;

  std::unique_ptr<Windows> windows_ = std::make_unique<Windows>();
  PacketBuffer<RxNote> packet_buffer_;
  std::vector<std::byte> rewritten_;  // a frame with its CRC, or without its VLAN tag
  std::array<RxQueue, kQueues> rx_;
  std::array<TxQueue, kQueues> tx_;
};

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_PORT_H_
