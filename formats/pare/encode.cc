#include "formats/pare/encode.h"

#include <zstd.h>

#include <algorithm>
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

size_t element_width(const Tensor& tensor) {
  return tensor.dtype() == DType::string ? 1 : static_cast<size_t>(std::max(1, bits(tensor.dtype()) / 8));
}

// A skippable frame (RFC 8878, 3.1.2) that makes `size` stored bytes as many as may inflate to `raw`; empty when they
// are.
std::string padding_for(uint64_t raw, uint64_t size, uint64_t max_expansion) {
  if (raw <= size * max_expansion + file_layout::kExpansionAllowance) return {};
  const auto wanted = static_cast<size_t>((raw - file_layout::kExpansionAllowance) / max_expansion + 1 - size);
  const auto content = static_cast<uint32_t>(wanted > kSkippableHeader ? wanted - kSkippableHeader : 0);
  const uint32_t header[2] = {ZSTD_MAGIC_SKIPPABLE_START, content};
  return std::string(reinterpret_cast<const char*>(header), sizeof header) + std::string(content, '\0');
}

// One zstd frame of bytes that come in pieces.
class FrameWriter {
 public:
  FrameWriter(uint64_t raw_bytes, const PutBytes& put) : context_(ZSTD_createCCtx()), put_(put), raw_bytes_(raw_bytes) {
    const int level = raw_bytes > kLarge ? kLargeLevel : kHighLevel;
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setPledgedSrcSize(context_, raw_bytes);
  }
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;
  ~FrameWriter() { ZSTD_freeCCtx(context_); }

  Result<void> add(std::span<const std::byte> bytes) { return advance(bytes, ZSTD_e_continue); }
  Result<void> finish() {
    PARE_TRY(advance({}, ZSTD_e_end));
    const std::string padding = padding_for(raw_bytes_, size_, file_layout::kMaxTensorExpansion);
    return padding.empty() ? Result<void>() : put_(std::as_bytes(std::span(padding)));
  }

 private:
  Result<void> advance(std::span<const std::byte> bytes, ZSTD_EndDirective end) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (;;) {
      ZSTD_outBuffer out{scratch_.data(), scratch_.size(), 0};
      const size_t left = ZSTD_compressStream2(context_, &out, &in, end);
      if (ZSTD_isError(left)) return Failure{ErrorCode::internal, std::string("zstd: ") + ZSTD_getErrorName(left)};
      size_ += out.pos;
      if (out.pos > 0) PARE_TRY(put_(std::as_bytes(std::span(scratch_.data(), out.pos))));
      if (end == ZSTD_e_end ? left == 0 : in.pos == in.size) return {};
    }
  }

  ZSTD_CCtx* context_;
  const PutBytes& put_;
  uint64_t raw_bytes_, size_ = 0;
  std::vector<char> scratch_ = std::vector<char>(ZSTD_CStreamOutSize());
};

// The bytes of one significance of all elements, each minus the element before it when `Delta`.
template <class T, bool Delta>
Result<void> add_plane(const Tensor& tensor, size_t plane, FrameWriter& frame) {
  Result<void> added;
  T previous = 0;
  std::vector<std::byte> bytes;
  tensor.each_window([&](std::span<const std::byte> window) {
    if (!added) return;
    bytes.resize(window.size() / sizeof(T));
    for (size_t i = 0; i < bytes.size(); ++i) {
      T value;
      std::memcpy(&value, window.data() + i * sizeof(T), sizeof(T));
      const T step = Delta ? static_cast<T>(value - previous) : value;
      bytes[i] = static_cast<std::byte>(step >> (8 * plane) & 0xff);
      previous = value;
    }
    added = frame.add(bytes);
  });
  return added;
}

template <class T>
Result<void> add_planes(const Tensor& tensor, bool delta, FrameWriter& frame) {
  for (size_t plane = 0; plane < sizeof(T); ++plane) {
    PARE_TRY((delta ? add_plane<T, true>(tensor, plane, frame) : add_plane<T, false>(tensor, plane, frame)));
  }
  return {};
}

Result<void> add_elements(const Tensor& tensor, Encoding encoding, FrameWriter& frame) {
  const size_t width = element_width(tensor);
  const bool delta = encoding == Encoding::zstd_delta;
  if (encoding == Encoding::zstd) {
    Result<void> added;
    tensor.each_window([&](std::span<const std::byte> window) {
      if (added) added = frame.add(window);
    });
    return added;
  }
  if (width == 1) return add_planes<uint8_t>(tensor, delta, frame);
  if (width == 2) return add_planes<uint16_t>(tensor, delta, frame);
  if (width == 4) return add_planes<uint32_t>(tensor, delta, frame);
  return add_planes<uint64_t>(tensor, delta, frame);
}

}  // namespace

std::string compress(std::span<const std::byte> raw, int level, uint64_t max_expansion) {
  std::string out(ZSTD_compressBound(raw.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), level);
  assert(!ZSTD_isError(size));
  out.resize(size);
  return out + padding_for(raw.size(), out.size(), max_expansion);
}

Encoding choose_encoding(const Tensor& tensor) {
  const std::span<const std::byte> raw = tensor.bytes();
  const size_t width = element_width(tensor);
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
  return best;
}

Result<void> encode(const Tensor& tensor, Encoding encoding, const PutBytes& put) {
  assert(encoding != Encoding::plain);
  FrameWriter frame(tensor.byte_size(), put);
  PARE_TRY(add_elements(tensor, encoding, frame));
  return frame.finish();
}

}  // namespace pare
