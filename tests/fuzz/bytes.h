// Bytes of a fuzzer as a source of choices; zeros when they are used up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pare::fuzz {

class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool empty() const { return at_ >= bytes_.size(); }
  uint8_t next() { return empty() ? uint8_t{0} : std::to_integer<uint8_t>(bytes_[at_++]); }
  // 0 .. limit - 1; 0 for a limit of 0.
  size_t pick(size_t limit) {
    if (limit < 2) return 0;
    size_t value = next();
    if (limit > 256) value = value << 8 | next();
    return value % limit;
  }
  // True in one of `n` cases.
  bool one_in(size_t n) { return pick(n) == n - 1; }
  template <class List>
  auto of(const List& list) {
    return *(std::begin(list) + pick(std::size(list)));
  }

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
};

}  // namespace pare::fuzz
