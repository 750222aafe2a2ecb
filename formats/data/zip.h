// Zip archives as .npz files use them (APPNOTE 6.3: stored and deflated members, zip64; no encryption, no spanning).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "formats/file.h"
#include "graph/result.h"

namespace pare {

struct ZipEntry {
  std::string name;
  bool deflated = false;
  bool readable = true;      // neither encrypted nor compressed by another method
  uint64_t data_offset = 0;  // of the member's (compressed) bytes in the file
  uint64_t stored_size = 0;
  uint64_t size = 0;  // after inflation
  uint32_t crc = 0;
};

// The members, in the order of the central directory. Every offset and size is checked against the file, and `size`
// against what the stored bytes can inflate to. Fails (input) on anything inconsistent.
Result<std::vector<ZipEntry>> read_zip_directory(const InputFile& file);

// Writes an archive member by member. Times are fixed (1980-01-01), so that equal content gives equal bytes.
class ZipWriter {
 public:
  static Result<ZipWriter> create(const std::string& path);
  // The member's bytes are `head` followed by `body`. Stored members begin so that `body` is 64-byte aligned in the
  // file (and can be mapped).
  Result<void> add(const std::string& name, std::span<const std::byte> head, std::span<const std::byte> body,
                   bool deflate);
  Result<void> commit();

 private:
  explicit ZipWriter(AtomicFile file) : file_(std::move(file)) {}

  struct Written {
    ZipEntry entry;
    uint64_t header_offset;
  };
  AtomicFile file_;
  std::vector<Written> written_;
};

}  // namespace pare
