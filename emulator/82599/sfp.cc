#include "emulator/82599/sfp.h"

#include <cstdio>
#include <string_view>

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint8_t kIdentityAddress = 0xA0, kDiagnosticsAddress = 0xA2;

void PutText(SfpPage& page, std::size_t offset, std::size_t size, std::string_view text) {
  for (std::size_t i = 0; i < size; ++i) {
    page[offset + i] = static_cast<std::uint8_t>(i < text.size() ? text[i] : ' ');
  }
}

void PutWord(SfpPage& page, std::size_t offset, std::uint16_t value) {
  page[offset] = static_cast<std::uint8_t>(value >> 8);
  page[offset + 1] = static_cast<std::uint8_t>(value);
}

void PutChecksum(SfpPage& page, std::size_t first, std::size_t last) {
  std::uint8_t sum = 0;
  for (std::size_t i = first; i < last; ++i) sum = static_cast<std::uint8_t>(sum + page[i]);
  page[last] = sum;
}

/// Page A2h (SFF-8472, 9): thresholds, calibration (none needed: internally calibrated), values.
SfpPage MakeDiagnostics() {
  SfpPage page{};
  struct Quantity {
    std::uint16_t high_alarm, low_alarm, high_warning, low_warning, value;
  };
  constexpr std::array<Quantity, 5> kQuantities = {{
      {0x4E00, 0xF300, 0x4900, 0xF800, 0x2300},  // 1/256 C: 78, -13, 73, -8; 35
      {0x9088, 0x71A4, 0x8CA0, 0x7590, 0x80E8},  // 100 uV: 3.7, 2.9, 3.6, 3.0; 3.3
      {0x1770, 0x03E8, 0x1518, 0x07D0, 0x0BB8},  // 2 uA: 12, 2, 10.8, 4; 6 mA
      {0x1EE4, 0x0628, 0x18A6, 0x07CB, 0x15F7},  // 0.1 uW: 0.7908, 0.1576, ...; 0.5623 mW
      {0x1EE4, 0x0064, 0x18A6, 0x009E, 0x15F7},
  }};
  for (std::size_t i = 0; i < kQuantities.size(); ++i) {
    const Quantity& quantity = kQuantities[i];
    PutWord(page, 8 * i, quantity.high_alarm);
    PutWord(page, 8 * i + 2, quantity.low_alarm);
    PutWord(page, 8 * i + 4, quantity.high_warning);
    PutWord(page, 8 * i + 6, quantity.low_warning);
    PutWord(page, 96 + 2 * i, quantity.value);
  }
  // 9.7: slopes 1 (8.8 fixed point), and Rx_PWR(1) 1.0 as an IEEE 754 number
  for (const std::size_t slope : {76, 80, 84, 88}) PutWord(page, slope, 0x0100);
  PutWord(page, 68, 0x3F80);
  PutChecksum(page, 0, 95);
  return page;
}

}  // namespace

