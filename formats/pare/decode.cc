#include "formats/pare/decode.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "formats/file.h"

namespace pare {
namespace {

using file_layout::Encoding;

constexpr uint64_t kCountFirst = 4u << 20;

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Context = std::unique_ptr<ZSTD_DCtx, FreeContext>;

// Inflates piece by piece into put(std::span<const std::byte>), stopping past `limit`; returns how many bytes came.
template <class Put>
Result<uint64_t> inflate(ZSTD_DCtx* context, std::span<const std::byte> stored, uint64_t limit, Put put) {
  std::vector<std::byte> scratch(ZSTD_DStreamOutSize());
  ZSTD_inBuffer in{stored.data(), stored.size(), 0};
  uint64_t count = 0;
  size_t status = 1;
  while (count <= limit) {
    ZSTD_outBuffer out{scratch.data(), scratch.size(), 0};
    status = ZSTD_decompressStream(context, &out, &in);
    if (ZSTD_isError(status))
      return input_error(std::string("the compressed bytes are damaged (") + ZSTD_getErrorName(status) + ")");
    count += out.pos;
    if (count <= limit) put(std::span<const std::byte>(scratch.data(), out.pos));
    if (in.pos == in.size && out.pos < out.size) break;
  }
  ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
  return count;
}

template <class T>
void undo_delta(std::span<std::byte> bytes) {
  T sum = 0;
  for (size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    T step;
    std::memcpy(&step, bytes.data() + at, sizeof(T));
    sum = static_cast<T>(sum + step);
    std::memcpy(bytes.data() + at, &sum, sizeof(T));
  }
}

void undo_delta(std::span<std::byte> bytes, size_t width) {
  if (width == 1) undo_delta<uint8_t>(bytes);
  if (width == 2) undo_delta<uint16_t>(bytes);
  if (width == 4) undo_delta<uint32_t>(bytes);
  if (width == 8) undo_delta<uint64_t>(bytes);
}

// Places bytes that come significance by significance where their elements are.
class Unshuffle {
 public:
  Unshuffle(std::span<std::byte> out, size_t width) : out_(out), width_(width), count_(out.size() / width) {}
  void operator()(std::span<const std::byte> piece) {
    if (width_ == 1) {
      std::copy(piece.begin(), piece.end(), out_.begin() + static_cast<std::ptrdiff_t>(element_));
      element_ += piece.size();
      return;
    }
    for (const std::byte byte : piece) {
      out_[element_ * width_ + plane_] = byte;
      if (++element_ < count_) continue;
      element_ = 0;
      ++plane_;
    }
  }

 private:
  std::span<std::byte> out_;
  size_t width_, count_, plane_ = 0, element_ = 0;
};

}  // namespace

uint32_t crc32_of(std::span<const std::byte> bytes, uint32_t before) {
  if (bytes.empty()) return before;
  return static_cast<uint32_t>(crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

Result<std::shared_ptr<Buffer>> decode(Encoding encoding, std::span<const std::byte> stored, uint64_t raw_bytes,
                                       size_t width, uint64_t max_expansion) {
  const std::string declared = std::to_string(raw_bytes) + " bytes from " + std::to_string(stored.size());
  if (raw_bytes > stored.size() * max_expansion + file_layout::kExpansionAllowance) {
    return input_error("declares " + declared + ", more than the format allows");
  }
  const unsigned long long content = ZSTD_getFrameContentSize(stored.data(), stored.size());
  if (content != raw_bytes) return input_error("declares " + declared + ", which its compressed frame contradicts");
  if (raw_bytes % width != 0) return input_error("declares " + declared + ", which is no whole number of elements");
  PARE_TRY(check_memory("the tensor", raw_bytes));
  const Context context(ZSTD_createDCtx());
  if (!context) return Failure{ErrorCode::internal, "zstd could not start"};
  const Failure wrong_size = input_error("declares " + declared + ", but inflates to another size");
  if (raw_bytes > kCountFirst && raw_bytes / 4 > stored.size()) {
    PARE_ASSIGN(const uint64_t count, inflate(context.get(), stored, raw_bytes, [](auto) {}));
    if (count != raw_bytes) return wrong_size;
  }
  auto buffer = Buffer::allocate(static_cast<size_t>(raw_bytes));
  const std::span<std::byte> out(buffer->mutable_data(), static_cast<size_t>(raw_bytes));
  PARE_ASSIGN(const uint64_t got,
              inflate(context.get(), stored, raw_bytes, Unshuffle(out, encoding == Encoding::zstd ? 1 : width)));
  if (got != raw_bytes) return wrong_size;
  if (encoding == Encoding::zstd_delta) undo_delta(out, width);
  return buffer;
}

}  // namespace pare
