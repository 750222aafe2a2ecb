#include "formats/pare/encode.h"

#include <zstd.h>

#include <cassert>
#include <cstring>
#include <vector>

namespace pare {
namespace {

using file_layout::Encoding;

constexpr int kProbeLevel = 3;
constexpr int kHighLevel = 19, kLargeLevel = 9;
constexpr size_t kLarge = 8u << 20;  // above, the high level takes seconds and gains little on weights
constexpr size_t kProbeBytes = 1u << 20;
constexpr size_t kSkippableHeader = 8;

std::string shuffle(std::span<const std::byte> in, size_t width) {
  std::string out(in.size(), '\0');
  const size_t count = in.size() / width;
  for (size_t plane = 0; plane < width; ++plane) {
    for (size_t i = 0; i < count; ++i) out[plane * count + i] = static_cast<char>(in[i * width + plane]);
  }
  return out;
}

template <class T>
std::string delta(std::span<const std::byte> in) {
  std::string out(in.size(), '\0');
  T previous = 0;
  for (size_t at = 0; at + sizeof(T) <= in.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, in.data() + at, sizeof(T));
    const T step = static_cast<T>(value - previous);
    std::memcpy(out.data() + at, &step, sizeof(T));
    previous = value;
  }
  return out;
}

std::string delta(std::span<const std::byte> in, size_t width) {
  if (width == 1) return delta<uint8_t>(in);
  if (width == 2) return delta<uint16_t>(in);
  if (width == 4) return delta<uint32_t>(in);
  return delta<uint64_t>(in);
}

std::string transform(std::span<const std::byte> raw, Encoding encoding, size_t width) {
  if (encoding == Encoding::zstd_delta) {
    const std::string steps = delta(raw, width);
    return shuffle(std::as_bytes(std::span(steps)), width);
  }
  if (encoding == Encoding::zstd_shuffled) return shuffle(raw, width);
  return std::string(reinterpret_cast<const char*>(raw.data()), raw.size());
}

size_t compressed_size(std::string_view bytes) {
  std::vector<char> out(ZSTD_compressBound(bytes.size()));
  return ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kProbeLevel);
}

}  // namespace

std::string compress(std::span<const std::byte> raw, int level, uint64_t max_expansion) {
  std::string out(ZSTD_compressBound(raw.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), level);
  assert(!ZSTD_isError(size));
  out.resize(size);
  const uint64_t allowed = out.size() * max_expansion + file_layout::kExpansionAllowance;
  if (raw.size() > allowed) {
    const size_t wanted =
        static_cast<size_t>((raw.size() - file_layout::kExpansionAllowance) / max_expansion) + 1 - out.size();
    const uint32_t content = static_cast<uint32_t>(wanted > kSkippableHeader ? wanted - kSkippableHeader : 0);
    const uint32_t header[2] = {ZSTD_MAGIC_SKIPPABLE_START, content};
    out.append(reinterpret_cast<const char*>(header), sizeof header);
    out.append(content, '\0');
  }
  return out;
}

Encoded encode_smallest(const Tensor& tensor) {
  const std::span<const std::byte> raw = tensor.bytes();
  const size_t width = tensor.dtype() == DType::string ? 1 : std::max(1, bits(tensor.dtype()) / 8);
  std::vector<Encoding> candidates = {Encoding::zstd};
  const bool wide = width == 2 || width == 4 || width == 8;
  if (wide) candidates.push_back(Encoding::zstd_shuffled);
  if (is_integer(tensor.dtype()) && (wide || bits(tensor.dtype()) == 8)) candidates.push_back(Encoding::zstd_delta);
  const size_t probe_bytes = std::min(raw.size(), kProbeBytes / width * width);
  const size_t probe_at = (raw.size() - probe_bytes) / 2 / width * width;
  const auto probe = raw.subspan(probe_at, probe_bytes);
  Encoding best = Encoding::plain;
  size_t best_size = probe.size() - probe.size() / 64;
  for (const Encoding candidate : candidates) {
    const size_t size = compressed_size(transform(probe, candidate, width));
    if (size < best_size) {
      best_size = size;
      best = candidate;
    }
  }
  if (best == Encoding::plain) return {};
  const std::string transformed = transform(raw, best, width);
  Encoded encoded{best, compress(std::as_bytes(std::span(transformed)), raw.size() > kLarge ? kLargeLevel : kHighLevel,
                                 file_layout::kMaxTensorExpansion)};
  if (encoded.bytes.size() >= raw.size() - raw.size() / 64) return {};
  return encoded;
}

}  // namespace pare
