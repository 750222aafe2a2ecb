// Tensor bytes to their smallest stored form.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "formats/pare/layout.h"
#include "graph/tensor.h"

namespace pare {

// The smallest of the encodings by measuring; plain where none saves 1 part in 64. Compared at a fast zstd level on at
// most a megabyte from the middle.
file_layout::Encoding choose_encoding(const Tensor& tensor);

// The stored bytes of an encoding that is not plain, piece by piece: memory does not grow with the tensor. Stops at the
// first failure of `put`.
using PutBytes = std::function<Result<void>(std::span<const std::byte>)>;
Result<void> encode(const Tensor& tensor, file_layout::Encoding encoding, const PutBytes& put);

// One zstd frame, padded with a skippable frame (RFC 8878, 3.1.2) where it would inflate beyond `max_expansion`.
std::string compress(std::span<const std::byte> raw, int level, uint64_t max_expansion);

}  // namespace pare
