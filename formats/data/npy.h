// NumPy's array files (numpy.lib.format, versions 1 to 3).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "graph/result.h"
#include "graph/tensor.h"

namespace pare {

// What stands before the elements of a .npy file.
struct NpyHeader {
  DType dtype = DType::undefined;
  Dims dims;
  bool big_endian = false;
  bool fortran_order = false;
  uint64_t data_offset = 0;  // from the first byte of the magic
  uint64_t data_bytes = 0;

  // The elements lie as a tensor wants them: row-major, in the machine's byte order.
  bool plain() const { return !big_endian && !fortran_order; }
};

// Reads `count` bytes at a position counted from the magic.
using ByteReader = std::function<Result<void>(uint64_t offset, std::span<std::byte> out)>;

// Reads the header through `read`; `available` bounds every size in it. Element types f2 f4 f8 i1..i8 u1..u8 b1 are
// read, others (text, objects, records, complex) fail with `unsupported`; damage fails with `input`. `where` starts
// each message.
Result<NpyHeader> read_npy_header(const ByteReader& read, uint64_t available, const std::string& where);
// A C-order little-endian version 1 file of a tensor: the header (magic included), a multiple of 64 bytes, and the
// elements, which are the tensor's own bytes but for text. Fails (unsupported) for types NumPy does not have.
struct NpyArray {
  std::string header;
  std::vector<char32_t> text;
  std::span<const std::byte> elements(const Tensor& tensor) const {
    return tensor.dtype() == DType::string ? std::as_bytes(std::span(text)) : tensor.bytes();
  }
};
Result<NpyArray> npy_array(const Tensor& tensor);

// Elements as they lie in the file to row-major in machine order. `raw` holds header.data_bytes.
Result<Tensor> npy_tensor(const NpyHeader& header, std::shared_ptr<Buffer> raw);

// Mapped where the array is plain, else converted.
Result<Tensor> read_npy(const std::string& path);
Result<void> write_npy(const std::string& path, const Tensor& tensor);

// Reverses the bytes of each element of `width` bytes.
void swap_bytes(std::span<std::byte> bytes, size_t width);

}  // namespace pare
