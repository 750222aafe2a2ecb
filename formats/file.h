// Files in and out: read-only mappings, positioned reads, and writing beside the target with an atomic rename.
// Every message starts with the path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "graph/result.h"
#include "graph/tensor.h"

namespace pare {

// Maps a regular file read-only; the returned buffer keeps the mapping alive. Fails (input) when the file is missing,
// a folder, not a regular file, unreadable or empty.
Result<std::shared_ptr<Buffer>> map_file(const std::string& path);

// Reads a small text file whole; fails (input) beyond `limit` bytes. An empty file is an empty string.
Result<std::string> read_text_file(const std::string& path, size_t limit = 16u << 20);

// Fails (input) when `bytes` exceed the machine's physical memory. `what` names the thing that needs them.
Result<void> check_memory(const std::string& what, uint64_t bytes);

// An open regular file that is read by position; reads may run in parallel. Holds no mapping, so the memory it takes
// does not grow with what was read.
class InputFile {
 public:
  // Fails as map_file does; an empty file opens.
  static Result<std::shared_ptr<const InputFile>> open(const std::string& path);
  // Opens `name` below `folder`, component by component: a name that is absolute, has ".." in it or leads
  // through a link at any place fails (input), and nothing can be exchanged between the check and the opening.
  static Result<std::shared_ptr<const InputFile>> open_below(const std::string& folder, const std::string& name);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  // Fills `out` from `offset`; fails (input) when the file ends before.
  Result<void> read_at(uint64_t offset, std::span<std::byte> out) const;
  // Maps `length` bytes at `offset` (any alignment) read-only; fails (input) beyond the end.
  Result<std::shared_ptr<Buffer>> map(uint64_t offset, size_t length) const;

 private:
  InputFile(std::string path, int descriptor, uint64_t size)
      : path_(std::move(path)), descriptor_(descriptor), size_(size) {}

  std::string path_;
  int descriptor_;
  uint64_t size_;
};

// A file being written under a temporary name in the folder of its target. commit() flushes it to the disk and renames
// it over the target; without commit the target is untouched and the temporary is removed. A target that is a link is
// replaced where it points; a target that is no regular file (a pipe, /dev/null) is written directly. Long runs of
// zeros become holes.
class AtomicFile {
 public:
  // Fails (input) when the folder does not exist or cannot be written, or when `path` is a folder.
  static Result<AtomicFile> create(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  Result<void> write(std::span<const std::byte> bytes);
  Result<void> write(std::string_view bytes) { return write(std::as_bytes(std::span(bytes))); }
  // The bytes of a tensor, a mapped one window by window.
  Result<void> write(const Tensor& tensor);
  // Bytes written so far.
  uint64_t position() const { return position_; }
  Result<void> commit();

 private:
  AtomicFile() = default;
  Result<void> flush();
  Result<void> write_all(std::span<const std::byte> bytes);

  std::string path_, target_, temporary_;  // as given; links resolved; empty when written directly
  int descriptor_ = -1;
  uint64_t position_ = 0;
  bool ends_in_hole_ = false;
  std::string pending_;
};

// Writes `bytes` to `path` through an AtomicFile.
Result<void> write_file(const std::string& path, std::span<const std::byte> bytes);

}  // namespace pare
