// A compressed byte range of a file as a forward stream, in memory that does not depend on its length (RFC 1950-1952).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "formats/file.h"
#include "graph/result.h"

namespace pare {

// A deflate stream expands at most this many times (one bit per match of 258 bytes, two bits' worth of overhead).
inline constexpr uint64_t kMaxInflation = 1032;

class InflateStream {
 public:
  enum class Form { deflate, gzip };  // raw (zip) or with gzip headers, members concatenated
  struct Range {
    uint64_t offset = 0;
    uint64_t length = 0;
    std::optional<uint32_t> crc;  // of the inflated bytes, checked where the stream ends; gzip brings its own
  };

  // `what` names the stream in messages ("a.npz, array 'x'").
  InflateStream(std::shared_ptr<const InputFile> file, Form form, Range range, std::string what);
  ~InflateStream();
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;

  uint64_t position() const { return position_; }  // inflated bytes delivered
  // Fills `out`; fails (input) when the stream is damaged or ends before.
  Result<void> read(std::span<std::byte> out);
  Result<void> skip(uint64_t bytes);
  // Reads to the end and fails unless exactly `size` bytes have come and the checksum holds.
  Result<void> finish(uint64_t size);
  // Back to the first byte.
  Result<void> rewind();

 private:
  struct State;
  Result<size_t> some(std::span<std::byte> out);  // 0 only at the end

  std::shared_ptr<const InputFile> file_;
  Form form_;
  Range range_;
  std::string what_;
  uint64_t position_ = 0;
  std::unique_ptr<State> state_;
};

// Fails (input) unless the gzip file inflates to `expected` bytes. Trusts the size in the trailer when it agrees
// (damage then shows on reading), and inflates the file to count otherwise.
Result<void> check_gzip_size(const std::shared_ptr<const InputFile>& file, uint64_t expected);

}  // namespace pare
