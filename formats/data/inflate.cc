#include "formats/data/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <vector>

namespace pare {
namespace {
constexpr size_t kChunk = 1u << 16;
constexpr int kRawWindow = -15;
constexpr int kGzipWindow = 15 + 16;
}  // namespace

struct InflateStream::State {
  z_stream z{};
  bool open = false;
  bool ended = false;
  uint64_t consumed = 0;  // compressed bytes handed to zlib
  uint32_t crc = 0;
  std::vector<std::byte> input;
};

InflateStream::InflateStream(std::shared_ptr<const InputFile> file, Form form, Range range, std::string what)
    : file_(std::move(file)), form_(form), range_(range), what_(std::move(what)), state_(std::make_unique<State>()) {}

InflateStream::~InflateStream() {
  if (state_->open) inflateEnd(&state_->z);
}

Result<void> InflateStream::rewind() {
  State& s = *state_;
  if (s.open) inflateEnd(&s.z);
  s.z = {};
  s.open = inflateInit2(&s.z, form_ == Form::gzip ? kGzipWindow : kRawWindow) == Z_OK;
  if (!s.open) return Failure{ErrorCode::internal, what_ + ": zlib could not start"};
  s.ended = false;
  s.consumed = 0;
  s.crc = 0;
  position_ = 0;
  return {};
}

Result<size_t> InflateStream::some(std::span<std::byte> out) {
  State& s = *state_;
  if (!s.open) PARE_TRY(rewind());
  const size_t wanted = std::min<size_t>(out.size(), 1u << 30);
  s.z.next_out = reinterpret_cast<Bytef*>(out.data());
  s.z.avail_out = static_cast<uInt>(wanted);
  while (s.z.avail_out == wanted && wanted > 0 && !s.ended) {
    if (s.z.avail_in == 0 && s.consumed < range_.length) {
      s.input.resize(static_cast<size_t>(std::min<uint64_t>(kChunk, range_.length - s.consumed)));
      PARE_TRY(file_->read_at(range_.offset + s.consumed, s.input));
      s.consumed += s.input.size();
      s.z.next_in = reinterpret_cast<Bytef*>(s.input.data());
      s.z.avail_in = static_cast<uInt>(s.input.size());
    }
    const bool starved = s.z.avail_in == 0;
    const int status = inflate(&s.z, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      const bool more = s.z.avail_in > 0 || s.consumed < range_.length;
      if (form_ == Form::gzip && more) {
        if (inflateReset(&s.z) != Z_OK) return Failure{ErrorCode::internal, what_ + ": zlib could not restart"};
      } else {
        s.ended = true;
      }
    } else if (status == Z_BUF_ERROR || (status == Z_OK && starved && s.z.avail_out == wanted)) {
      return input_error(what_ + ": the compressed data end after " + std::to_string(position_) +
                         " bytes; the file is truncated");
    } else if (status != Z_OK) {
      return input_error(what_ + ": the compressed data are damaged after " + std::to_string(position_) + " bytes (" +
                         (s.z.msg ? s.z.msg : "zlib error") + ")");
    }
  }
  const size_t got = wanted - s.z.avail_out;
  if (range_.crc && got > 0) {
    s.crc = static_cast<uint32_t>(crc32_z(s.crc, reinterpret_cast<const Bytef*>(out.data()), got));
  }
  position_ += got;
  return got;
}

Result<void> InflateStream::read(std::span<std::byte> out) {
  while (!out.empty()) {
    PARE_ASSIGN(const size_t got, some(out));
    if (got == 0) {
      return input_error(what_ + ": ends after " + std::to_string(position_) + " bytes where " +
                         std::to_string(out.size()) + " more were expected");
    }
    out = out.subspan(got);
  }
  return {};
}

Result<void> InflateStream::skip(uint64_t bytes) {
  std::vector<std::byte> scratch(static_cast<size_t>(std::min<uint64_t>(bytes, kChunk)));
  while (bytes > 0) {
    const auto part = std::span(scratch).first(static_cast<size_t>(std::min<uint64_t>(bytes, scratch.size())));
    PARE_TRY(read(part));
    bytes -= part.size();
  }
  return {};
}

Result<void> InflateStream::finish(uint64_t size) {
  std::vector<std::byte> scratch(kChunk);
  while (position_ <= size) {
    PARE_ASSIGN(const size_t got, some(scratch));
    if (got == 0) break;
  }
  if (position_ != size) {
    return input_error(what_ + ": inflates to " + (position_ > size ? "more than " : "") +
                       std::to_string(std::min(position_, size)) + " bytes where " + std::to_string(size) +
                       " were declared");
  }
  if (range_.crc && state_->crc != *range_.crc)
    return input_error(what_ + ": the checksum does not match; the file is damaged");
  return {};
}

Result<void> check_gzip_size(const std::shared_ptr<const InputFile>& file, uint64_t expected) {
  constexpr uint64_t kSmallest = 18;  // header and trailer
  const std::string declared = std::to_string(expected) + " bytes its header declares";
  if (file->size() < kSmallest || expected / kMaxInflation > file->size()) {
    return input_error(file->path() + ": its " + std::to_string(file->size()) + " compressed bytes cannot hold the " +
                       declared + "; the file is damaged or truncated");
  }
  unsigned char trailer[4];
  PARE_TRY(file->read_at(file->size() - 4, std::as_writable_bytes(std::span(trailer))));
  const uint32_t low = trailer[0] | trailer[1] << 8 | trailer[2] << 16 | static_cast<uint32_t>(trailer[3]) << 24;
  if (low == static_cast<uint32_t>(expected)) return {};
  InflateStream stream(file, InflateStream::Form::gzip, {0, file->size(), std::nullopt}, file->path());
  return stream.finish(expected);
}

}  // namespace pare