std::optional<SfpMemory> MakeSfpMemory(SfpModule module, unsigned serial) {
  if (module == SfpModule::kNone) return std::nullopt;
  const bool copper = module == SfpModule::kPassiveCopper;
  const bool long_range = module == SfpModule::kLongRange;
  SfpPage page{};
  page[0] = 0x03;                                              // SFP or SFP+
  page[1] = 0x04;                                              // with serial ID
  page[2] = copper ? 0x21 : 0x07;                              // copper pigtail; LC
  page[3] = copper ? 0x00 : long_range ? 0x20 : 0x10;          // 10GBASE-LR, 10GBASE-SR
  page[6] = module == SfpModule::kDualRateShortRange ? 1 : 0;  // 1000BASE-SX
  page[8] = copper ? 0x04 : 0x00;                              // passive cable
  page[11] = copper ? 0x00 : 0x06;                             // 64B/66B
  page[12] = 103;                                              // 10.3 Gbit/s
  if (copper) {
    page[18] = 3;  // m
  } else if (long_range) {
    page[14] = 10;   // km, single mode
    page[15] = 100;  // 100 m
  } else {
    page[16] = 8;   // 10 m, OM2
    page[17] = 3;   // 10 m, OM1
    page[19] = 30;  // 10 m, OM3
  }
  const bool intel = module != SfpModule::kOtherVendor;
  PutText(page, 20, 16, intel ? "Intel Corp" : "ixylab");
  // Vendor's OUI; that of nobody begins with the locally administered bit.
  page[37] = intel ? 0x00 : 0x02;
  page[38] = intel ? 0x1B : 0x00;
  page[39] = intel ? 0x21 : 0x01;
  PutText(page, 40, 16,
          copper       ? "XDACBL3M"
          : long_range ? "FTLX1471D3BCV-I3"
          : intel      ? "FTLX8571D3BCV-I3"
                       : "SR MODULE");
  PutText(page, 56, 4, "A");
  if (!copper) PutWord(page, 60, long_range ? 1310 : 850);  // nm
  PutChecksum(page, 0, 63);

  if (!copper) page[65] = 0x1A;  // TX_DISABLE, TX_FAULT and RX_LOS are there
  char number[17];
  std::snprintf(number, sizeof number, "IXY%05u", serial);
  PutText(page, 68, 16, number);
  PutText(page, 84, 8, "150101");
  if (!copper) {
    page[92] = 0x68;  // diagnostics: internally calibrated, received power is an average
    page[93] = 0xB0;  // alarms; TX_FAULT and RX_LOS by software
    page[94] = 0x05;  // SFF-8472 revision 11.0
  }
  PutChecksum(page, 64, 95);
  return SfpMemory{.identity = page,
                   .diagnostics = copper ? std::nullopt : std::optional(MakeDiagnostics())};
}

void SfpBus::Drive(bool clock, bool data) {
  if (clock && !master_clock_) {  // data first: it may only change while the clock is low
    master_data_ = data;
    master_clock_ = true;
    return Rise();
  }
  if (!clock && master_clock_) {
    master_clock_ = false;
    Fall();
    master_data_ = data;
    return;
  }
  const bool before = this->data();
  master_data_ = data;
  if (!clock || before == this->data() || !memory_) return;
  // An edge of the data line while the clock is high: start or stop, whatever was going on.
  pulls_low_ = false;
  state_ = before ? State::kAddress : State::kIdle;
  bit_ = -1;  // the clock has yet to fall before the first one
}

/// The receiver of a bit takes it.
void SfpBus::Rise() {
  if (state_ == State::kSend) {
    if (bit_ == 8) acknowledged_ = !data();
  } else if (bit_ < 8) {
    shift_ = static_cast<std::uint8_t>(shift_ << 1 | (data() ? 1 : 0));
  }
}

/// Whoever sends the next bit puts it on the line.
void SfpBus::Fall() {
  if (state_ == State::kIdle) return;
  pulls_low_ = false;
  ++bit_;
  if (bit_ == 8 && state_ != State::kSend) {
    acknowledged_ = TakeByte();
    pulls_low_ = acknowledged_;
  } else if (bit_ == 9) {
    bit_ = 0;
    NextByte();
  }
  if (state_ == State::kSend && bit_ < 8) pulls_low_ = (shift_ >> (7 - bit_) & 1) == 0;
}

/// A byte has come in. True to acknowledge it.
bool SfpBus::TakeByte() {
  if (state_ == State::kAddress) {
    const unsigned address = shift_ & 0xFE;
    second_page_ = address == kDiagnosticsAddress;
    return address == kIdentityAddress || (second_page_ && memory_->diagnostics);
  }
  std::uint8_t& offset = offsets_[second_page_];
  if (state_ == State::kOffset) {
    offset = shift_;
  } else {
    // SFF-8472, 9.1: 120 bytes for the user. All else is protected.
    if (second_page_ && offset >= 128 && offset < 248) (*memory_->diagnostics)[offset] = shift_;
    ++offset;
  }
  return true;
}

/// The clock of the acknowledgement is over.
void SfpBus::NextByte() {
  if (!acknowledged_) {
    state_ = State::kIdle;
    return;
  }
  if (state_ == State::kAddress) {
    state_ = (shift_ & 1) != 0 ? State::kSend : State::kOffset;
  } else if (state_ == State::kOffset) {
    state_ = State::kStore;
  }
  if (state_ == State::kSend) {
    const SfpPage& page = second_page_ ? *memory_->diagnostics : memory_->identity;
    shift_ = page[offsets_[second_page_]++];
  }
}

}  // namespace ixylab::emulator::intel82599
