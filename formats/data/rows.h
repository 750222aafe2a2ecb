// The rows (index of axis 0) of an array that stays in its file.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "formats/data/inflate.h"
#include "formats/data/npz.h"
#include "graph/result.h"
#include "graph/tensor.h"

namespace pare {

// Reads may run in parallel.
class RowSource {
 public:
  RowSource(DType dtype, Dims dims);  // dims.size() >= 1, bytes representable
  virtual ~RowSource() = default;

  DType dtype() const { return dtype_; }
  const Dims& dims() const { return dims_; }
  int64_t rows() const { return dims_[0]; }
  size_t row_bytes() const { return row_bytes_; }

  // Fills `out` (rows.size() * row_bytes()) with the rows in the order given; each in 0..rows()-1 (asserted).
  Result<void> read(std::span<const int64_t> rows, std::span<std::byte> out) const;

 protected:
  virtual Result<void> fetch(std::span<const int64_t> rows, std::byte* out) const = 0;

 private:
  DType dtype_;
  Dims dims_;
  size_t row_bytes_;
};

// Where the elements lie. `offset` counts inflated bytes where the range is compressed.
struct RowLayout {
  DType dtype = DType::undefined;
  Dims dims;
  bool big_endian = false;
  uint64_t offset = 0;
};

// Uncompressed: reads each batch from the file, holding nothing.
std::unique_ptr<RowSource> file_rows(std::shared_ptr<const InputFile> file, RowLayout layout);
// Compressed: passes from a first row upwards are inflated as they go, holding one window; the first read out of that
// order (training in shuffled order, say) inflates the array once and holds it in its stored type. `size` is the
// inflated length of the whole stream, checked with its checksum when the last row is read.
std::unique_ptr<RowSource> inflated_rows(std::shared_ptr<const InputFile> file, InflateStream::Form form,
                                         InflateStream::Range range, uint64_t size, RowLayout layout, std::string what);
// Held in memory or mapped.
std::unique_ptr<RowSource> tensor_rows(Tensor tensor);

// Fails (input) unless the array has rows whose size is representable and, where there are any, not zero.
Result<void> check_rows(DType dtype, const Dims& dims, const std::string& where);

// An array of an archive, or a .npy file. Fails (input) on a scalar.
Result<std::unique_ptr<RowSource>> npz_rows(const NpzFile& npz, std::string_view name);
Result<std::unique_ptr<RowSource>> npy_rows(const std::string& path);

// All rows as one tensor.
Result<Tensor> read_all(const RowSource& source);

}  // namespace pare
