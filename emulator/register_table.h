// A device's registers as a table: one row each. Decode, reset, access rules, tracing and the
// register document come from it; behaviour beyond storage is a hook in the row.
//
// RegisterInfo   what a row says, whatever the device class is
// Register<D>    a row: that and the device's hooks
// RegisterTable  all rows of a device class, checked, with offset -> row in one load
// RegisterFile   one device's values, read and written as the rows say
#ifndef EMULATOR_REGISTER_TABLE_H_
#define EMULATOR_REGISTER_TABLE_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ixylab::emulator {

/// What an access does beside moving the value. Each is subject to the row's masks.
enum class Kind : std::uint8_t {
  kReadWrite,
  kReadOnly,       // writes are ignored
  kWriteOnly,      // reads 0
  kReadClear,      // a read returns the value and clears it; writes are ignored
  kReadClearPair,  // as kReadClear, and clears the register 4 bytes below too: the upper half of a
                   // 64-bit counter whose lower half, a kReadOnly, is read first
  kWrite1Clear,    // writing 1 clears the bit
  kWrite1Set,      // writing 1 sets the bit
};

/// "RW", "RO", "WO", "RC", "RC pair", "W1C", "W1S".
std::string_view KindName(Kind kind);

struct Field {
  std::string_view name;   // datasheet name: "DROP_EN"
  std::uint8_t low = 0;    // lowest bit
  std::uint8_t width = 1;  // bits
};

/// What of a register does not depend on the device class: enough to decode, document and trace.
struct RegisterInfo {
  static constexpr std::uint32_t kNoAlias = 0xFFFFFFFF;

  std::string_view name;     // datasheet name: "RDT"
  std::uint32_t offset = 0;  // of the first one
  std::uint32_t count = 1;
  std::uint32_t stride = 4;       // bytes from one to the next
  std::uint32_t first_index = 0;  // 64 in the upper bank of the receive queues
  Kind kind = Kind::kReadWrite;
  std::uint32_t reset = 0;
  std::uint32_t readable = 0xFFFFFFFF;  // other bits read 0
  std::uint32_t writable = 0xFFFFFFFF;  // other bits keep their value
  std::uint32_t self_clearing = 0;      // bits that read 0 although writing 1 acts
  std::span<const Field> fields = {};   // lowest bit first; may be empty
  std::string_view section = {};        // of the 82599 datasheet, "8.2.3.8.5"; empty: not known
  std::string_view provenance = {};     // who says so: "TinyNF", "Linux ixgbe", "Vigor", "guessed"
  /// Offset of the register that this row is a second address of. An alias stores nothing: an
  /// access goes to that row, by that row's kind, masks and hooks.
  std::uint32_t alias_of = kNoAlias;

  /// Offset of the one with `index` (first_index .. first_index + count - 1).
  constexpr std::uint32_t At(std::uint32_t index) const {
    return offset + (index - first_index) * stride;
  }
};

/// The device's part in an access, for `index` = first_index + the place in the row.
template <typename Device>
struct Hooks {
  /// Replaces the read of the stored value, and what the row's kind does with it; the row's
  /// readable mask applies to the result.
  std::uint32_t (Device::*on_read)(std::uint32_t index) = nullptr;
  /// Runs after the value was stored under the row's kind and masks; `value` is what was written,
  /// self-clearing bits included.
  void (Device::*on_write)(std::uint32_t index, std::uint32_t value) = nullptr;
};

/// A row: {{.name = "RDT", .offset = 0x01018, ...}, {.on_write = &Port::WroteRdt}}.
template <typename Device>
struct Register : RegisterInfo {
  Hooks<Device> hooks = {};
};

/// "BSIZEPACKET=2 DROP_EN=1": those that are not 0, as decimal numbers up to 9 and hexadecimal ones
/// above.
std::string DescribeFields(std::span<const Field> fields, std::uint32_t value);
/// "RDT[0]", "CTRL"; for an unknown one (null) "0x01234?".
std::string RegisterName(const RegisterInfo* info, std::uint32_t offset);
/// "SRRCTL[0] 0x01014 = 0x12000402 {BSIZEPACKET=2 BSIZEHEADER=4 DESCTYPE=1 DROP_EN=1}".
std::string DescribeAccess(const RegisterInfo* info, std::uint32_t offset, std::uint32_t value);

