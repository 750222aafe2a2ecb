// Elements narrower than a byte, one after the other from the low bits up (ONNX: two of 4 bits or four of 2 in a byte,
// four of 6 bits in three bytes).
#pragma once

#include <cstddef>
#include <cstdint>

namespace pare {

// Element `i` of `width` bits, zero-extended. Width 1 to 8.
inline unsigned packed_element(const std::byte* bytes, int width, int64_t i) {
  const int64_t first = i * width;
  const int shift = static_cast<int>(first % 8);
  unsigned value = std::to_integer<unsigned>(bytes[first / 8]) >> shift;
  if (shift + width > 8) value |= std::to_integer<unsigned>(bytes[first / 8 + 1]) << (8 - shift);
  return value & ((1u << width) - 1);
}

// Its low `width` bits become those of `value`.
inline void set_packed_element(std::byte* bytes, int width, int64_t i, unsigned value) {
  const int64_t first = i * width;
  const int shift = static_cast<int>(first % 8);
  const unsigned mask = (1u << width) - 1;
  const auto mix = [](std::byte& byte, unsigned where, unsigned with) {
    byte = static_cast<std::byte>((std::to_integer<unsigned>(byte) & ~where) | (with & where));
  };
  mix(bytes[first / 8], mask << shift & 0xffu, (value & mask) << shift);
  if (shift + width > 8) mix(bytes[first / 8 + 1], mask >> (8 - shift), (value & mask) >> (8 - shift));
}

}  // namespace pare
