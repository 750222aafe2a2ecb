// NumPy's .npz archives: named arrays in a zip.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/data/npy.h"
#include "formats/data/zip.h"
#include "graph/result.h"
#include "graph/tensor.h"

namespace pare {

// An open archive; arrays are read one by one, when asked.
class NpzFile {
 public:
  // Fails (input) when the archive is damaged or holds two arrays of one name.
  static Result<NpzFile> open(const std::string& path);

  const std::string& path() const { return file_->path(); }
  const std::shared_ptr<const InputFile>& file() const { return file_; }
  // Without ".npy", in the archive's order; members that are no arrays are left out.
  std::vector<std::string> names() const;
  const ZipEntry* find(std::string_view name) const;

  // Type and dims of an array, without its elements.
  Result<NpyHeader> header(std::string_view name) const;
  // Mapped where the member is stored and plain, else held in memory. Arrays above 64 MB are inflated once only to
  // count, before memory is taken for them.
  Result<Tensor> read(std::string_view name) const;

 private:
  explicit NpzFile(std::shared_ptr<const InputFile> file) : file_(std::move(file)) {}
  std::string where(std::string_view name) const;
  Result<const ZipEntry*> entry(std::string_view name) const;

  std::shared_ptr<const InputFile> file_;
  std::vector<ZipEntry> entries_;  // arrays only
};

// Every array. What cannot be read as a tensor (text, objects) is left out, with a sentence in `ignored` if given.
Result<std::vector<NamedTensor>> read_npz(const std::string& path, std::vector<std::string>* ignored = nullptr);

// Fails (usage) on two arrays of one name and (unsupported) on types NumPy does not have.
Result<void> write_npz(const std::string& path, const std::vector<NamedTensor>& arrays, bool deflate = false);

}  // namespace pare