/// Where each register word of a BAR leads: the part of a RegisterTable that knows no device class.
class RegisterMap {
 public:
  static constexpr std::uint16_t kNoRow = 0xFFFF;
  /// For one 32-bit word of the BAR.
  struct Entry {
    std::uint16_t row = kNoRow;  // in order of offsets; the original's where this is an alias
    std::uint16_t place = 0;     // in that row, from 0
    std::uint16_t word = 0;      // that holds the value: offset / 4, of the original for an alias
    std::uint16_t own_row = kNoRow;  // the alias's own row, for its name
  };

  /// `rows` in order of their offsets, `bytes` of BAR. Throws std::invalid_argument, with the
  /// register's name, where rows overlap, are not aligned to 4 bytes or leave the BAR, where fields
  /// overlap or are out of order, where a reset value has bits that cannot be read, or where an
  /// alias leads to no register.
  RegisterMap(std::span<const RegisterInfo* const> rows, std::uint32_t bytes);

  const Entry& operator[](std::size_t word) const { return entries_[word]; }
  std::size_t words() const { return entries_.size(); }
  /// The reset value of each word.
  std::span<const std::uint32_t> reset_values() const { return reset_values_; }

 private:
  void Claim(std::span<const RegisterInfo* const> rows, std::uint16_t row);
  void Resolve(std::span<const RegisterInfo* const> rows, std::uint16_t row);

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> reset_values_;
};

/// All registers of a device class. Immutable: make one and let all devices of the class use it.
template <typename Device>
class RegisterTable {
 public:
  static constexpr std::uint32_t kBarBytes = 128 * 1024;

  /// Takes the rows of all `chapters`, in any order. Throws as RegisterMap does.
  explicit RegisterTable(std::span<const std::span<const Register<Device>>> chapters,
                         std::uint32_t bytes = kBarBytes)
      : rows_(Sorted(chapters)), map_(Pointers(rows_), bytes) {}
  // Rows are handed out by address.
  RegisterTable(const RegisterTable&) = delete;
  RegisterTable& operator=(const RegisterTable&) = delete;

  /// In order of their offsets.
  std::span<const Register<Device>> rows() const { return rows_; }
  const RegisterMap& map() const { return map_; }

  /// The row (for a second address, the alias's own) that has the byte at `offset`, or null.
  const Register<Device>* Find(std::uint32_t offset) const {
    if (offset / 4 >= map_.words()) return nullptr;
    const std::uint16_t row = map_[offset / 4].own_row;
    return row == RegisterMap::kNoRow ? nullptr : &rows_[row];
  }

 private:
  static std::vector<Register<Device>> Sorted(
      std::span<const std::span<const Register<Device>>> chapters);
  static std::vector<const RegisterInfo*> Pointers(std::span<const Register<Device>> rows) {
    std::vector<const RegisterInfo*> pointers;
    for (const auto& row : rows) pointers.push_back(&row);
    return pointers;
  }

  std::vector<Register<Device>> rows_;
  RegisterMap map_;
};

/// The values of one device's registers. The table must outlive it.
///
/// Read and Write are what the bus does; Peek, Poke and Word are for the device's own behaviour.
/// Values are accessed with relaxed atomic loads and stores (which cost the same), so that a driver
/// thread may store to a word that was handed out by Word; everything else is single-threaded.
template <typename Device>
class RegisterFile {
 public:
  explicit RegisterFile(const RegisterTable<Device>& table)
      : table_(&table),
        values_(table.map().reset_values().begin(), table.map().reset_values().end()) {}

  /// All registers to their reset values. Calls no hooks. Costs what was written to since the last
  /// time: fuzzers reset a chip for each of their inputs.
  void Reset() {
    const auto reset = table_->map().reset_values();
    for (std::size_t block = 0; block < written_.size(); ++block) {
      if (!written_[block]) continue;
      const std::size_t end = std::min(values_.size(), (block + 1) * kBlock);
      for (std::size_t word = block * kBlock; word < end; ++word) Store(word, reset[word]);
      written_[block] = false;
    }
    for (const std::size_t word : handed_out_) AtomicStore(word, reset[word]);
  }

