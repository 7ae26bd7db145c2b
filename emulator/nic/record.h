// What the drivers did that somebody may want to know: unknown registers, DMA faults, registers
// touched, clients.
#ifndef EMULATOR_NIC_RECORD_H_
#define EMULATOR_NIC_RECORD_H_

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/card.h"
#include "emulator/host.h"

namespace ixylab::emulator::nic {

class Record {
 public:
  /// How many different ones are kept; all are counted.
  static constexpr std::size_t kMostKept = 1000;

  struct Place {
    unsigned port = 0;
    unsigned region = 0;
    std::uint32_t offset = 0;
    auto operator<=>(const Place&) const = default;
  };
  struct Client {
    bool there = false;
    std::uint64_t came = 0;
  };
  /// Registers, which are 32-bit words of the BARs, of one provenance.
  struct Touched {
    std::uint32_t touched = 0;
    std::uint32_t in_table = 0;
  };

  /// `card` must outlive it.
  explicit Record(Card& card);

  /// An access that has happened.
  void Access(const Place& place);
  void Fault(const DmaFault& fault);
  void Connected(unsigned port);
  void Gone(unsigned port);

  /// Accesses to registers that the model does not have, whatever became of the places.
  std::uint64_t unknown_accesses() const { return card_.unknown_accesses(); }
  const std::map<Place, std::uint64_t>& unknown() const { return unknown_; }
  std::uint64_t fault_count() const { return fault_count_; }
  const std::vector<std::string>& faults() const { return faults_; }
  const std::array<Client, 2>& clients() const { return clients_; }
  unsigned clients_now() const { return clients_[0].there + clients_[1].there; }

  std::map<std::string, Touched, std::less<>> TouchedByProvenance() const;

 private:
  static constexpr unsigned kBars = 6;

  Card& card_;
  std::array<std::vector<bool>, kBars> touched_;  // by any port: for each word of a BAR
  std::uint64_t unknown_seen_ = 0;
  std::map<Place, std::uint64_t> unknown_;
  std::uint64_t fault_count_ = 0;
  std::vector<std::string> faults_;
  std::array<Client, 2> clients_;
};

/// A function whose accesses are recorded.
class RecordedFunction final : public NicFunction {
 public:
  RecordedFunction(NicFunction& function, unsigned port, Record& record)
      : function_(function), port_(port), record_(record) {}

  std::uint32_t RegionBytes(unsigned region) const override {
    return function_.RegionBytes(region);
  }
  void ResetFunction() override { function_.ResetFunction(); }
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override {
    const std::uint32_t value = function_.Read(region, offset, bytes);
    record_.Access({port_, region, offset});
    return value;
  }
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override {
    function_.Write(region, offset, bytes, value);
    record_.Access({port_, region, offset});
  }
  void* MapRegister(unsigned region, std::uint32_t offset) override {
    return function_.MapRegister(region, offset);
  }
  std::vector<MappableArea> MappableAreas() const override { return function_.MappableAreas(); }
  std::uint32_t Peek(unsigned region, std::uint32_t offset) override {
    return function_.Peek(region, offset);
  }
  bool Run() override { return function_.Run(); }

 private:
  NicFunction& function_;
  const unsigned port_;
  Record& record_;
};

/// "port 0 write of 64 bytes at 0x1000: RX queue 0 descriptor 17: buffer".
std::string Describe(const DmaFault& fault);
/// "region 0 offset 0x01234".
std::string Describe(const Record::Place& place);
Record::Touched Sum(const std::map<std::string, Record::Touched, std::less<>>& by_provenance);

}  // namespace ixylab::emulator::nic

#endif  // EMULATOR_NIC_RECORD_H_
