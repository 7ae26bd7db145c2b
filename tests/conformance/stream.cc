#include "tests/conformance/stream.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>

namespace ixylab::conformance {

namespace {

constexpr std::size_t kHeader = Stream::kNumberAt + sizeof(std::uint64_t);
constexpr std::byte kBehindFrame{0xA5};
constexpr std::size_t kNoiseStarts = 4096;
constexpr std::size_t kLongest = 16384;

}  // namespace

std::string ToString(const MacAddress& a) {
  char text[18];
  std::snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4],
                a[5]);
  return text;
}

Stream::Stream(std::uint64_t seed, const MacAddress& destination, const MacAddress& source,
               bool padded)
    : padded_(padded), noise_(kNoiseStarts + kLongest) {
  std::memcpy(header_.data(), destination.data(), 6);
  std::memcpy(header_.data() + 6, source.data(), 6);
  header_[12] = std::byte{0x88};
  header_[13] = std::byte{0xB5};
  std::mt19937_64 random(seed);
  std::generate(noise_.begin(), noise_.end(), [&] { return static_cast<std::byte>(random()); });
}

void Stream::Write(std::byte* out, std::uint64_t number, std::uint32_t length) const {
  std::array<std::byte, kHeader> header;
  std::copy(header_.begin(), header_.end(), header.begin());
  std::memcpy(header.data() + kNumberAt, &number, sizeof(number));
  std::memcpy(out, header.data(), std::min<std::size_t>(length, kHeader));
  if (length <= kHeader) return;
  // A multiplicative hash, so that neighbours do not share their bytes.
  const std::size_t start = (number * 0x9E3779B97F4A7C15u) >> 52;
  static_assert(kNoiseStarts == std::size_t{1} << (64 - 52));
  std::memcpy(out + kHeader, noise_.data() + start, length - kHeader);
}

void Stream::Fill(PacketBuffer& buffer, std::uint64_t number, std::uint32_t length) const {
  Write(buffer.data(), number, length);
  if (length < kShortestFrame) {
    std::fill(buffer.data() + length, buffer.data() + kShortestFrame, kBehindFrame);
  }
  buffer.size = length;
}

std::vector<std::byte> Stream::Frame(std::uint64_t number, std::uint32_t length) const {
  std::vector<std::byte> frame(length);
  Write(frame.data(), number, length);
  return frame;
}

testing::AssertionResult Stream::Matches(const PacketBuffer& buffer, std::uint64_t number,
                                         std::uint32_t length) const {
  const std::uint32_t size = SizeOnArrival(length);
  if (buffer.size != size) {
    return testing::AssertionFailure() << "frame " << number << ", sent with " << length
                                       << " bytes, has " << buffer.size << " and not " << size;
  }
  std::array<std::byte, PacketBuffer::kCapacity> expected;
  Write(expected.data(), number, length);
  std::fill(expected.begin() + length, expected.begin() + size, std::byte{0});
  if (std::memcmp(buffer.data(), expected.data(), size) == 0) return testing::AssertionSuccess();

  const std::byte* wrong =
      std::mismatch(buffer.data(), buffer.data() + size, expected.data()).first;
  const std::size_t at = static_cast<std::size_t>(wrong - buffer.data());
  return testing::AssertionFailure()
         << "frame " << number << " of " << length << " bytes differs at byte " << at << ": "
         << std::to_integer<int>(*wrong) << " and not " << std::to_integer<int>(expected[at])
         << "; the number in it is " << NumberOf(buffer);
}

std::uint64_t Stream::NumberOf(const PacketBuffer& buffer) {
  std::uint64_t number = ~std::uint64_t{0};
  if (buffer.size >= kHeader) std::memcpy(&number, buffer.data() + kNumberAt, sizeof(number));
  return number;
}

}  // namespace ixylab::conformance