  /// A read by the bus: calls `device`'s on_read, else returns the stored value, under the row's
  /// kind and masks. Nothing for an offset that is unaligned or not in the table.
  std::optional<std::uint32_t> Read(Device& device, std::uint32_t offset) {
    const RegisterMap::Entry* entry = Decode(offset);
    if (entry == nullptr) return std::nullopt;
    const Register<Device>& row = table_->rows()[entry->row];
    if (row.hooks.on_read != nullptr) {
      return (device.*row.hooks.on_read)(row.first_index + entry->place) & row.readable;
    }
    const std::uint32_t value = Load(entry->word);
    switch (row.kind) {
      case Kind::kWriteOnly:
        return 0;
      case Kind::kReadClearPair:
        Store(entry->word - 1, 0);
        [[fallthrough]];
      case Kind::kReadClear:
        Store(entry->word, 0);
        break;
      default:
        break;
    }
    return value & row.readable;
  }

  /// A write by the bus: stores under the row's kind and masks, then calls `device`'s on_write.
  /// False (and nothing done) for an offset that is unaligned or not in the table.
  bool Write(Device& device, std::uint32_t offset, std::uint32_t value) {
    const RegisterMap::Entry* entry = Decode(offset);
    if (entry == nullptr) return false;
    const Register<Device>& row = table_->rows()[entry->row];
    const std::uint32_t old = Load(entry->word);
    const std::uint32_t bits = value & row.writable;
    switch (row.kind) {
      case Kind::kReadWrite:
      case Kind::kWriteOnly:
        Store(entry->word, ((old & ~row.writable) | bits) & ~row.self_clearing);
        break;
      case Kind::kWrite1Clear:
        Store(entry->word, old & ~bits);
        break;
      case Kind::kWrite1Set:
        Store(entry->word, old | bits);
        break;
      case Kind::kReadOnly:
      case Kind::kReadClear:
      case Kind::kReadClearPair:
        break;
    }
    if (row.hooks.on_write != nullptr) {
      (device.*row.hooks.on_write)(row.first_index + entry->place, value);
    }
    return true;
  }

  /// The stored value at an original (not alias) `offset` inside the BAR; no masks, no hooks.
  std::uint32_t Peek(std::uint32_t offset) const { return Load(offset / 4); }
  void Poke(std::uint32_t offset, std::uint32_t value) { Store(offset / 4, value); }
  /// Sets the bits of `mask` to those of `value`.
  void Poke(std::uint32_t offset, std::uint32_t mask, std::uint32_t value) {
    Poke(offset, (Peek(offset) & ~mask) | (value & mask));
  }
  /// Adds to a 32-bit counter, which wraps.
  void Add(std::uint32_t offset, std::uint32_t amount) { Poke(offset, Peek(offset) + amount); }

  /// The stored word itself, for as long as the file lives (NicFunction::MapRegister).
  std::uint32_t* Word(std::uint32_t offset) {
    handed_out_.insert(offset / 4);
    return &values_[offset / 4];
  }

 private:
  const RegisterMap::Entry* Decode(std::uint32_t offset) const {
    if (offset % 4 != 0 || offset / 4 >= values_.size()) return nullptr;
    const RegisterMap::Entry& entry = table_->map()[offset / 4];
    return entry.row == RegisterMap::kNoRow ? nullptr : &entry;
  }
  std::uint32_t Load(std::size_t word) const {
    return std::atomic_ref(const_cast<std::uint32_t&>(values_[word]))
        .load(std::memory_order_relaxed);
  }
  void AtomicStore(std::size_t word, std::uint32_t value) {
    std::atomic_ref(values_[word]).store(value, std::memory_order_relaxed);
  }
  void Store(std::size_t word, std::uint32_t value) {
    written_[word / kBlock] = true;
    AtomicStore(word, value);
  }

  static constexpr std::size_t kBlock = 64;  // words

  const RegisterTable<Device>* table_;
  std::vector<std::uint32_t> values_;
  std::vector<std::uint8_t> written_ = std::vector<std::uint8_t>(values_.size() / kBlock + 1);
  std::set<std::size_t> handed_out_;  // words that others write to
};

template <typename Device>
std::vector<Register<Device>> RegisterTable<Device>::Sorted(
    std::span<const std::span<const Register<Device>>> chapters) {
  std::vector<Register<Device>> rows;
  for (const auto& chapter : chapters) rows.insert(rows.end(), chapter.begin(), chapter.end());
  std::ranges::stable_sort(rows, {}, [](const auto& row) { return row.offset; });
  return rows;
}

}  // namespace ixylab::emulator

#endif  // EMULATOR_REGISTER_TABLE_H_
